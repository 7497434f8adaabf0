"""WAV files: 16, 24 and 32 bit integers and 32 or 64 bit floats, plain or extensible header."""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from domain.errors import ConfigurationError

_INTEGER: Final = 1
_FLOAT: Final = 3
_EXTENSIBLE: Final = 0xFFFE
_FULL_SCALE: Final = {16: 2.0**15, 24: 2.0**23, 32: 2.0**31}


@dataclass(frozen=True)
class Sound:
    """``samples`` is (n, channels) float32, integers scaled to full scale 1."""

    samples: NDArray[np.float32]
    sampling_rate_hz: float


@dataclass(frozen=True, slots=True)
class _Format:
    code: int
    channels: int
    rate_hz: int
    bits: int


def read_wav(path: Path) -> Sound:
    """Return the sound of a RIFF/WAVE file; ConfigurationError names the file and what is wrong."""
    content = path.read_bytes()
    if content[:4] != b"RIFF" or content[8:12] != b"WAVE":
        raise _wrong(path, "is no RIFF/WAVE file")
    form: _Format | None = None
    position = 12
    while position + 8 <= len(content):
        name = content[position : position + 4]
        (size,) = struct.unpack_from("<I", content, position + 4)
        body = content[position + 8 : position + 8 + size]
        if name == b"fmt ":
            form = _format(path, body)
        elif name == b"data" and form is not None:
            return Sound(_samples(path, body, form), float(form.rate_hz))
        position += 8 + size + size % 2
    raise _wrong(path, "holds no format followed by data")


def _format(path: Path, body: bytes) -> _Format:
    if len(body) < 16:
        raise _wrong(path, "has a broken format chunk")
    code, channels, rate_hz, _, _, bits = struct.unpack_from("<HHIIHH", body)
    if code == _EXTENSIBLE and len(body) >= 26:
        (code,) = struct.unpack_from("<H", body, 24)
    known = (code == _INTEGER and bits in _FULL_SCALE) or (code == _FLOAT and bits in (32, 64))
    if not known or channels < 1 or rate_hz < 1:
        raise _wrong(path, f"has format {code} with {bits} bits; 16, 24, 32 bit and float are read")
    return _Format(code, channels, rate_hz, bits)


def _samples(path: Path, body: bytes, form: _Format) -> NDArray[np.float32]:
    frame = form.channels * form.bits // 8
    body = body[: len(body) // frame * frame]
    if not body:
        raise _wrong(path, "holds no samples")
    raw: NDArray[Any]
    if form.code == _FLOAT:
        raw = np.frombuffer(body, dtype=f"<f{form.bits // 8}")
    elif form.bits == 24:
        octets = np.frombuffer(body, dtype=np.uint8).reshape(-1, 3)
        padded = np.zeros((len(octets), 4), dtype=np.uint8)
        padded[:, 1:] = octets  # into the upper bytes: the sign comes for free
        raw = padded.view("<i4")[:, 0] / 2.0**31
    else:
        raw = np.frombuffer(body, dtype=f"<i{form.bits // 8}") / _FULL_SCALE[form.bits]
    return raw.astype(np.float32).reshape(-1, form.channels)


def _wrong(path: Path, complaint: str) -> ConfigurationError:
    return ConfigurationError(
        f"recording {path.name}: {complaint}", key="recording_wrong", file=path.name, complaint=complaint
    )
