"""The session in which the broker keeps values for us while we are away.

It stands beside the clean session of the connection, so that a look at the broker never takes from it, and
carries only values that tell their own time: of others nobody could say whether they were kept.
"""

from collections import deque
from collections.abc import Callable, Sequence

from acquisition.addresses import MqttAddress
from acquisition.drivers.mqtt.link import MqttLink
from acquisition.drivers.mqtt.payloads import Message
from acquisition.drivers.mqtt.routes import Routes
from acquisition.drivers.mqtt.settings import MqttSettings
from domain.errors import AcquisitionError, ConfigurationError
from domain.plant.tags import Tag


def can_be_kept(tag: Tag) -> bool:
    """Say whether a tag is a plain value that tells its own time. Waveforms are not: their ring is of now."""
    try:
        address = MqttAddress.from_plain(tag.address, tag_name=tag.name)
    except ConfigurationError:
        return False
    return bool(address.time_path) and not tag.is_waveform


class KeptSession:
    """One link to the kept session. Messages count as delivered only when their values were handed over."""

    def __init__(
        self,
        settings: MqttSettings,
        routes: Routes,
        *,
        deliver: Callable[[Message, Routes], None],
        on_end: Callable[[AcquisitionError], None],
        has_room: Callable[[], bool],
    ) -> None:
        """All three run in the network thread. What there is no room for the broker goes on keeping."""
        self.routes = routes
        self._deliver = deliver
        self._arrived: deque[int] = deque()
        self._is_open = False
        self._link = MqttLink(
            settings,
            on_message=self._take,
            on_end=on_end,
            is_kept=True,
            has_room=lambda: not self._is_open or has_room(),
        )

    async def open(self) -> frozenset[str]:
        """Take up the session and return the topics that the broker refuses; errors as in ``MqttLink``."""
        await self._link.open()
        refused = await self._link.subscribe(self.routes.topics)
        self._is_open = True  # before, the answer would wait behind what nobody takes yet
        return refused

    def arrived(self) -> Sequence[int]:
        """Return the packets whose values have been delivered since the last time."""
        return [self._arrived.popleft() for _ in range(len(self._arrived))]

    def acknowledge(self, packets: Sequence[int]) -> None:
        """Tell the broker that the values of these packets have been handed over."""
        self._link.acknowledge(packets)

    async def close(self) -> None:
        """Leave; the broker goes on keeping. Never raises."""
        await self._link.close()

    # --- in the network thread ---

    def _take(self, message: Message) -> None:
        if message.topic in self.routes.readers:
            self._deliver(message, self.routes)
        else:
            self._link.drop(message.topic)  # asked for by an earlier set-up
        if message.packet_id:
            self._arrived.append(message.packet_id)
