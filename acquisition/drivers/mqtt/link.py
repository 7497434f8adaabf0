"""One MQTT session. Alone imports paho-mqtt; its network thread calls back, everything else waits here.

The library never reconnects by itself: the supervisor makes a fresh link. Calls into the client are made by
the network thread only; who has work for it wakes it.
"""

import asyncio
import contextlib
import logging
import queue
import ssl
import threading
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, Final, TypeVar

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from acquisition.drivers.mqtt.line_wait import LineWait
from acquisition.drivers.mqtt.payloads import Message
from acquisition.drivers.mqtt.settings import MqttSettings
from domain.errors import AcquisitionError, ConfigurationError, ConnectionLost, DeviceTimeout

_log = logging.getLogger(__name__)

CONNECT_S: Final = 2.0
ANSWER_S: Final = 3.0
_TURN_S: Final = 0.25
"""So often the library looks whether the broker is still alive; work and data end the wait at once."""
_QOS: Final = 1
_MOST_UNACKNOWLEDGED: Final = 100
_KEEP_ALIVE_TIMEOUT: Final = 141
_WRONG_SET_UP: Final = frozenset({"Unsupported protocol version", "Client identifier not valid",
                                  "Bad user name or password", "Not authorized", "Banned"})  # fmt: skip

T = TypeVar("T")


class MqttLink:
    """One session with one broker; used once. ``on_message`` and ``on_end`` run in the network thread.

    ``is_kept``: the broker keeps the session when the link goes, and delivers again what ``acknowledge`` was
    not told of; otherwise it begins clean and messages are acknowledged when they have arrived. While there
    is no room nothing is read.
    """

    def __init__(
        self,
        settings: MqttSettings,
        *,
        on_message: Callable[[Message], None],
        on_end: Callable[[AcquisitionError], None],
        is_kept: bool = False,
        has_room: Callable[[], bool] = lambda: True,
    ) -> None:
        self._settings = settings
        self._has_room = has_room
        self._is_kept = is_kept
        self._on_message = on_message
        self._on_end = on_end
        self._client: Client | None = None
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._work: queue.SimpleQueue[Callable[[Client], object]] = queue.SimpleQueue()
        self._wait: LineWait | None = None
        self._asks: set[asyncio.Future[Any]] = set()
        self._ask_of: dict[int, asyncio.Future[list[ReasonCode]]] = {}
        self._greeting: asyncio.Future[ReasonCode] | None = None
        self._reason: ReasonCode | None = None
        self._ended: AcquisitionError | None = None
        self._is_closing = False

    async def open(self) -> None:
        """Connect and log in; ConfigurationError when refused for good, AcquisitionError otherwise."""
        self._loop = asyncio.get_running_loop()
        self._greeting = self._loop.create_future()
        client = self._client = self._made()
        wait = self._wait = LineWait()
        try:
            await asyncio.to_thread(self._reach, client)
        except ssl.SSLError as refused:
            raise self._refused(
                "mqtt_tls_refused", f"TLS was refused: {refused}", reason=refused
            ) from refused
        except TimeoutError:
            raise self._silent("does not answer") from None
        except OSError as unreachable:
            raise ConnectionLost(
                f"{self._settings.place} cannot be reached ({unreachable}): check power, cable and address",
                key="device_unreachable",
                device=self._settings.place,
            ) from unreachable
        self._thread = threading.Thread(target=self._run, args=(client, wait), name="mqtt", daemon=True)
        self._thread.start()
        code = await self._answer(self._greeting)
        if code.is_failure:
            raise self._turned_away(code)

    async def subscribe(self, topics: Iterable[str]) -> frozenset[str]:
        """Ask for topics with QoS 1 and return those that the broker refused."""
        wanted = sorted(topics)
        codes: list[ReasonCode] = []
        for low in range(0, len(wanted), 500):
            part = [(topic, _QOS) for topic in wanted[low : low + 500]]
            codes += await self._asked(partial(_subscribe, part))
        return frozenset(topic for topic, code in zip(wanted, codes, strict=True) if code.is_failure)

    async def unsubscribe(self, topics: Iterable[str]) -> None:
        """Stop the delivery of topics."""
        wanted = sorted(topics)
        for low in range(0, len(wanted), 500):
            part = wanted[low : low + 500]
            await self._asked(partial(_unsubscribe, part))

    def publish(self, topic: str, payload: bytes) -> None:
        """Send one message, once (QoS 0)."""
        self._do(lambda client: client.publish(topic, payload))

    def drop(self, topic: str) -> None:
        """Stop the delivery of a topic without waiting for the answer."""
        self._do(lambda client: client.unsubscribe(topic))

    def acknowledge(self, packets: Sequence[int]) -> None:
        """Tell the broker that these packets need no second delivery, in order of their arrival."""
        if packets:
            self._do(lambda client: [client.ack(packet, _QOS) for packet in packets])

    async def close(self) -> None:
        """Say goodbye and end the thread; never raises."""
        self._is_closing = True
        self._wake_up()
        thread, self._thread = self._thread, None
        if thread is not None:
            await asyncio.to_thread(thread.join, 1.0)
        elif self._wait is not None:
            self._wait.close()
        self._client = None

    # --- in the caller's loop ---

    def _made(self) -> Client:
        settings = self._settings
        is_five = settings.version == "5"
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=settings.kept_client_id if self._is_kept else settings.client_id,
            clean_session=None if is_five else not self._is_kept,
            protocol=MQTTProtocolVersion.MQTTv5 if is_five else MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
            manual_ack=self._is_kept,
        )
        client.connect_timeout = CONNECT_S
        if settings.user:
            client.username_pw_set(settings.user, settings.password)
        if settings.is_encrypted:
            client.tls_set_context(self._trust())
        client.on_socket_open = self._reached
        client.on_connect = self._greeted
        client.on_disconnect = self._parted
        client.on_message = self._delivered
        client.on_subscribe = client.on_unsubscribe = self._confirmed
        return client

    def _trust(self) -> ssl.SSLContext:
        settings = self._settings
        try:
            context = ssl.create_default_context(cafile=settings.ca)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            context.sslsocket_class = _TidySocket
            if settings.certificate is not None:
                context.load_cert_chain(settings.certificate, settings.key)
        except (ssl.SSLError, OSError) as unreadable:
            complaint = f"a certificate file cannot be read: {unreadable}"
            raise self._refused("mqtt_file_unreadable", complaint, reason=unreadable) from unreadable
        return context

    def _reach(self, client: Client) -> None:
        settings = self._settings
        where = settings.host, settings.port, settings.keep_alive_s
        if settings.version != "5":
            client.connect(*where)
            return
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.MaximumPacketSize = settings.most_payload_bytes + 65_536
        if self._is_kept:
            properties.SessionExpiryInterval = settings.session_expiry_s
            properties.ReceiveMaximum = _MOST_UNACKNOWLEDGED
        client.connect(*where, clean_start=not self._is_kept, properties=properties)

    async def _asked(self, request: Callable[[Client], int | None]) -> list[ReasonCode]:
        assert self._loop is not None
        answer: asyncio.Future[list[ReasonCode]] = self._loop.create_future()

        def send(client: Client) -> None:
            number = request(client)
            if number is not None:
                self._ask_of[number] = answer

        self._do(send)
        return await self._answer(answer)

    def _do(self, work: Callable[[Client], object]) -> None:
        self._work.put(work)
        self._wake_up()

    def _wake_up(self) -> None:
        if self._wait is not None:
            self._wait.wake()

    async def _answer(self, answer: "asyncio.Future[T]") -> T:
        if self._ended is not None:
            raise self._ended
        self._asks.add(answer)
        try:
            async with asyncio.timeout(ANSWER_S):
                return await answer
        except TimeoutError:
            raise self._silent("does not answer") from None
        finally:
            self._asks.discard(answer)

    def _fail_asks(self, reason: AcquisitionError) -> None:
        self._ended = reason
        for ask in self._asks:
            if not ask.done():
                ask.set_exception(reason)

    def _turned_away(self, code: ReasonCode) -> ConfigurationError | ConnectionLost:
        kind = ConfigurationError if str(code) in _WRONG_SET_UP else ConnectionLost
        return kind(
            f"{self._settings.place}: refuses the connection: {code}",
            key="mqtt_login_refused",
            device=self._settings.place,
            reason=str(code),
        )

    def _refused(self, key: str, what: str, *, reason: object) -> ConfigurationError:
        place = self._settings.place
        return ConfigurationError(f"{place}: {what}", key=key, device=place, reason=str(reason))

    def _closed(self, what: str) -> ConnectionLost:
        place = self._settings.place
        return ConnectionLost(f"{place} {what}", key="device_closed", device=place)

    def _silent(self, what: str) -> DeviceTimeout:
        place = self._settings.place
        return DeviceTimeout(f"{place} {what}", key="device_not_answering", device=place)

    # --- in the network thread ---

    def _run(self, client: Client, wait: LineWait) -> None:
        try:
            while not self._is_closing and self._turn(client, wait) == MQTTErrorCode.MQTT_ERR_SUCCESS:
                self._work_off(client)
            if self._is_closing:
                self._work_off(client)
            self._end(self._farewell())
        except Exception as defect:  # the thread's outer edge
            _log.exception("%s: the network thread failed", self._settings.place)
            self._end(
                AcquisitionError(f"{self._settings.place}: internal fault: {defect!r}", key="internal_fault")
            )
        finally:
            try:
                _hang_up(client)
            finally:
                wait.close()

    def _turn(self, client: Client, wait: LineWait) -> MQTTErrorCode:
        """Wait for the broker or for work, and serve the broker."""
        line = client.socket()
        if line is None:
            return MQTTErrorCode.MQTT_ERR_NO_CONN
        reads = self._has_room()
        is_pending = reads and isinstance(line, ssl.SSLSocket) and line.pending() > 0
        is_readable, is_writable = wait.wait(
            line, reads=reads, writes=client.want_write(), within_s=0.0 if is_pending else _TURN_S
        )
        code = MQTTErrorCode.MQTT_ERR_SUCCESS
        if is_readable or is_pending:
            code = client.loop_read()
        if code == MQTTErrorCode.MQTT_ERR_SUCCESS and is_writable:
            code = client.loop_write()
        if code != MQTTErrorCode.MQTT_ERR_SUCCESS or not reads:
            return code  # an answer to a ping that we do not read is no silence of the broker
        return client.loop_misc()

    def _work_off(self, client: Client) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                self._work.get_nowait()(client)

    def _farewell(self) -> AcquisitionError:
        if self._reason is not None and self._reason.value == _KEEP_ALIVE_TIMEOUT:
            return self._silent("holds the link open but is silent")
        return self._closed(f"ended the connection: {self._reason or 'link broken'}")

    def _end(self, reason: AcquisitionError) -> None:
        self._in_loop(self._fail_asks, reason)
        self._on_end(reason)

    def _reached(self, client: Client, data: Any, line: Any) -> None:
        """Do not log in when nobody waits any more: the broker would end our next session for it."""
        if self._is_closing:
            line.close()
            raise ConnectionAbortedError("closed while it was being reached")

    def _greeted(
        self, client: Client, data: Any, flags: ConnectFlags, code: ReasonCode, properties: Properties | None
    ) -> None:
        if self._greeting is not None:
            self._in_loop(_resolve, self._greeting, code)

    def _parted(
        self,
        client: Client,
        data: Any,
        flags: DisconnectFlags,
        code: ReasonCode,
        properties: Properties | None,
    ) -> None:
        self._reason = self._reason or code

    def _confirmed(
        self, client: Client, data: Any, number: int, codes: list[ReasonCode], properties: Properties | None
    ) -> None:
        answer = self._ask_of.pop(number, None)
        if answer is not None:
            self._in_loop(_resolve, answer, codes)

    def _delivered(self, client: Client, data: Any, message: MQTTMessage) -> None:
        packet_id = message.mid if message.qos else 0
        self._on_message(
            Message(message.topic, bytes(message.payload), message.retain, message.dup, packet_id)
        )

    def _in_loop(self, act: Callable[..., None], *arguments: object) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(act, *arguments)


class _TidySocket(ssl.SSLSocket):
    """Closes itself when the handshake fails; the library forgets that."""

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except BaseException:
            self.close()
            raise


def _resolve(answer: "asyncio.Future[Any]", content: object) -> None:
    if not answer.done():
        answer.set_result(content)


def _hang_up(client: Client) -> None:
    """Say goodbye, and close the line also when the broker does not take it."""
    client.disconnect()
    line = client.socket()
    if line is not None:
        line.close()
    client.on_connect = client.on_disconnect = client.on_message = client.on_socket_open = None
    client.on_subscribe = client.on_unsubscribe = None


def _subscribe(topics: list[tuple[str, int]], client: Client) -> int | None:
    return client.subscribe(topics)[1]


def _unsubscribe(topics: list[str], client: Client) -> int | None:
    return client.unsubscribe(topics)[1]
