"""A watched folder: files of portable instruments and other programs, each taken once it is complete.

The folder is polled, which works on every file system and over network shares. A share that hangs holds up
nothing but its own thread.
"""

import asyncio
import contextlib
import hashlib
import logging
import os
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from acquisition.addresses import FILE_ENDINGS
from acquisition.blocking_calls import CallThread
from acquisition.drivers.files.book import FileBook
from acquisition.drivers.files.reading import FileValues, channels_of, read_values, time_in_name
from acquisition.drivers.options import Options
from acquisition.drivers.tag_values import NOTHING_YET, bad_value, batch_of
from acquisition.drivers.writing import Value
from domain.errors import ConfigurationError, ConnectionLost, DeviceTimeout, NotPermitted, StorageError
from domain.instants import Clock
from domain.plant.discovery import FoundItem
from domain.plant.files import FileContent, FileOutcome, TakenFile
from domain.plant.quality import BAD_NOT_CONFIGURED
from domain.plant.readings import LossCounter, ReadingBatch, SampleBlock
from domain.plant.tags import Connection, Tag

_log = logging.getLogger(__name__)

TAKEN, REJECTED = "taken", "rejected"
_MOVE: Final = "move"
_OLD_S: Final = 60.0
"""A file that was last modified so long ago is complete although we see it for the first time."""

_PATIENCE: Final = 5.0
"""What cannot be read is tried once more after so many times ``steady_s``: it may still be arriving."""

_LOOK_LIMIT_S: Final = 8.0
"""A share that does not say what lies in a folder for so long is away."""

_MOST_TOLD: Final = 1_000_000
"""So many rows of a file that stays are kept in memory, to tell only the new ones when it grows."""

_ROWS_A_TURN: Final = 20_000
"""Other devices of the same loop get their turn after so many rows."""


@dataclass(frozen=True, slots=True)
class _Sight:
    """What a poll saw of a file: size and time of modification."""

    size: int
    modified_ns: int


@dataclass(slots=True)
class _Candidate:
    """A file of the folder as it is now; ``told`` is what was taken of it before it grew."""

    sight: _Sight
    since_s: float
    is_done: bool = False
    told: ReadingBatch | None = None

    def told_of(self, readings: ReadingBatch) -> int:
        """Return how many rows are told already: all of before, when they are the first of these."""
        if self.told is None or len(self.told) > len(readings):
            return 0
        begin = readings.select(np.arange(len(self.told)))
        columns = ((begin.tag_key, self.told.tag_key), (begin.source_us, self.told.source_us))
        is_same = all(np.array_equal(new, old) for new, old in columns)
        return len(begin) if is_same and np.array_equal(begin.value, self.told.value, equal_nan=True) else 0


class FilesDriver:
    """Watches one folder.

    Options: ``path``, ``poll_s`` 2, ``steady_s`` 2 (a file is complete when it has not changed for so long),
    ``after`` "move" (into ``taken/``) or "leave", ``zone`` "UTC" of dates that do not tell theirs,
    ``most_bytes`` 500000000. Files that cannot be read go to ``rejected/`` with the reason beside them.
    """

    def __init__(
        self, connection: Connection, *, clock: Clock, book: FileBook, calls: CallThread | None = None
    ) -> None:
        options = Options(connection)
        self._connection = connection
        self._calls = calls or CallThread(connection.name)
        self._folder = Path(options.text("path"))
        self._poll_s = options.number("poll_s", default=2.0, low=0.05, high=3600)
        self._steady_s = options.number("steady_s", default=2.0, low=0.05, high=3600)
        self._after = options.text("after", default=_MOVE)
        self._most_bytes = options.integer("most_bytes", default=500_000_000, low=1000, high=10**12)
        if self._after not in (_MOVE, "leave"):
            raise options.wrong("after", "must be move or leave")
        try:
            self._zone = ZoneInfo(options.text("zone", default="UTC"))
        except (ValueError, OSError):
            raise options.wrong("zone", "must be a time zone such as Europe/Berlin") from None
        self._clock = clock
        self._book = book
        self._seen: dict[str, _Candidate] = {}
        self._closing = asyncio.Event()
        self._is_open = False
        self.losses = LossCounter()

    async def connect(self) -> None:
        """See whether the folder is there; ConnectionLost when it is not, DeviceTimeout when it hangs."""
        await self._scan()
        self._is_open = True

    async def read(self, tags: Sequence[Tag]) -> ReadingBatch:
        """Return the newest value of each tag in the files that lie in the folder, taking none of them."""
        if not self._is_open:
            raise ConnectionLost(
                f"folder {self._folder} is not open", key="device_not_connected", device=str(self._folder)
            )
        now_us = self._clock.now_us()
        latest = {tag.key: bad_value(tag, BAD_NOT_CONFIGURED, now_us=now_us) for tag in tags}
        batch = batch_of(latest.values())
        if batch is None:
            raise ConfigurationError("no tag to read", key="nothing_to_read")
        place = {tag.key: row for row, tag in enumerate(tags)}
        for name in sorted(await self._scan()):
            with contextlib.suppress(ConfigurationError, OSError):
                found = (await self._calls.run(self._read, self._folder / name, tags)).readings
                for row in range(len(found)):
                    target = place[int(found.tag_key[row])]
                    if batch.quality[target] or found.source_us[row] >= batch.source_us[target]:
                        batch.value[target] = found.value[row]
                        batch.quality[target] = found.quality[row]
                        batch.source_us[target] = found.source_us[row]
        return batch

    async def subscribe(self, tags: Sequence[Tag]) -> AsyncIterator[ReadingBatch | SampleBlock]:
        """Deliver the values of complete files, oldest first; raises like ``connect``."""
        while not self._closing.is_set():
            complete = self._complete(await self._scan())
            yield NOTHING_YET
            for path in complete:
                async with contextlib.aclosing(self._serve(path, tags)) as batches:
                    async for batch in batches:
                        yield batch
                if self._closing.is_set():
                    return
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._poll_s):
                    await self._closing.wait()

    async def browse(self, place: str = "") -> Sequence[FoundItem]:
        """Return the files that lie here, and below a file its channels."""
        if place:
            return await self._calls.run(channels_of, self._folder / Path(place).name, zone=self._zone)
        return [FoundItem(name, name, has_children=True) for name in sorted(await self._scan())]

    async def write(self, tag: Tag, value: Value) -> None:
        """Refuse: files are read."""
        raise NotPermitted(f"tag '{tag.name}': a folder cannot be written", tag=tag.name)

    async def close(self) -> None:
        """End a running ``subscribe``."""
        self._closing.set()

    # --- which files ---

    async def _scan(self) -> dict[str, _Sight]:
        try:
            async with asyncio.timeout(_LOOK_LIMIT_S):
                return await self._calls.run(self._look)
        except TimeoutError:
            raise DeviceTimeout(
                f"folder {self._folder} was not read within {_LOOK_LIMIT_S:.0f} s: its network share hangs",
                key="device_not_ready",
                device=str(self._folder),
                seconds=round(_LOOK_LIMIT_S),
            ) from None
        except OSError as unreachable:
            raise ConnectionLost(
                f"folder {self._folder} cannot be read ({unreachable.strerror}): check its name, "
                "the network share and who may read it",
                key="folder_unreadable",
                folder=str(self._folder),
            ) from unreachable

    def _look(self) -> dict[str, _Sight]:
        found: dict[str, _Sight] = {}
        with os.scandir(self._folder) as entries:
            for entry in entries:
                name = entry.name
                if name.startswith((".", "~")) or not name.lower().endswith(FILE_ENDINGS):
                    continue
                with contextlib.suppress(FileNotFoundError):  # renamed or removed meanwhile
                    if entry.is_file():
                        status = entry.stat()
                        found[name] = _Sight(status.st_size, status.st_mtime_ns)
        return found

    def _complete(self, sights: dict[str, _Sight]) -> list[Path]:
        """Return the files that have not changed long enough, in order of modification and name."""
        now_s = self._clock.monotonic_s()
        for name, sight in sights.items():
            known = self._seen.get(name)
            if known is None or known.sight != sight:
                told = known.told if known is not None else None
                self._seen[name] = _Candidate(sight, now_s - self._age_s(sight), told=told)
        self._seen = {name: each for name, each in self._seen.items() if name in sights}
        ready = [
            (each.sight.modified_ns, name)
            for name, each in self._seen.items()
            if not each.is_done and now_s - each.since_s >= self._steady_s
        ]
        return [self._folder / name for _, name in sorted(ready)]

    def _age_s(self, sight: _Sight) -> float:
        """Return how long a file seen for the first time has been as it is: 0 unless that is beyond doubt."""
        age_s = self._clock.now_us() / 1e6 - sight.modified_ns / 1e9
        return age_s if age_s > _OLD_S and sight.size else 0.0

    # --- one file ---

    async def _serve(self, path: Path, tags: Sequence[Tag]) -> AsyncGenerator[ReadingBatch]:
        candidate = self._seen[path.name]
        try:
            found = await self._calls.run(self._digest, path, candidate.sight)
            digest = await self._unknown_digest(path.name, found)
            if digest is None:
                await self._done(candidate, path, TAKEN)
                return
            values = await self._calls.run(self._read, path, tags)
            if digest != found and values.named_us is None:  # it tells its time itself: a copy
                await self._done(candidate, path, TAKEN)
                return
        except StorageError as problem:
            self._wait_for_storage(path, problem)
            return
        except OSError as unreadable:
            if self._is_hopeless(candidate):
                candidate.is_done = True  # until it changes
                self.losses.add("file_unreadable")
                _log.warning("file %s cannot be read: %s", path, unreadable)
            return
        except ConfigurationError as problem:
            if self._is_hopeless(candidate):
                await self._reject(candidate, path, digest or found, str(problem))
            return
        fresh = values.readings.select(np.arange(candidate.told_of(values.readings), len(values.readings)))
        readings = await self._calls.run(self._book.marked, fresh)
        for low in range(0, len(readings), _ROWS_A_TURN):
            yield readings.select(np.arange(low, min(low + _ROWS_A_TURN, len(readings))))
            await asyncio.sleep(0)
        unknown = self._unknown(values)
        if unknown is not None:
            yield unknown
        content = FileContent(self._connection.id, path.name, digest, values.waveforms, values.readings)
        try:
            await self._book.take(content)
        except StorageError as problem:
            self._wait_for_storage(path, problem)
            return
        candidate.told = values.readings if len(values.readings) <= _MOST_TOLD else None
        await self._done(candidate, path, TAKEN)

    async def _unknown_digest(self, name: str, digest: bytes) -> bytes | None:
        """Return by what a file is remembered that was not taken yet, None for one that was.

        Machines that stand still record the same bytes; where only names tell times, they tell files apart.
        """
        known = await self._book.find(self._connection.id, digest)
        if known is None:
            return digest
        named_us = time_in_name(name, self._zone)
        if named_us is None or time_in_name(known.name, self._zone) == named_us:
            return None
        later = hashlib.sha256(digest + named_us.to_bytes(8, signed=True)).digest()
        return later if await self._book.find(self._connection.id, later) is None else None

    def _is_hopeless(self, candidate: _Candidate) -> bool:
        """Say whether a file that cannot be read had time enough to arrive."""
        return self._clock.monotonic_s() - candidate.since_s >= _PATIENCE * self._steady_s

    def _wait_for_storage(self, path: Path, problem: StorageError) -> None:
        self.losses.add("file_waits_for_storage")
        _log.warning("file %s stays where it is: %s", path, problem)

    def _digest(self, path: Path, sight: _Sight) -> bytes:
        """Return the SHA-256 of a file; OSError when it is no longer what was seen."""
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").digest()
            status = os.fstat(file.fileno())
        if _Sight(status.st_size, status.st_mtime_ns) != sight:
            raise OSError("it is being written")
        return digest

    def _read(self, path: Path, tags: Sequence[Tag]) -> FileValues:
        status = path.stat()
        if status.st_size > self._most_bytes:
            raise ConfigurationError(
                f"file {path.name}: larger than {self._most_bytes} bytes",
                key="file_too_large",
                file=path.name,
                most_bytes=self._most_bytes,
            )
        return read_values(
            path,
            tags,
            zone=self._zone,
            now_us=self._clock.now_us(),
            modified_us=status.st_mtime_ns // 1000,
        )

    def _unknown(self, values: FileValues) -> ReadingBatch | None:
        """Return bad rows for tags that never had a value and have none in this file."""
        now_us = self._clock.now_us()
        return batch_of(
            bad_value(tag, BAD_NOT_CONFIGURED, now_us=now_us)
            for tag in values.missing
            if not self._book.knows(tag.key)
        )

    async def _reject(self, candidate: _Candidate, path: Path, digest: bytes, reason: str) -> None:
        """Move a bad file aside with its reason, once; where that is not possible, note it."""
        self.losses.add("file_rejected")
        _log.warning("file %s is rejected: %s", path, reason)
        if not await self._done(candidate, path, REJECTED, reason):
            noted = TakenFile(self._connection.id, digest, path.name, FileOutcome.REJECTED, reason)
            try:
                await self._book.reject(noted)
            except StorageError as problem:
                _log.warning("the rejection of %s could not be noted: %s", path, problem)

    async def _done(self, candidate: _Candidate, path: Path, place: str, reason: str = "") -> bool:
        """Move a finished file into a folder beside; return whether it went there."""
        candidate.is_done = True
        return self._after == _MOVE and await self._calls.run(self._moved, path, place, reason)

    def _moved(self, path: Path, place: str, reason: str) -> bool:
        try:
            (self._folder / place).mkdir(exist_ok=True)
            target = _free(self._folder / place / path.name)
            path.rename(target)
            if reason:
                target.with_name(f"{target.name}.txt").write_text(reason + "\n", encoding="utf-8")
        except OSError as refused:
            _log.info("file %s stays where it is: %s", path, refused)
            return False
        return True


def _free(path: Path) -> Path:
    """Return a path of this name, or of one like it, that does not exist."""
    number = 1
    free = path
    while free.exists():
        number += 1
        free = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return free
