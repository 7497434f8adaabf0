"""Layout of a data folder, and the refusal of places where a database would not be safe."""

import ctypes
import errno
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

from domain.errors import ConfigurationError, StorageError

NETWORK_FILE_SYSTEMS = frozenset(
    {
        "nfs", "nfs4", "cifs", "smb", "smb2", "smb3", "smbfs", "ncpfs", "afs", "9p", "ceph", "glusterfs",
        "lustre", "davfs", "fuse.sshfs", "fuse.rclone", "fuse.glusterfs", "fuse.davfs2", "fuse.s3fs",
        "fuse.gvfsd-fuse",
    }
)  # fmt: skip
"""File systems on which SQLite's locks or shared memory cannot be trusted."""

_WINDOWS_REMOTE_DRIVE = 4


@dataclass(frozen=True, slots=True)
class DataFolder:
    """Where each kind of data of one plant lies. Made by ``prepare_data_folder``."""

    root: Path

    @property
    def plant_db(self) -> Path:
        """Set-up, alarms, acts and audit."""
        return self.root / "plant.db"

    @property
    def waveform_spool_db(self) -> Path:
        """Waveforms and spectra that wait for their server."""
        return self.root / "waveform_spool.db"

    @property
    def plant_marker(self) -> Path:
        """Witness that a plant database existed here; beside it, so that it outlives the file."""
        return self.root / "plant.known"

    @property
    def disk_reserve(self) -> Path:
        """Room that the databases get when the disk is full."""
        return self.root / "reserve.bin"

    @property
    def history_db(self) -> Path:
        """Tail, chunks and levels of all tags."""
        return self.root / "history.db"

    @property
    def history_marker(self) -> Path:
        """Witness that a history existed here."""
        return self.root / "history.known"

    @property
    def spool_db(self) -> Path:
        """Samples that wait for a database server."""
        return self.root / "spool.db"

    @property
    def jobs_db(self) -> Path:
        """Alarm changes that wait for a plant database that refuses them."""
        return self.root / "jobs.db"

    def waveform_file(self, month: str) -> Path:
        """File of one UTC month, ``month`` as YYYY-MM."""
        return self.root / f"waveforms-{month}.db"

    def waveform_files(self) -> tuple[Path, ...]:
        """All months present, oldest first."""
        return tuple(sorted(self.root.glob("waveforms-????-??.db")))

    def data_files(self) -> tuple[Path, ...]:
        """Every database that belongs to the plant beside the plant database; it may be absent."""
        return (
            self.history_db,
            self.spool_db,
            self.waveform_spool_db,
            self.jobs_db,
            *self.waveform_files(),
        )

    @property
    def runtime(self) -> Path:
        """Locks and process information; nothing here survives its owner's end in meaning."""
        return self.root / "runtime"

    @property
    def pki(self) -> Path:
        """Certificates and trust lists."""
        return self.root / "pki"

    @property
    def log(self) -> Path:
        return self.root / "log"

    @property
    def backup(self) -> Path:
        return self.root / "backup"

    @property
    def quarantine(self) -> Path:
        """Damaged files set aside with the time in their name; never deleted by the program."""
        return self.root / "quarantine"

    @property
    def write_lock(self) -> Path:
        """OS lock held by every write transaction, checkpoint and close of the plant database."""
        return self.runtime / "plant.write.lock"


def prepare_data_folder(path: Path, *, mounts: Path = Path("/proc/self/mounts")) -> DataFolder:
    """Check a place, make its folders and return the layout.

    ``mounts`` is the kernel's mount table. ConfigurationError names the folder, what is wrong and the cure,
    StorageError is a full disk, which passes. Nothing is touched on a network path, because a dead server
    would hold the program for minutes [F42].
    """
    refuse_network_path(path, mounts=mounts)
    root = Path(os.path.abspath(path))
    folder = DataFolder(root)
    try:
        for each in (root, folder.runtime, folder.pki, folder.log, folder.backup, folder.quarantine):
            each.mkdir(parents=True, exist_ok=True)
        _probe_writing(root)
        _probe_writing(folder.runtime)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise StorageError(
                f"data folder {root} lies on a full disk; make space, what was saved before is intact",
                key="disk_full",
                file=str(root),
                place=str(root),
            ) from error
        raise ConfigurationError(
            f"data folder {root} cannot be written ({error.strerror or error}): "
            "choose another folder with --data-dir or give this user the right to change it",
            key="data_folder_not_writable",
            folder=str(root),
        ) from error
    refuse_network_path(root.resolve(), mounts=mounts)
    return folder


def mark_plant(folder: DataFolder, plant_id: UUID) -> None:
    """Remember in the folder which plant was opened from here."""
    if folder.plant_marker.exists() and known_plant(folder) == plant_id.hex:
        return
    try:
        folder.plant_marker.write_text(json.dumps({"plant_id": plant_id.hex}), encoding="ascii")
    except OSError as error:
        raise StorageError(f"{folder.plant_marker} cannot be written: {error}", key="disk_error") from error


def known_plant(folder: DataFolder) -> str | None:
    """Return the id of the plant that was opened from this folder, None before the first."""
    try:
        return str(json.loads(folder.plant_marker.read_text(encoding="ascii"))["plant_id"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def refuse_network_path(path: Path, *, mounts: Path) -> None:
    """Raise ConfigurationError when the path lies on another computer, judged without touching it."""
    text = str(path)
    kind = "UNC path" if text.startswith(("\\\\", "//")) else _remote_kind(os.path.abspath(path), mounts)
    if kind:
        raise ConfigurationError(
            f"data folder {path} lies on a network ({kind}), where a database can be corrupted: "
            "choose a local disk with --data-dir; workstations share a plant through PostgreSQL",
            key="data_folder_on_network",
            folder=text,
            file_system=kind,
        )


def _remote_kind(absolute: str, mounts: Path) -> str:
    if sys.platform == "win32":
        drive = os.path.splitdrive(absolute)[0] + "\\"
        is_remote = ctypes.windll.kernel32.GetDriveTypeW(drive) == _WINDOWS_REMOTE_DRIVE
        return "mapped network drive" if is_remote else ""
    file_system = _file_system_of(absolute, mounts)
    return file_system if file_system in NETWORK_FILE_SYSTEMS else ""


def _file_system_of(absolute: str, mounts: Path) -> str:
    """Return the type of the longest mount point above the path; empty where there is no mount table."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    best, kind = "", ""
    for line in lines:
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        point = fields[1].replace("\\040", " ").rstrip("/") + "/"
        if f"{absolute}/".startswith(point) and len(point) >= len(best):
            best, kind = point, fields[2]
    return kind


def _probe_writing(folder: Path) -> None:
    probe = folder / f".probe-{uuid4().hex}"
    probe.write_bytes(b"x")
    probe.unlink()
