"""The settings file: only what is needed to reach the data. Everything else lives in the database, audited.

A file that is absent, empty, damaged or from the future never stops the program: defaults are used, every
complaint is told at once, and the original is kept as it was [F80].
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from domain.errors import StorageError

VERSION = 1
DATABASE_VARIABLE = "JIDOKA_DATABASE"
"""Environment variable that names the database before any file does."""

_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


@dataclass(frozen=True, slots=True)
class StartSettings:
    """How to reach the data. ``data_folder`` None means the place the platform gives; ``database`` None means
    SQLite in that folder, else the URL of a PostgreSQL server without a password.
    """

    data_folder: Path | None = None
    database: str | None = None
    log_level: str = "INFO"


@dataclass(frozen=True, slots=True)
class SettingsReading:
    """The settings to use, and one sentence per complaint about the file."""

    settings: StartSettings
    complaints: tuple[str, ...] = ()


def read_settings(path: Path) -> SettingsReading:
    """Read the file; it is never changed and nothing is raised for its content."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        return SettingsReading(StartSettings())
    except (OSError, UnicodeDecodeError) as error:
        return _defaults(f"{path} cannot be read ({error})")
    if not text.strip("\x00 \t\r\n"):
        return _defaults(f"{path} is empty")
    import tomllib  # a start without a settings file does not wait for it

    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return _defaults(f"{path} is not TOML ({error})")
    version = table.pop("version", VERSION)
    if version != VERSION:
        return _defaults(f"{path} has version {version!r}, this program knows {VERSION}")
    return _checked(path, table)


def write_settings(path: Path, settings: StartSettings) -> None:
    """Write the file whole or not at all."""
    lines = [f"version = {VERSION}", f'log_level = "{settings.log_level}"']
    if settings.data_folder is not None:
        lines.append(f"data_folder = {_quoted(str(settings.data_folder))}")
    if settings.database is not None:
        lines.append(f"database = {_quoted(settings.database)}")
    draft = path.with_name(f"{path.name}.draft")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text("\n".join(lines) + "\n", encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        raise StorageError(f"settings {path} cannot be written ({error})", key="settings_failed") from error


def _checked(path: Path, table: dict[str, object]) -> SettingsReading:
    checks: dict[str, Callable[[object], str]] = {
        "data_folder": lambda value: "" if isinstance(value, str) and value.strip() else "must be a path",
        "database": _database_complaint,
        "log_level": lambda value: "" if value in _LEVELS else f"must be one of {', '.join(_LEVELS)}",
    }
    complaints, good = [], {}
    for key, value in table.items():
        complaint = checks[key](value) if key in checks else "is not a setting; it is ignored"
        if complaint:
            complaints.append(f"{path}: '{key}' {complaint}")
        else:
            good[key] = str(value)
    folder = good.get("data_folder")
    settings = StartSettings(
        data_folder=None if folder is None else Path(folder),
        database=good.get("database"),
        log_level=good.get("log_level", "INFO"),
    )
    return SettingsReading(settings, tuple(complaints))


def _database_complaint(value: object) -> str:
    if not isinstance(value, str) or not value.startswith(("postgresql://", "sqlite")):
        return 'must be "sqlite" or an address that begins with postgresql://'
    credentials = value.partition("://")[2].rpartition("@")[0]
    return "must not hold a password; use the environment" if ":" in credentials else ""


def _defaults(complaint: str) -> SettingsReading:
    return SettingsReading(StartSettings(), (f"{complaint}; defaults are used, the file was left as it is",))


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
