"""The truth of the demo plant: faults, events, what was served. Written by the plant, read by tests only.

JSON lines. No product code may read this module or its files; an import contract says so.
"""

import json
import zlib
from collections import Counter
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray


class Ledger:
    """Append-only record of one server; ``flush`` writes the cumulative counts of the run so far."""

    def __init__(self, path: Path, *, server: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file: TextIO = path.open("a", encoding="utf-8")
        self._server = server
        self._samples: Counter[str] = Counter()
        self._blocks: dict[str, tuple[int, int]] = {}

    def event(self, kind: str, at_us: int, **facts: Any) -> None:
        """Write one fact at once: server start, fault onset, sensor failure, machine stop."""
        self._write({"kind": kind, "at_us": at_us, **facts})

    def served(self, device: str, count: int) -> None:
        """Count values that left for a client or that a subscriber is owed."""
        self._samples[device] += count

    def block(self, channel: str, number: int, samples: NDArray[np.float32]) -> None:
        """Note the newest waveform block of a channel with its checksum."""
        self._samples[channel] += len(samples)
        self._blocks[channel] = (number, zlib.crc32(samples.tobytes()))

    def flush(self, at_us: int) -> None:
        """Write the counts so far and the newest block of each channel."""
        self._write(
            {"kind": "served", "at_us": at_us, "samples": dict(self._samples), "blocks": dict(self._blocks)}
        )

    def close(self, at_us: int) -> None:
        """Write the last counts and close the file."""
        self.flush(at_us)
        self._file.close()

    def _write(self, line: dict[str, Any]) -> None:
        self._file.write(json.dumps({"server": self._server, **line}, separators=(",", ":")) + "\n")
        self._file.flush()
