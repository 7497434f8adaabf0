"""What must hold for the checkout as a whole."""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import packaging
from services.status import PROGRAM_VERSION

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("domain", "acquisition", "processing", "storage", "services", "ui")


def sources() -> Iterator[Path]:
    yield from (ROOT / "main.py", ROOT / "commands.py")
    for room in ROOMS:
        yield from (ROOT / room).rglob("*.py")


def test_the_packaging_folder_never_hides_the_library_of_that_name() -> None:
    assert not (ROOT / "packaging" / "__init__.py").exists()
    assert packaging.__file__ is not None


def test_the_lock_pins_hashes_and_names_no_index() -> None:
    lock = (ROOT / "packaging" / "requirements.lock").read_text(encoding="utf-8")
    assert "://" not in lock
    pins = [line for line in lock.splitlines() if line and not line.startswith((" ", "#"))]
    assert len(pins) > 30
    assert all("==" in pin and pin.rstrip().endswith("\\") for pin in pins)


def test_there_is_one_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == PROGRAM_VERSION
    assert f"## {PROGRAM_VERSION}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("room", ROOMS)
def test_no_slot_is_a_lambda_and_nothing_is_unfinished(room: str) -> None:
    for path in (ROOT / room).rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert "connect(lambda" not in text, path
        assert "processEvents" not in text, path
        assert "blockSignals" not in text, path
        assert not [word for word in ("TODO", "FIXME", "raise NotImplementedError") if word in text], path


def test_models_and_files_are_never_read_by_executing_them() -> None:
    """S-25: no pickle, no eval."""
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = (
                [alias.name for alias in getattr(node, "names", ())] if isinstance(node, ast.Import) else []
            )
            assert not {"pickle", "joblib", "shelve", "dill"} & set(names), path
            called = node.func if isinstance(node, ast.Call) else None
            assert not (isinstance(called, ast.Name) and called.id in ("eval", "exec")), path


def test_every_help_page_named_by_a_screen_exists() -> None:
    pages = {path.stem for path in (ROOT / "resources" / "help").glob("*.md")}
    for path in (ROOT / "ui" / "screens").rglob("screen.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "help_page":
                assert isinstance(node.value, ast.Constant)
                assert node.value.value in pages, path
