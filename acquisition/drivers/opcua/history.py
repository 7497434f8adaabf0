"""What an OPC UA server remembers: raw values of a stretch of time, in small pages.

Some servers hand out continuation points, others cut an answer at the number asked for and say nothing. Both
are read to the end. A server keeps few continuation points; those that are not used up are given back.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from acquisition.drivers.opcua.changes import Changes, DataValue, changes_of
from acquisition.drivers.opcua.library import Node, translated, ua
from acquisition.drivers.opcua.session import OpcUaSession
from acquisition.source_times import NO_TIME
from domain.errors import ConfigurationError, ControlRoomError, DeviceRefused
from domain.instants import from_microseconds

_NODES_A_PAGE: Final = 10
_VALUES_A_PAGE: Final = 100
"""A page is decoded by the library in about 10 ms; live values wait so long."""

_MOST_EMPTY: Final = 100
"""A server may need so many answers in a row to find the next value."""

_RELEASE_S: Final = 0.5
_HISTORY_BIT: Final = 0x04
_REFUSED_AT_ALL: Final = frozenset(
    {
        "BadServiceUnsupported",
        "BadHistoryOperationUnsupported",
        "BadNotImplemented",
        "BadNotSupported",
        "BadUserAccessDenied",
    }
)


@dataclass(slots=True)
class _Open:
    """A node that is not read to its end; ``point`` is the server's own mark, ``empty`` answers came last."""

    node: Node
    start_us: int
    point: bytes | None = None
    empty: int = 0


async def remembered(session: OpcUaSession, nodes: Mapping[int, Node]) -> dict[int, Node]:
    """Return the nodes whose past may be read, by handle; one question, no matter how many."""
    answers = await session.read(list(nodes.values()), attribute=ua.AttributeIds.UserAccessLevel)
    return {
        handle: node
        for (handle, node), answer in zip(nodes.items(), answers, strict=True)
        if answer.Value is not None
        and isinstance(answer.Value.Value, int)
        and answer.Value.Value & _HISTORY_BIT
    }


async def pages(
    session: OpcUaSession, nodes: Mapping[int, Node], *, start_us: int, end_us: int
) -> AsyncGenerator[Changes]:
    """Yield what the server kept with start <= source time < end, each node's oldest first.

    A server or node without a past yields nothing. To be closed when it is left early.
    """
    handles = list(nodes)
    for first in range(0, len(handles), _NODES_A_PAGE):
        together = handles[first : first + _NODES_A_PAGE]
        reading = {handle: _Open(nodes[handle], start_us) for handle in together}
        async with contextlib.aclosing(_group(session, reading, end_us=end_us)) as told:
            async for changes in told:
                yield changes


async def _group(session: OpcUaSession, reading: dict[int, _Open], *, end_us: int) -> AsyncGenerator[Changes]:
    """Yield the values of some nodes; each leaves ``reading`` at its end."""
    try:
        while reading:
            begin_us = min(each.start_us for each in reading.values())
            asked = [handle for handle, each in reading.items() if each.start_us == begin_us]
            try:
                results = await _read(session, [reading[handle] for handle in asked], begin_us, end_us)
            except (DeviceRefused, ConfigurationError) as refusal:
                if refusal.parameters.get("status") in _REFUSED_AT_ALL:
                    return
                raise
            found: list[tuple[int, DataValue]] = []
            for handle, result in zip(asked, results, strict=True):
                values = _values(result)
                found.extend((handle, value) for value in values)
                if not _goes_on(reading[handle], result, values, end_us):
                    await _release(session, [reading.pop(handle)])
            if found:
                yield changes_of(found)
    finally:
        await _release(session, reading.values())


async def _release(session: OpcUaSession, left: Iterable[_Open]) -> None:
    """Give back what the server still keeps for nodes that are not read on, if it listens."""
    kept = [each for each in left if each.point is not None]
    if kept:
        with contextlib.suppress(ControlRoomError, TimeoutError):
            async with asyncio.timeout(_RELEASE_S):
                await _read(session, kept, 0, 0, releases=True)


async def _read(
    session: OpcUaSession, asked: Sequence[_Open], begin_us: int, end_us: int, *, releases: bool = False
) -> Sequence["ua.HistoryReadResult"]:
    details = ua.ReadRawModifiedDetails(
        IsReadModified=False,
        StartTime=from_microseconds(begin_us),
        EndTime=from_microseconds(end_us),
        NumValuesPerNode=_VALUES_A_PAGE,
        ReturnBounds=False,
    )
    parameters = ua.HistoryReadParameters(
        HistoryReadDetails=details,
        TimestampsToReturn=ua.TimestampsToReturn.Source,
        ReleaseContinuationPoints=releases,
        NodesToRead=[ua.HistoryReadValueId(NodeId=each.node, ContinuationPoint=each.point) for each in asked],
    )
    with translated(session.endpoint):
        return list(await session.services.history_read(parameters))


def _values(result: "ua.HistoryReadResult") -> list[DataValue]:
    return list(getattr(result.HistoryData, "DataValues", None) or ())


def _goes_on(open_: _Open, result: "ua.HistoryReadResult", values: Sequence[DataValue], end_us: int) -> bool:
    """Say whether the node has more, and from where on it is to be asked."""
    open_.point = result.ContinuationPoint or None
    if result.StatusCode.value >> 30 == 2:
        open_.point = None
        return False
    if not values:
        open_.empty += 1
        return open_.point is not None and open_.empty < _MOST_EMPTY
    open_.empty = 0
    last_us = int(changes_of([(0, values[-1])]).source_us[0])
    if open_.point is None:
        open_.start_us = last_us + 1
    return open_.point is not None or (len(values) >= _VALUES_A_PAGE and NO_TIME < last_us < end_us - 1)
