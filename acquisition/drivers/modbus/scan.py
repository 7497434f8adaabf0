"""Scanning groups of a Modbus device: what each answer or silence means for the tags of a block."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from acquisition.drivers.modbus.link import LeftAlone, ModbusLink, NotAsked, forget
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
PASSING_S: Final = 5.0
"""A device that starts anew may refuse for so long what it answered before."""

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


@dataclass(eq=False)
class _Standing:
    """A block that is asked for; one that the device refused alone, or never answers, only later again."""

    block: ScanBlock
    question: Question
    whole: "_Whole"
    refused_until_s: float = 0.0
    last_trouble: str = ""
    good_s: float | None = None
    refusals: int = 0
    misses: int = 0
    asleep_until_s: float = 0.0

    def answer(self, now_s: float) -> None:
        self.good_s, self.refusals, self.misses = now_s, 0, 0
        if self is self.whole.one:
            self.whole.join()

    def refuse(self, now_s: float) -> bool:
        """Note that the address is refused; return whether that may pass, because it was good just now."""
        self.refusals += 1
        return self.good_s is not None and (self.refusals == 1 or now_s - self.good_s < PASSING_S)


class _Whole:
    """A block as planned, and the parts that stand for it while the device refuses it as one."""

    def __init__(self, block: ScanBlock) -> None:
        self.one = self._standing(block)
        self.parts: tuple[_Standing, ...] = (self.one,)
        self._once_more_s = 0.0

    def due(self, now_s: float) -> tuple[_Standing, ...]:
        """Return what is asked for now: the parts, but the whole once more from time to time."""
        if len(self.parts) > 1 and now_s >= self._once_more_s:
            self._once_more_s = now_s + REFUSED_S
            return (self.one,)
        return self.parts

    def split(self, refused: _Standing, *, now_s: float) -> tuple[_Standing, ...]:
        """Return what is asked for instead of a part that was refused."""
        if refused is self.one and len(self.parts) > 1:
            return self.parts  # it is still refused as one
        if refused is self.one:
            self._once_more_s = now_s + REFUSED_S
        first, second = map(self._standing, refused.block.split())
        self.parts = (*(each for each in self.parts if each is not refused), first, second)
        return first, second

    def join(self) -> None:
        """Ask for the whole from now on."""
        if len(self.parts) > 1:
            self.parts = (self.one,)

    def _standing(self, block: ScanBlock) -> _Standing:
        question = read_question(block.table, block.unit, first=block.first, count=block.count)
        return _Standing(block, question, self)


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


@dataclass
class _Scan:
    """One scan under way: its rows, and who answered what."""

    rows: _Rows
    asked: int = 0
    answered: int = 0
    is_held_back: bool = False
    """Questions that were due were not put."""
    silent_units: set[int] = field(default_factory=set)
    answering_units: set[int] = field(default_factory=set)
    unanswered: list[_Standing] = field(default_factory=list)

    def hear(self, unit: int) -> None:
        self.silent_units.discard(unit)
        self.answering_units.add(unit)


class ModbusScanner:
    """Reads groups block by block; the link decides how many requests are in flight.

    A failed block makes bad rows for its own tags only. A block that the device refuses for one illegal
    address is split until that address stands alone; each minute the whole is tried again. A block that was
    good is not split before it was refused for a while. A unit that is silent while others answer is asked
    only every 10 s, and so is a block while others of its unit are answered: some devices drop what they do
    not have. A unit whose sentinel is wrong after its blocks were read has no values.
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
        self._plans = [[_Whole(block) for block in group.blocks] for group in groups]
        self._units = {block.unit: _Unit() for group in groups for block in group.blocks}
        self._link = link
        self._clock = clock
        self._losses = losses
        self._sentinels = sentinels
        self._fallen_sentinels: set[Sentinel] = set()
        self._silent_scans = 0
        self._is_held_back = False
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
        scan = _Scan(rows)
        now_s = self._clock.monotonic_s()
        await self._scan_blocks([each for whole in self._plans[index] for each in whole.due(now_s)], scan)
        for sentinel in self._sentinels:
            await self._check(sentinel, index, scan)
        self._judge_blocks(scan)
        self._judge_units(scan)
        return reading_batch(
            group.tag_keys,
            rows.value,
            quality=rows.quality,
            source_us=rows.time_us,
            receive_us=rows.time_us,
            text=rows.text,
        )

    async def _check(self, sentinel: Sentinel, index: int, scan: _Scan) -> None:
        """Take a unit's values back unless its sentinel, read after them, is right."""
        rows = scan.rows
        blocks = [block for block in self._groups[index].blocks if block.unit == sentinel.unit]
        if not any(rows.has_good(block) for block in blocks):
            return
        (answer,) = self._link.ask([sentinel.question])
        quality, cause = BAD_DECODE, "sentinel_wrong"
        try:
            why = sentinel.problem(await answer)
        except DeviceTimeout as silence:
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

    def raise_if_silent(self) -> None:
        """Raise DeviceTimeout after three scans in a row without one valid answer."""
        if self._silent_scans >= SCANS_UNTIL_LOST:
            raise DeviceTimeout(
                f"no valid answer in {SCANS_UNTIL_LOST} scans in a row: the device accepts the connection "
                "but does not serve it",
                key="device_not_answering",
                device=self._link.name,
            )

    async def _scan_blocks(self, blocks: Sequence[_Standing], scan: _Scan) -> None:
        """Ask for every block that is due and take the answers in order.

        A unit that leaves one question unanswered, and was well before, gets those behind it once more, the
        other way round: when it is only one block or table that it does not answer for, the others are heard.
        """
        now_s = self._clock.monotonic_s()
        due = [each for each in blocks if self._is_due(each, scan, now_s=now_s)]
        due.sort(key=self._doubt)  # who may be silent comes last
        held_back = await self._ask(due, scan)
        once_more = [each for each in reversed(held_back) if self._is_worth_asking(each, scan)]
        if once_more:
            held_back = [each for each in held_back if each not in once_more]
            held_back += await self._ask(once_more, scan)
        for standing in held_back:
            self._fail(standing, scan, quality=BAD_COMMUNICATION_LOST, cause="unit_silent", why="")

    def _doubt(self, standing: _Standing) -> tuple[int, int]:
        return self._units[standing.block.unit].misses, standing.misses

    def _is_worth_asking(self, standing: _Standing, scan: _Scan) -> bool:
        """Say whether a unit of whose blocks one was not answered may answer this one."""
        unit = standing.block.unit
        silences = sum(each.block.unit == unit for each in scan.unanswered)
        return silences == 1 and self._doubt(standing) == (0, 0)

    async def _ask(self, due: Sequence[_Standing], scan: _Scan) -> list[_Standing]:
        """Ask for blocks and take the answers; return those that the link held back."""
        answers = self._link.ask([standing.question for standing in due])
        held_back: list[_Standing] = []
        try:
            for standing, answer in zip(due, answers, strict=True):
                try:
                    await self._judge(standing, answer, scan)
                    scan.asked += 1
                except NotAsked as reason:
                    held_back.append(standing)
                    scan.is_held_back = True
                    if not isinstance(reason, LeftAlone):
                        scan.silent_units.add(standing.block.unit)
        finally:
            forget(answers)
        return held_back

    def _is_due(self, standing: _Standing, scan: _Scan, *, now_s: float) -> bool:
        block = standing.block
        if now_s < standing.refused_until_s:
            return False
        asleep_until_s = max(self._units[block.unit].asleep_until_s, standing.asleep_until_s)
        if block.unit in scan.silent_units or now_s < asleep_until_s:
            self._fail(standing, scan, quality=BAD_COMMUNICATION_LOST, cause="unit_silent", why="")
            return False
        return True

    async def _judge(self, standing: _Standing, answer: asyncio.Future[bytes], scan: _Scan) -> None:
        """Take one answer into the rows; raises NotAsked."""
        block = standing.block
        try:
            registers = registers_of(await answer, block.table, count=block.count)
        except NotAsked:
            raise
        except DeviceTimeout as silence:
            self._miss(standing, silence, scan)
        except ProtocolError as nonsense:
            standing.misses = 0
            self._fail(standing, scan, quality=BAD_DECODE, cause="protocol_error", why=str(nonsense))
        except DeviceRefused as refusal:
            scan.answered += 1
            await self._refused(standing, refusal, scan)
        else:
            scan.answered += 1
            self._take(standing, registers, scan)

    def _miss(self, standing: _Standing, silence: DeviceTimeout, scan: _Scan) -> None:
        unit = standing.block.unit
        cause, why = ("timeout", str(silence)) if unit not in scan.silent_units else ("unit_silent", "")
        standing.misses += 1
        scan.unanswered.append(standing)
        scan.silent_units.add(unit)
        self._fail(standing, scan, quality=BAD_COMMUNICATION_LOST, cause=cause, why=why)

    def _take(self, standing: _Standing, registers: Registers, scan: _Scan) -> None:
        block, rows = standing.block, scan.rows
        self._hear(block.unit, scan)
        standing.answer(self._clock.monotonic_s())
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

    def _hear(self, unit: int, scan: _Scan) -> None:
        self._units[unit].answer()
        scan.hear(unit)

    async def _refused(self, standing: _Standing, refusal: DeviceRefused, scan: _Scan) -> None:
        code, now_s = int(str(refusal.parameters["code"])), self._clock.monotonic_s()
        block = standing.block
        standing.misses = 0
        if code in _UNIT_IS_GONE:
            scan.silent_units.add(block.unit)
        else:
            self._hear(block.unit, scan)
        if code in _ILLEGAL and not standing.refuse(now_s):
            if len(block.members) > 1:
                await self._scan_blocks(standing.whole.split(standing, now_s=now_s), scan)
                return
            standing.refused_until_s = now_s + REFUSED_S
        quality = _QUALITY_OF_EXCEPTION.get(code, BAD_DEVICE)
        self._fail(standing, scan, quality=quality, cause=f"exception_{code}", why=str(refusal))

    def _fail(self, standing: _Standing, scan: _Scan, *, quality: int, cause: str, why: str) -> None:
        block = standing.block
        scan.rows.fill(block, quality, time_us=self._clock.now_us())
        self._losses.add(cause, len(block.members))
        if why and cause != standing.last_trouble:
            # Where nobody has answered yet the connection's own state says it, not each link anew.
            has_any_answered = scan.answered or any(unit.has_answered for unit in self._units.values())
            level = logging.WARNING if has_any_answered else logging.DEBUG
            names = ", ".join(member.tag.name for member in block.members[:3])
            _log.log(level, "unit %d, %s ...: %s", block.unit, names, why)
            standing.last_trouble = cause

    def _judge_blocks(self, scan: _Scan) -> None:
        """Demote blocks that stay unanswered while others of their unit are answered.

        One that was never answered may be none of the device's: it is asked as seldom as a refused one.
        """
        for standing in scan.unanswered:
            block = standing.block
            if standing.misses >= MISSES_UNTIL_DEMOTED and block.unit in scan.answering_units:
                seldom_s = REFUSED_S if standing.good_s is None else DEMOTED_S
                standing.asleep_until_s = self._clock.monotonic_s() + seldom_s
                if standing.misses == MISSES_UNTIL_DEMOTED:
                    _log.warning(
                        "unit %d, register %d is not answered, others are: asked only every %.0f s",
                        block.unit, block.first, seldom_s,
                    )  # fmt: skip

    def _judge_units(self, scan: _Scan) -> None:
        """Demote units that stay silent while others answer; count scans in which nobody answered.

        Scans in a row in which nothing was asked, because a unit is left alone, count as one.
        """
        now_s = self._clock.monotonic_s()
        is_demoting = False
        for number in scan.silent_units - scan.answering_units:
            unit = self._units[number]
            unit.misses += 1
            is_anyone_well = any(other.is_well for key, other in self._units.items() if key != number)
            if unit.misses >= MISSES_UNTIL_DEMOTED and is_anyone_well:
                unit.asleep_until_s = now_s + DEMOTED_S
                is_demoting = True
                _log.warning("unit %d is silent: asked only every %.0f s", number, DEMOTED_S)
        is_held_back = scan.is_held_back and not scan.asked
        if scan.answered:
            self._silent_scans = 0
        elif (scan.asked or (is_held_back and not self._is_held_back)) and not is_demoting:
            self._silent_scans += 1
        self._is_held_back = is_held_back
