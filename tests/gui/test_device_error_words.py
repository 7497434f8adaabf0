"""Every error of a device that an operator may meet has words, and the words find their values [UI-3]."""

import ast
import string
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

import acquisition
from acquisition.drivers.modbus.validation import EXCEPTION_TEXT
from domain.errors import AcquisitionError
from ui import text

ROOT = Path(acquisition.__file__).parent
OURS = {
    "AcquisitionError",
    "ConfigurationError",
    "ConnectionLost",
    "DeviceRefused",
    "DeviceTimeout",
    "ProtocolError",
}
CERTIFICATE_REFUSALS = (
    "no_trust", "unknown", "distrusted", "expired", "not_yet_valid", "revoked", "uri", "host",
)  # fmt: skip


def errors() -> Iterator[tuple[str, dict[str, ast.expr]]]:
    """Every place in the room that makes an error, with the values it gives; the demo plant left out."""
    for path in sorted(ROOT.rglob("*.py")):
        if "simulators" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in OURS:
                given = {each.arg: each.value for each in node.keywords if each.arg}
                yield f"{path.relative_to(ROOT)}:{node.lineno}", given


def complaint(key: str, names: Iterable[str]) -> str:
    """Return what the words of a key lack when they get values of these names."""
    worded = text.error_words(AcquisitionError("untold", key=key, **dict.fromkeys(names, "x")))
    missing = [name for _, name, _, _ in string.Formatter().parse(worded) if name]
    return "has no words" if worded == "untold" else ", ".join(missing)


def test_every_error_has_a_key_and_gives_the_values_that_its_words_need() -> None:
    wrong: list[str] = []
    for place, given in errors():
        key = given.pop("key", None)
        if key is None:
            wrong.append(f"{place}: no key")
        elif isinstance(key, ast.Constant) and (lack := complaint(key.value, given)):
            wrong.append(f"{place}: {key.value} {lack}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("key", "names"),
    [
        *((f"modbus_exception_{code}", ["unit", "code"]) for code in EXCEPTION_TEXT),
        *(
            (f"mqtt_{what}", ["device", "reason"])
            for what in ("tls_refused", "file_unreadable", "login_refused")
        ),
        *((f"certificate_{reason}", ["fingerprint"]) for reason in CERTIFICATE_REFUSALS),
        ("certificate_own_refused", ["device"]),
        ("device_unreachable", ["device"]),
        ("tls_failed", ["device"]),
    ],
)
def test_keys_that_are_chosen_at_run_time_have_words(key: str, names: list[str]) -> None:
    assert not complaint(key, names)
