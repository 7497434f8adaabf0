"""Named memory that several processes map: the one place that hides how the operating systems differ.

Linux: a file in ``/dev/shm``, fully allocated before it is mapped, because touching a sparse page on a full
volume kills the process. Windows: a named pagefile mapping that lives as long as somebody holds it.
Standard library only: the supervisor imports it.
"""

import hashlib
import mmap
import os
import struct
import sys
import tempfile
import time
from pathlib import Path

from domain.errors import AcquisitionError

SHARED_FOLDER = Path("/dev/shm")
_SIZE = struct.Struct("<Q")


class SegmentMissing(AcquisitionError):
    """The segment is not there (yet), or is not one of ours."""


def segment_name(data_folder: Path, part: str) -> str:
    """Return the machine-wide name of one segment of a data folder."""
    digest = hashlib.sha256(str(data_folder.resolve()).encode()).hexdigest()[:12]
    return f"jidoka-{digest}-{part}"


class Segment:
    """One mapped piece of memory. ``close`` drops the mapping; ``remove`` also takes the name away."""

    def __init__(self, name: str, memory: mmap.mmap, path: Path | None, *, is_owner: bool) -> None:
        self.name = name
        self.memory = memory
        self._path = path
        self._is_owner = is_owner

    def close(self) -> None:
        """Drop the mapping. Arrays that still look into it keep it alive until they are gone."""
        try:
            self.memory.close()
        except BufferError:
            pass
        if self._is_owner:
            self.remove()

    def remove(self) -> None:
        """Take the name away; those who have it mapped keep their memory."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)


def create_segment(name: str, size: int) -> Segment:
    """Create a segment of ``size`` zero bytes, replacing an older one of that name.

    AcquisitionError when shared memory has no room for it.
    """
    if sys.platform == "win32":
        return Segment(name, mmap.mmap(-1, size, tagname=name), None, is_owner=True)
    path = _folder() / name
    _require_space(path.parent, size)
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.posix_fallocate(descriptor, 0, size)
        memory = mmap.mmap(descriptor, size)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise AcquisitionError(
            f"shared memory for {name} ({size} bytes) was refused: {error}",
            key="shared_memory_refused",
            needed_bytes=size,
            reason=str(error),
        ) from error
    finally:
        os.close(descriptor)
    return Segment(name, memory, path, is_owner=True)


def open_segment(name: str, *, size: int = 0, writable: bool = False) -> Segment:
    """Map an existing segment; SegmentMissing when nobody has created it.

    ``size`` is needed on Windows only, where a mapping does not tell its own.
    """
    access = mmap.ACCESS_WRITE if writable else mmap.ACCESS_READ
    if sys.platform == "win32":
        return Segment(name, mmap.mmap(-1, size, tagname=name, access=access), None, is_owner=False)
    path = _folder() / name
    try:
        descriptor = os.open(path, os.O_RDWR if writable else os.O_RDONLY)
    except OSError as error:
        raise SegmentMissing(f"shared memory {name} is not there: {error.strerror}") from error
    try:
        memory = mmap.mmap(descriptor, 0, access=access)
    except ValueError as error:
        raise SegmentMissing(f"shared memory {name} is empty") from error
    finally:
        os.close(descriptor)
    return Segment(name, memory, path, is_owner=False)


def _folder() -> Path:
    return SHARED_FOLDER if SHARED_FOLDER.is_dir() else Path(tempfile.gettempdir())


def _require_space(folder: Path, size: int) -> None:
    status = os.statvfs(folder)
    free = status.f_bavail * status.f_frsize
    if free < size:
        raise AcquisitionError(
            f"shared memory in {folder} has {free >> 20} MiB free, {size >> 20} MiB are needed; "
            "close other programs or enlarge it",
            key="shared_memory_full",
            needed_bytes=size,
            free_bytes=free,
        )


class ControlSegment:
    """Stop flag and heartbeats of the processes of one data folder.

    The supervisor creates it; collector, analysis and windows open it. Heartbeats are ``monotonic_ns``, which
    all processes of a machine share.
    """

    PART = "control"
    _FIELDS = (
        "magic",
        "stop",
        "epoch",
        "supervisor_beat_ns",
        "collector_beat_ns",
        "analysis_beat_ns",
        "restarts",
        "collector_pid",
        "supervisor_pid",
        "safe_mode",
        "analysis_dropped",
    )
    MAGIC = 0x4A49444F4B410001
    SIZE = 4096

    def __init__(self, segment: Segment) -> None:
        self._segment = segment

    @classmethod
    def create(cls, data_folder: Path) -> "ControlSegment":
        """Create the segment afresh, stop flag down."""
        control = cls(create_segment(segment_name(data_folder, cls.PART), cls.SIZE))
        control.set("magic", cls.MAGIC)
        return control

    @classmethod
    def open(cls, data_folder: Path) -> "ControlSegment":
        """Open the segment of a running collector; SegmentMissing when none was started."""
        segment = open_segment(segment_name(data_folder, cls.PART), size=cls.SIZE, writable=True)
        control = cls(segment)
        if control.get("magic") != cls.MAGIC:
            segment.close()
            raise SegmentMissing("the control segment was written by another version")
        return control

    def get(self, field: str) -> int:
        """Return one aligned 64-bit field."""
        value: int = _SIZE.unpack_from(self._segment.memory, self._FIELDS.index(field) * 8)[0]
        return value

    def set(self, field: str, value: int) -> None:
        """Write one aligned 64-bit field."""
        _SIZE.pack_into(self._segment.memory, self._FIELDS.index(field) * 8, value)

    def beat(self, field: str) -> None:
        """Write a heartbeat."""
        self.set(field, time.monotonic_ns())

    def age_s(self, field: str) -> float:
        """Return the seconds since a heartbeat; infinity before the first."""
        beat = self.get(field)
        return (time.monotonic_ns() - beat) / 1e9 if beat else float("inf")

    def request_stop(self) -> None:
        """Ask collector and supervisor to end in order."""
        self.set("stop", 1)

    @property
    def is_stop_requested(self) -> bool:
        return self.get("stop") != 0

    def close(self) -> None:
        self._segment.close()
