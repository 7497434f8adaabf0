"""The settings file and the set-up file."""

from dataclasses import replace
from pathlib import Path

import pytest

from domain.condition.alarms import AlarmRule
from domain.plant.keeping import KeepingDays
from domain.plant.plant import Plant
from domain.roles import Actor
from storage.settings_file import StartSettings, read_settings, write_settings
from storage.setup_file import SetUp, export_set_up, read_set_up
from storage.store import Store


def test_settings_come_back_as_written(tmp_path: Path) -> None:
    given = StartSettings(tmp_path / 'with "quotes" and \\', "postgresql://jidoka@server/plant", "DEBUG")
    write_settings(tmp_path / "jidoka.toml", given)
    assert read_settings(tmp_path / "jidoka.toml").settings == given
    assert read_settings(tmp_path / "absent.toml").settings == StartSettings()


@pytest.mark.parametrize(
    ("content", "complaints"),
    [
        (b"", 1),
        (b"\x00" * 64, 1),
        (b"log_level = ", 1),
        (b"\xff\xfe\x00", 1),
        (b"version = 99", 1),
        (b'log_level = "LOUD"\ncolour = 1\ndata_folder = 5\ndatabase = "postgresql://a:secret@h/x"', 4),
    ],
)
def test_a_bad_settings_file_gives_defaults_and_every_complaint(
    tmp_path: Path, content: bytes, complaints: int
) -> None:
    """F80: empty, cut, foreign or from the future: the program starts, the file stays."""
    path = tmp_path / "jidoka.toml"
    path.write_bytes(content)
    reading = read_settings(path)
    assert reading.settings == StartSettings()
    assert len(reading.complaints) == complaints
    assert path.read_bytes() == content


def test_a_set_up_round_trips_through_text_and_database(
    furnished: Store, small_plant: Plant, hot_rule: AlarmRule, engineer: Actor
) -> None:
    text = export_set_up(SetUp(furnished.plant.load(), furnished.alarm_rules.all()))
    reading = read_set_up(text)
    assert reading.complaints == ()
    assert reading.set_up is not None
    assert export_set_up(reading.set_up) == text
    with furnished.unit_of_work(engineer) as work:
        work.plant.import_plant(reading.set_up.plant)
    again = SetUp(furnished.plant.load(), furnished.alarm_rules.all())
    assert export_set_up(again) == text
    assert export_set_up(SetUp(small_plant, (hot_rule,))) == text


def test_a_set_up_text_holds_no_secret(furnished: Store, engineer: Actor) -> None:
    """F75: what is called a password stays in the database."""
    plc = furnished.plant.load().connections[0]
    with furnished.unit_of_work(engineer) as work:
        work.plant.set_connection_options(
            plc.id, {"host": "h", "password": "hunter2", "a": {"api_token": "t0k"}}
        )
    text = export_set_up(SetUp(furnished.plant.load()))
    assert "hunter2" not in text
    assert "t0k" not in text
    told = str(furnished.audit.entries(start_us=0, end_us=2**62, limit=10_000))
    assert "hunter2" not in told
    assert "t0k" not in told


@pytest.mark.parametrize("name", ["password_variable", "user_key_password_variable"])
def test_a_set_up_text_says_which_environment_variable_holds_a_secret(
    furnished: Store, engineer: Actor, name: str
) -> None:
    """NEW-30, F75: without its name the link comes back unable to log in, and nobody is told."""
    plc = replace(furnished.plant.load().connections[0], options={"url": "opc.tcp://plc:4840", name: "PLC_1"})
    with furnished.unit_of_work(engineer) as work:
        plc = work.plant.save_connection(plc)
    read = read_set_up(export_set_up(SetUp(furnished.plant.load()))).set_up
    assert read is not None
    assert read.plant.connections[0].options == plc.options
    (entry,) = furnished.audit.of([plc.id], action="change")
    assert entry.detail["row"]["options"] == plc.options


def test_a_set_up_text_says_how_long_the_plant_keeps_what(furnished: Store, engineer: Actor) -> None:
    """NEW-30: and refuses days that cannot be, before anything is imported."""
    days = KeepingDays(raw=30, hours=None, waveforms=20)
    with furnished.unit_of_work(engineer) as work:
        work.plant.save_keeping_days(days)
    text = export_set_up(SetUp(furnished.plant.load()))
    read = read_set_up(text).set_up
    assert read is not None
    assert read.plant.keeping == days
    for wrong, key in (("0", "set_up_not_above"), ("900", "set_up_days"), ('"x"', "set_up_not_number")):
        (complaint,) = read_set_up(text.replace('"raw": 30', f'"raw": {wrong}')).complaints
        assert complaint.key == key
