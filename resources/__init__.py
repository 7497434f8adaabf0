"""Files that ship with the program: icons, help pages, style sheet."""

from importlib.resources import files


def read_text(*parts: str) -> str:
    """Return a text file of this package; FileNotFoundError when it is not shipped."""
    return files(__name__).joinpath(*parts).read_text(encoding="utf-8")


def read_bytes(*parts: str) -> bytes:
    """Return a file of this package as bytes; FileNotFoundError when it is not shipped."""
    return files(__name__).joinpath(*parts).read_bytes()
