"""What every Modbus link promises, and registers on top of it."""

import asyncio
from collections.abc import Sequence
from typing import Protocol

from acquisition.addresses import ModbusTable
from acquisition.drivers.modbus.register_codec import Registers
from acquisition.drivers.modbus.validation import (
    Question,
    check_echo,
    read_question,
    registers_of,
    write_question,
)
from domain.errors import DeviceTimeout


class NotAsked(DeviceTimeout):
    """The question was not put to its unit, which had left an earlier one unanswered."""

    @classmethod
    def behind(cls, silence: DeviceTimeout) -> "NotAsked":
        """Return what becomes of a question that waits behind the unanswered one."""
        if isinstance(silence, cls):
            return silence
        return cls(str(silence), key=silence.key, **silence.parameters)


class LeftAlone(NotAsked):
    """Nothing is put to the unit until nothing older can be under way."""


class ModbusLink(Protocol):
    """Carries questions to units and their answers back, whatever the wire. Made fresh for every connect.

    Answers hold the data after the function code; unit, function and length have been judged, and an answer
    that belongs to another question is never handed out.
    """

    name: str
    lost: asyncio.Future[None]
    """Fails with the reason at the moment the link goes."""

    async def connect(self) -> None:
        """Open the link; ConnectionLost when it cannot be, ConfigurationError when a person must help."""
        ...

    def ask(self, questions: Sequence[Question]) -> list[asyncio.Future[bytes]]:
        """Send questions in this order as the link allows; each future is one answer.

        They fail with ConnectionLost, DeviceTimeout, ProtocolError or DeviceRefused. Reads that still wait
        behind one which their unit left unanswered fail with NotAsked. A cancelled future gives up the
        answer; the link stays in step.
        """
        ...

    async def close(self) -> None:
        """Close the link; what is open or waits ends with ConnectionLost."""
        ...


class RegisterClient:
    """Reads and writes registers over any link."""

    def __init__(self, link: ModbusLink) -> None:
        self.link = link

    async def read(self, table: ModbusTable, unit: int, *, first: int, count: int) -> Registers:
        """Read ``count`` registers or bits.

        Raises ConnectionLost, DeviceTimeout, ProtocolError or DeviceRefused.
        """
        (answer,) = self.link.ask([read_question(table, unit, first=first, count=count)])
        return registers_of(await answer, table, count=count)

    async def write(self, table: ModbusTable, unit: int, *, first: int, registers: Registers) -> None:
        """Send exactly one write request and check its echo; raises like ``read``."""
        question = write_question(table, unit, first=first, registers=registers)
        (answer,) = self.link.ask([question])
        check_echo(await answer, question)


def forget(answers: Sequence[asyncio.Future[bytes]]) -> None:
    """Give up answers that nobody waits for any more."""
    for answer in answers:
        if not answer.done():
            answer.cancel()
        elif not answer.cancelled():
            answer.exception()  # seen
