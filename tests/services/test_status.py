"""The status of a collector as others read it: from a file, from a shared board, from older programs."""

import json
from pathlib import Path

from domain.identifiers import new_id
from domain.ports import ConnectionStatus
from services.status import SystemStatus, read_status, status_of_text, write_status

STATUS = SystemStatus(
    written_us=1, uptime_s=2.0, versions={}, tags_good=1, tags_bad=0, samples_received=1, samples_stored=1,
    samples_pending=0, samples_dropped=0, drops={}, waveform_samples_received=0, alarms_active=0,
    alarms_unacknowledged=0, last_commit_age_s=None, rss_mb=1.0,
    connections=(
        ConnectionStatus(
            new_id(), "PLC-9", "refused", None, message_key="option_wrong",
            parameters={"option": "host", "tries": 3, "ports": ["a", "b"]}, detail="option 'host' is missing",
        ),
    ),
)  # fmt: skip


def test_the_reason_of_a_link_survives_file_and_board(tmp_path: Path) -> None:
    """Screens of every workstation make their own words of key and values."""
    write_status(tmp_path / "status.json", STATUS)
    assert read_status(tmp_path / "status.json") == STATUS
    assert status_of_text(STATUS.to_text()) == STATUS


def test_a_status_of_an_older_program_is_read() -> None:
    older = json.loads(STATUS.to_text())
    del older["connections"][0]["parameters"]
    read = status_of_text(json.dumps(older))
    assert read is not None
    (link,) = read.connections
    assert (link.message_key, link.parameters, link.detail) == (
        "option_wrong",
        {},
        "option 'host' is missing",
    )


def test_half_a_status_is_none(tmp_path: Path) -> None:
    assert status_of_text(STATUS.to_text()[:-20]) is None
    assert read_status(tmp_path / "nowhere.json") is None
