"""Files that are damaged in any way are refused in words, whatever library reads them [F63, F73, S-22]."""

import gzip
import io
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from acquisition.recordings.reading import read_recording
from domain.errors import ConfigurationError

TABLE = b"t,a,b\n2026-01-31T10:00:00Z,1,2\n2026-01-31T10:00:01Z,3,\n"
WAV = struct.pack(
    "<4sI4s4sIHHIIHH4sI", b"RIFF", 40, b"WAVE", b"fmt ", 16, 1, 1, 1000, 2000, 2, 16, b"data", 8
)
UFF = (
    b"    -1\n    58\nid\nNONE\n05-Mar-24 14:30:15\nNONE\nNONE\n"
    b"    1         0    0         0       NONE        12   3       NONE         0   0\n"
    b"         2         3         1  0.00000e+00  1.00000e-03  0.00000e+00\n"
    b"        17    0    0    0 NONE                 s                   \n"
    b"        12    0    0    0 NONE                 g                   \n"
    b"         0    0    0    0 NONE                 NONE                \n"
    b"         0    0    0    0 NONE                 NONE                \n"
    b"  1.00000e+00  2.00000e+00  3.00000e+00\n    -1\n"
)


def _npz() -> bytes:
    held = io.BytesIO()
    np.savez_compressed(held, x=np.arange(20, dtype=np.float32), fs=1000.0)
    return held.getvalue()


FILES = {
    "a.csv": TABLE,
    "a.csv.gz": gzip.compress(TABLE, mtime=0),
    "a.wav": WAV + b"\1\0" * 4,
    "a.npz": _npz(),
    "a.uff": UFF,
}


@pytest.mark.parametrize("name", FILES)
def test_the_whole_file_is_read(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(FILES[name])
    assert read_recording(tmp_path / name).names


@pytest.mark.parametrize("name", FILES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(data=st.data())
def test_damage_of_any_kind_is_refused_or_harmless(name: str, tmp_path: Path, data: st.DataObject) -> None:
    content = bytearray(FILES[name])
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), max_size=4)):
        content[place] = data.draw(st.integers(0, 255))
    path = tmp_path / name
    path.write_bytes(bytes(content[: data.draw(st.integers(0, len(content)))]))
    try:
        read_recording(path)
    except ConfigurationError as told:
        text = str(told)
        assert name in text
