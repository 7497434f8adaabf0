"""Scanning groups of a Modbus device: what each answer or silence means for the tags of a block."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from acquisition.drivers.modbus.link import ModbusLink, forget
from acquisition.drivers.modbus.register_codec import Registers
from acquisition.drivers.modbus.scan_groups import ScanBlock, ScanGroup
from acquisition.drivers.modbus.sentinel import Sentinel
from acquisition.drivers.modbus.validation import Question, read_question, registers_of
from domain.errors import DeviceRefused, DeviceTimeout, ProtocolError
from domain.instants import Clock
from domain.plant.quality import (
    BAD_COMMUNICATION_LOST,
    BAD_DECODE,
    BAD_DEVICE,
    BAD_NOT_CONFIGURED,
    GOOD,
)
from domain.plant.readings import LossCounter, ReadingBatch, reading_batch

_log = logging.getLogger(__name__)

SCANS_UNTIL_LOST: Final = 3
MISSES_UNTIL_DEMOTED: Final = 3
DEMOTED_S: Final = 10.0
REFUSED_S: Final = 60.0

_ILLEGAL: Final = frozenset({1, 2, 3})
_QUALITY_OF_EXCEPTION: Final[Mapping[int, int]] = {
    1: BAD_NOT_CONFIGURED,
    2: BAD_NOT_CONFIGURED,
    3: BAD_NOT_CONFIGURED,
    10: BAD_COMMUNICATION_LOST,
    11: BAD_COMMUNICATION_LOST,
}
_UNIT_IS_GONE: Final = frozenset({10, 11})


@dataclass
class _Unit:
    """How often a unit was silent in a row, and until when it is left alone."""

    has_answered: bool = False
    misses: int = 0
    asleep_until_s: float = 0.0

    @property
    def is_well(self) -> bool:
        return self.has_answered and self.misses == 0

    def answer(self) -> None:
        self.has_answered, self.misses = True, 0


@dataclass
class _Standing:
    """A block in the plan; one that the device refused alone is asked again only later."""

    block: ScanBlock
    question: Question
    refused_until_s: float = 0.0
    last_trouble: str = ""


@dataclass
class _Rows:
    """Columns of the batch that a scan fills."""

    value: NDArray[np.float64]
    quality: NDArray[np.uint16]
    time_us: NDArray[np.int64]
    text: NDArray[np.object_] | None

    def fill(self, block: ScanBlock, quality: int, *, time_us: int) -> None:
        self.quality[block.rows] = quality
        self.time_us[block.rows] = time_us

    def has_good(self, block: ScanBlock) -> bool:
        return bool((self.quality[block.rows] == GOOD).any())

    def take_back(self, block: ScanBlock, quality: int) -> int:
        """Make the block's good rows bad, without a value; return how many there were."""
        chosen = np.arange(len(self.quality))[block.rows]
        chosen = chosen[self.quality[chosen] == GOOD]
        self.value[chosen], self.quality[chosen] = np.nan, quality
        if self.text is not None:
            self.text[chosen] = ""
        return len(chosen)

    def take_text(self, row: int, text: str | None) -> None:
        assert self.text is not None
        self.text[row] = text or ""
        self.quality[row] = BAD_DECODE if text is None else GOOD


def _standing(block: ScanBlock) -> _Standing:
    return _Standing(block, read_question(block.table, block.unit, first=block.first, count=block.count))


class ModbusScanner:
    """Reads groups block by block; the link decides how many requests are in flight.

    A failed block makes bad rows for its own tags only. A block that the device refuses for one illegal
    address is split until that address stands alone, and stays split. A unit that is silent while others
    answer is asked only every 10 s. A unit whose sentinel is wrong after its blocks were read has no values.
    """

    def __init__(
        self,
        groups: Sequence[ScanGroup],
        link: ModbusLink,
        *,
        clock: Clock,
        losses: LossCounter,
        sentinels: Sequence[Sentinel] = (),
    ) -> None:
        self._groups = groups
        self._plans = [[_standing(block) for block in group.blocks] for group in groups]
        self._units = {block.unit: _Unit() for group in groups for block in group.blocks}
        self._link = link
        self._clock = clock
        self._losses = losses
        self._sentinels = sentinels
        self._fallen_sentinels: set[Sentinel] = set()
        self._silent_scans = 0
        self._asked = self._answered = 0
        for group in groups:
            for problem in group.problems.values():
                _log.warning("%s", problem)

    async def scan(self, index: int) -> ReadingBatch:
        """Read one group once. ConnectionLost passes through; everything else becomes bad rows."""
        group = self._groups[index]
        length = len(group.tags)
        rows = _Rows(
            np.full(length, np.nan),
            np.full(length, BAD_NOT_CONFIGURED, dtype=np.uint16),
            np.full(length, self._clock.now_us(), dtype=np.int64),
            np.full(length, "", dtype=object) if group.has_texts else None,
        )
        self._asked = self._answered = 0
        silent_units: set[int] = set()
        self._plans[index] = await self._scan_blocks(self._plans[index], rows, silent_units)
        for sentinel in self._sentinels:
            await self._check(sentinel, index, rows, silent_units)
        self._judge_units(silent_units)
        return reading_batch(
            group.tag_keys,
            rows.value,
            quality=rows.quality,
            source_us=rows.time_us,
            receive_us=rows.time_us,
            text=rows.text,
        )

    async def _check(self, sentinel: Sentinel, index: int, rows: _Rows, silent_units: set[int]) -> None:
        """Take a unit's values back unless its sentinel, read after them, is right."""
        blocks = [each.block for each in self._plans[index] if each.block.unit == sentinel.unit]
        if not any(rows.has_good(block) for block in blocks):
            return
        (answer,) = self._link.ask([sentinel.question])
        quality, cause = BAD_DECODE, "sentinel_wrong"
        try:
            why = sentinel.problem(await answer)
        except DeviceTimeout as silence:
            silent_units.add(sentinel.unit)
            quality, cause, why = BAD_COMMUNICATION_LOST, "timeout", str(silence)
        except (ProtocolError, DeviceRefused) as refusal:
            why = str(refusal)
        if why:
            self._losses.add(cause, sum(rows.take_back(block, quality) for block in blocks))
        self._tell_sentinel(sentinel, why)

    def _tell_sentinel(self, sentinel: Sentinel, why: str) -> None:
        if bool(why) is (sentinel in self._fallen_sentinels):
            return
        if why:
            self._fallen_sentinels.add(sentinel)
            _log.warning(
                "unit %d, sentinel at %s %d: %s. The unit's values are bad until it is right; was the device "
                "changed?", sentinel.unit, sentinel.address.table.value, sentinel.address.offset, why,
            )  # fmt: skip
        else:
            self._fallen_sentinels.remove(sentinel)
            _log.info("unit %d: the sentinel is right again", sentinel.unit)

    @property
    def _has_any_answered(self) -> bool:
        return self._answered > 0 or any(unit.has_answered for unit in self._units.values())

    def raise_if_silent(self) -> None:
        """Raise DeviceTimeout after three scans in a row without one valid answer."""
        if self._silent_scans >= SCANS_UNTIL_LOST:
            raise DeviceTimeout(
                f"no valid answer in {SCANS_UNTIL_LOST} scans in a row: the device accepts the connection "
                "but does not serve it",
                key="device_not_answering",
                device=self._link.name,
            )

    async def _scan_blocks(
        self, plan: Sequence[_Standing], rows: _Rows, silent_units: set[int]
    ) -> list[_Standing]:
        """Ask for every block that is due and take the answers in order; return the plan from now on."""
        now_s = self._clock.monotonic_s()
        due = [each for each in plan if self._is_due(each, rows, silent_units, now_s=now_s)]
        if len(self._units) > 1:  # who may be silent comes last
            due.sort(key=lambda standing: self._units[standing.block.unit].misses)
        answers = self._link.ask([standing.question for standing in due])
        self._asked += len(due)
        following: list[_Standing] = []
        try:
            for standing, answer in zip(due, answers, strict=True):
                following.extend(await self._judge(standing, answer, rows, silent_units))
        finally:
            forget(answers)
        if len(due) == len(plan):
            return following
        resting = {id(standing) for standing in due}
        return following + [standing for standing in plan if id(standing) not in resting]

    def _is_due(self, standing: _Standing, rows: _Rows, silent_units: set[int], *, now_s: float) -> bool:
        block = standing.block
        if now_s < standing.refused_until_s:
            return False
        if block.unit in silent_units or now_s < self._units[block.unit].asleep_until_s:
            self._fail(standing, rows, quality=BAD_COMMUNICATION_LOST, cause="unit_silent", why="")
            return False
        return True

    async def _judge(
        self, standing: _Standing, answer: asyncio.Future[bytes], rows: _Rows, silent_units: set[int]
    ) -> list[_Standing]:
        """Take one answer into ``rows``; return what takes the block's place in the plan."""
        block = standing.block
        try:
            registers = registers_of(await answer, block.table, count=block.count)
        except DeviceTimeout as silence:
            is_first = block.unit not in silent_units
            silent_units.add(block.unit)
            cause, why = ("timeout", str(silence)) if is_first else ("unit_silent", "")
            self._fail(standing, rows, quality=BAD_COMMUNICATION_LOST, cause=cause, why=why)
        except ProtocolError as nonsense:
            self._fail(standing, rows, quality=BAD_DECODE, cause="protocol_error", why=str(nonsense))
        except DeviceRefused as refusal:
            self._answered += 1
            return await self._refused(standing, refusal, rows, silent_units)
        else:
            self._answered += 1
            self._take(standing, registers, rows)
        return [standing]

    def _take(self, standing: _Standing, registers: Registers, rows: _Rows) -> None:
        block = standing.block
        self._units[block.unit].answer()
        values = block.values(registers)
        is_number = np.isfinite(values)
        quality: int | NDArray[np.int64] = GOOD
        if not is_number.all():
            values[~is_number] = np.nan
            quality = np.where(is_number, GOOD, BAD_DECODE)
        rows.value[block.rows] = values
        rows.quality[block.rows] = quality
        rows.time_us[block.rows] = self._clock.now_us()
        if rows.text is not None:
            for row, text in block.texts(registers):
                rows.take_text(row, text)
        if standing.last_trouble:
            _log.info("unit %d, register %d: answers again", block.unit, block.first)
            standing.last_trouble = ""

    async def _refused(
        self, standing: _Standing, refusal: DeviceRefused, rows: _Rows, silent_units: set[int]
    ) -> list[_Standing]:
        code = int(str(refusal.parameters["code"]))
        block = standing.block
        if code in _ILLEGAL and len(block.members) > 1:
            return await self._scan_blocks([_standing(half) for half in block.split()], rows, silent_units)
        if code in _ILLEGAL:
            standing.refused_until_s = self._clock.monotonic_s() + REFUSED_S
        if code in _UNIT_IS_GONE:
            silent_units.add(block.unit)
        else:
            self._units[block.unit].answer()
        quality = _QUALITY_OF_EXCEPTION.get(code, BAD_DEVICE)
        self._fail(standing, rows, quality=quality, cause=f"exception_{code}", why=str(refusal))
        return [standing]

    def _fail(self, standing: _Standing, rows: _Rows, *, quality: int, cause: str, why: str) -> None:
        block = standing.block
        rows.fill(block, quality, time_us=self._clock.now_us())
        self._losses.add(cause, len(block.members))
        if why and cause != standing.last_trouble:
            # Where nobody has answered yet the connection's own state says it, not each link anew.
            level = logging.WARNING if self._has_any_answered else logging.DEBUG
            names = ", ".join(member.tag.name for member in block.members[:3])
            _log.log(level, "unit %d, %s ...: %s", block.unit, names, why)
            standing.last_trouble = cause

    def _judge_units(self, silent_units: set[int]) -> None:
        """Demote units that stay silent while others answer; count scans in which nobody answered."""
        now_s = self._clock.monotonic_s()
        is_demoting = False
        for number in silent_units:
            unit = self._units[number]
            unit.misses += 1
            is_anyone_well = any(other.is_well for key, other in self._units.items() if key != number)
            if unit.misses >= MISSES_UNTIL_DEMOTED and is_anyone_well:
                unit.asleep_until_s = now_s + DEMOTED_S
                is_demoting = True
                _log.warning("unit %d is silent: asked only every %.0f s", number, DEMOTED_S)
        if self._answered:
            self._silent_scans = 0
        elif self._asked and not is_demoting:
            self._silent_scans += 1
