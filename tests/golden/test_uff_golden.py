"""Universal files 58 and 58b made by an independent program.

Source: pyuff 2.5.8 (MIT), made once outside this repository: 20 samples at 1 kHz of a 50 Hz sine of 1 g in
m/s^2, node 12, direction +Z, 05-Mar-24 14:30:15. Tolerance: the 12 digits that the ASCII form carries.
"""

import base64
import zlib
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from acquisition.recordings.uff import read_uff
from domain.errors import ConfigurationError
from domain.instants import iso_utc

ASCII = zlib.decompress(
    base64.b64decode(
        "eNrNVMtqwzAQvOsr9l6krrR65tZDj03+oBASHQJNDG7o91c2smPHm1Nc6B4WaTTMjBYkAACpRengIqxW4txcmxaO7eknQ74cnxeE"
        "lUugkx/7VhoL2m4IN9r9t4R/IqjHLY4Npqvtbvs+YNqURsxBz8ZbQjsszE2wOKHCrvILFljXjUSanQgmUW0zS+By3M+qTzzTeDsc"
        "8ldu99dTcxn559fvT/Nw3ivkeFKjjgcn4wNSSGiNdhhiqphTwVtTUGtpwIJKRMH6kdcJJkXG+xApOkeVmFREX2hTE47HCnLOXEKt"
        "DGLy0TgyKcvulckFrwhKRlAunAvGJJSLm4gHRE6QM+YS9h/lL+6b1hc="
    )
)
BINARY = zlib.decompress(
    base64.b64decode(
        "eNpTUFBQ0DXkApIKphZJIErBEEwaKcCBoSGCaWYAppFJBUw2V25+SX6RQkpRZlmqQmpeigKlgEuByoDLwFTXN7FI18hEwdDEytjA"
        "ytB0sLmQJgYaokaYAUb8+fn7ucJjG5QIjLFIgFUbIFxoAmMYIQwE2mSgZwACqdoGQGFDKEfXwBhFhguLi6AEipUK2NyBHlZgF6OY"
        "4ZicnJqTWpRYkpmfB1efq18cZ4QzvKngDkrMYICCSYdWL/S143C42L2lr5tP3MG/JYNbY4+8wwTPNclOy5UcWBdPsmKcqwznw+Qv"
        "Q9VPgepfcamar3bRVZt+CP/AFYj8AV+I+gNQ/Qeg5h2YCOV7QeVh6qdD9StAigwAKEvIDg=="
    )
)
SINE = 9.80665 * np.sin(2 * np.pi * 50 * np.arange(20) / 1000)


@pytest.mark.parametrize("content", [ASCII, BINARY], ids=["58", "58b"])
def test_a_time_record_reads_as_it_was_written(content: bytes, tmp_path: Path) -> None:
    """ACQ-1: waveforms of a portable analyser."""
    path = tmp_path / "route.uff"
    path.write_bytes(content)
    (record,) = read_uff(path, zone=ZoneInfo("Europe/Berlin"))
    assert (record.name, record.unit, record.sampling_rate_hz) == ("12+Z", "m/s2", pytest.approx(1000.0))
    assert record.start_us is not None
    assert iso_utc(record.start_us) == "2024-03-05T13:30:15.000Z"
    assert record.samples == pytest.approx(SINE, abs=1e-10)


@pytest.mark.parametrize("content", [ASCII, BINARY], ids=["58", "58b"])
def test_a_file_cut_anywhere_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "cut.uff"
    for cut in range(0, len(content.rstrip()) - 2, 37):
        path.write_bytes(content[:cut])
        with pytest.raises(ConfigurationError, match=r"cut\.uff"):
            read_uff(path)


def test_two_records_in_one_file_are_both_there(tmp_path: Path) -> None:
    path = tmp_path / "two.uff"
    path.write_bytes(ASCII + BINARY + ASCII)
    assert len(read_uff(path)) == 3
