"""OPC UA. The only module that imports asyncua.

The library's own reconnect is off: a reconnected client of it may hang or keep a dead subscription, so the
supervisor builds a fresh one, and there is one back-off and one state to show. The library's "connected" is
not believed either: the server's clock is subscribed as a heartbeat and must move. Notification lists are
taken whole from the session; no object per sample beyond those the library decodes.
"""

import asyncio
import base64
import contextlib
import itertools
import logging
import math
import os
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlparse
from uuid import UUID

from asyncua import Client, ua
from asyncua.crypto import security_policies
from asyncua.crypto.uacrypto import CertProperties
from cryptography import x509

from acquisition.addresses import NodeIdType, OpcUaAddress
from acquisition.certificates import Peer, TrustFolder, application_certificate
from acquisition.drivers.opcua_inbox import Inbox
from acquisition.drivers.opcua_values import (
    ArrayItem,
    RowCollector,
    ScalarItem,
    is_believable,
    quality_of_status,
    sort_items,
)
from acquisition.drivers.options import Options
from domain.errors import (
    AcquisitionError,
    ConfigurationError,
    ConnectionLost,
    DeviceRefused,
    DeviceTimeout,
    NotPermitted,
    ProtocolError,
    RuleViolation,
    WriteOutcomeUnknown,
)
from domain.instants import Clock, from_microseconds, to_microseconds
from domain.plant.quality import BAD_NOT_CONFIGURED
from domain.plant.readings import LossCounter, ReadingBatch, SampleBlock
from domain.plant.tags import Connection, Tag

_log = logging.getLogger(__name__)

_POLICIES: Final = ("Basic256Sha256", "Aes128Sha256RsaOaep", "Aes256Sha256RsaPss", "None")
_MODES: Final = ("SignAndEncrypt", "Sign")
_HEARTBEAT_HANDLE: Final = 1
_FIRST_HANDLE: Final = 10
_ITEMS_PER_CALL: Final = 1000
_STREAM_QUEUE: Final = 50
_SCALAR_QUEUE: Final = 20
_CHECK_S: Final = 0.25
_VISIT_S: Final = 1.0
_VISITED_NODES: Final = 200
_CLOSE_S: Final = 0.5
_REFUSALS: Final = frozenset(
    {
        ua.StatusCodes.BadSecurityChecksFailed,
        ua.StatusCodes.BadSecurityPolicyRejected,
        ua.StatusCodes.BadSecurityModeRejected,
        ua.StatusCodes.BadCertificateInvalid,
        ua.StatusCodes.BadCertificateUntrusted,
        ua.StatusCodes.BadCertificateTimeInvalid,
        ua.StatusCodes.BadCertificateUriInvalid,
        ua.StatusCodes.BadCertificateUseNotAllowed,
        ua.StatusCodes.BadIdentityTokenInvalid,
        ua.StatusCodes.BadIdentityTokenRejected,
        ua.StatusCodes.BadUserAccessDenied,
        ua.StatusCodes.BadTooManySessions,
    }
)
"""Answers that a quick second try will not change."""


@dataclass(frozen=True, slots=True)
class _Captured:
    """A value that was read on schedule, in the shape of a notification row."""

    ClientHandle: int
    Value: Any


@dataclass(frozen=True)
class _Plan:
    """What is monitored, by client handle, and which captures are read on schedule."""

    scalars: dict[int, ScalarItem]
    arrays: dict[int, ArrayItem]
    nodes: dict[int, ua.NodeId]
    monitored: dict[int, Tag]
    captures: dict[int, Tag]
    unmonitored: set[int]


class OpcUaDriver:
    """Subscribes values and sampled arrays of one OPC UA server.

    Options: ``endpoint`` opc.tcp://host:port/path, ``pki`` folder, ``security`` Basic256Sha256, ``mode``
    SignAndEncrypt, ``waiver`` False (needed for security None), ``server_uri`` and ``certificate_host`` when
    they differ from what the server and the endpoint say, ``user`` and ``password_variable`` (name of an
    environment variable), ``publishing_interval_ms`` 200, ``keep_alive_s`` 2, ``heartbeat_timeout_s`` 3,
    ``writing_released`` False.
    """

    def __init__(self, connection: Connection, *, clock: Clock) -> None:
        options = Options(connection)
        self._endpoint = options.text("endpoint")
        self._host = urlparse(self._endpoint).hostname or ""
        self._security = options.text("security", default="Basic256Sha256")
        self._mode = options.text("mode", default="SignAndEncrypt")
        if self._security not in _POLICIES or self._mode not in _MODES:
            raise options.wrong(
                "security", f"must be one of {', '.join(_POLICIES)} with {' or '.join(_MODES)}"
            )
        if self._security == "None" and not options.flag("waiver"):
            raise options.wrong("security", "None needs an explicit waiver: nothing would be signed")
        self._pki = None if self._security == "None" else Path(options.text("pki"))
        self._server_uri = options.text("server_uri", default="")
        self._certificate_host = options.text("certificate_host", default=self._host)
        self._credentials = _credentials(options, is_encrypted=self._security != "None")
        self._publishing_ms = options.number("publishing_interval_ms", default=200, low=10, high=5000)
        self._keep_alive_s = options.number("keep_alive_s", default=2, low=0.5, high=5)
        self._heartbeat_timeout_s = options.number("heartbeat_timeout_s", default=3, low=1.5, high=60)
        self._is_writing_released = options.flag("writing_released")
        self._clock = clock
        self._client: Client | None = None
        self._inbox: Inbox | None = None
        self._namespaces: list[str] = []
        self._heartbeat_s = 0.0
        self._is_clock_subscribed = False
        self._sequence_number: int | None = None
        self._subscription_id = 0
        self._is_closing = False
        self.losses = LossCounter()

    async def connect(self) -> None:
        """Open a session; ConfigurationError when security refuses, AcquisitionError otherwise."""
        logging.getLogger("asyncua").setLevel(logging.CRITICAL)  # every fault is told once, by this driver
        with self._translated():
            client = Client(self._endpoint, timeout=4, watchdog_intervall=10, auto_reconnect=False)
            self._client = client
            client.name = client.description = "Jidoka"
            client.application_uri = f"urn:{socket.gethostname()}:jidoka:client"
            client.connection_lost_callback = self._connection_lost
            if self._pki is not None:
                await self._secure(client, self._pki)
            if self._credentials is not None:
                client.set_user(self._credentials[0])
                client.set_password(self._credentials[1])
            await client.connect()
            (answer,) = await client.uaclient.session.read(
                _read_parameters([ua.NodeId(ua.ObjectIds.Server_NamespaceArray)])
            )
        self._namespaces = list(answer.Value.Value or []) if answer.Value else []

    async def read(self, tags: Sequence[Tag]) -> ReadingBatch:
        """Read values once; arrays and texts are bad rows."""
        self._session()
        rows = RowCollector(self.losses)
        answers = await self._read_nodes([self._node_or_none(tag) for tag in tags])
        now_us = self._clock.now_us()
        for tag, answer in zip(tags, answers, strict=True):
            if answer is None:
                rows.add_row(
                    tag.key, math.nan, quality=BAD_NOT_CONFIGURED, source_us=now_us, receive_us=now_us
                )
            else:
                rows.add(ScalarItem(tag, subscribed_us=0), answer, receive_us=now_us)
        batch = rows.batch()
        if batch is None:
            raise ConfigurationError("no tag to read")
        return batch

    async def subscribe(self, tags: Sequence[Tag]) -> AsyncIterator[ReadingBatch | SampleBlock]:
        """Deliver what the server reports; streaming arrays as blocks, other waveforms read on schedule.

        Raises ConnectionLost when the link goes or the server ends the subscription, DeviceTimeout when the
        server's clock stands still.
        """
        rows = RowCollector(self.losses)
        plan = self._plan(tags, rows, subscribed_us=await self._server_time_us())
        inbox = Inbox(
            capacity=max(1000, 4 * len(tags), _STREAM_QUEUE * 20 * len(plan.arrays)),
            array_handles=frozenset(plan.arrays),
            losses=self.losses,
        )
        self._inbox = inbox
        with self._translated():
            await self._create_subscription(plan, rows)
        tasks = [
            asyncio.create_task(self._guarded(work(plan, inbox), inbox))
            for work in (self._capture, self._visit)
        ]
        try:
            while not self._is_closing:
                batch = rows.batch()
                if batch is not None:
                    yield batch
                rows = RowCollector(self.losses)
                for receive_us, items in await inbox.take(within_s=_CHECK_S):
                    for block in sort_items(
                        items, plan.scalars, plan.arrays, rows=rows, receive_us=receive_us
                    ):
                        yield block
                await self._check_heartbeat()
        except ConnectionLost:
            if not self._is_closing:
                raise
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def write(self, tag: Tag, value: bool | int | float | str) -> None:
        """Write once and read back; NotPermitted unless connection and tag allow it.

        Raises RuleViolation outside the tag's limits, DeviceRefused, or WriteOutcomeUnknown when the server
        did not confirm.
        """
        if not self._is_writing_released or not tag.is_writable:
            raise NotPermitted(
                f"tag '{tag.name}': writing is not released", key="writing_not_released", tag=tag.name
            )
        node = self._node(tag)
        (held,) = await self._read_nodes([node])
        sent = _variant(tag, value, like=held)
        try:
            (status,) = await self._session().write(_write_parameters(node, sent))
        except (OSError, TimeoutError, ua.UaError) as silence:
            raise _unknown(tag) from silence
        if not status.is_good():
            raise DeviceRefused(f"tag '{tag.name}': the server refuses the write ({status.name})")
        (after,) = await self._read_nodes([node])
        if after is None or after.Value is None or after.Value.Value != sent.Value:
            raise _unknown(tag)

    async def close(self) -> None:
        """Close session and socket; a server that does not answer is left within half a second."""
        self._is_closing = True
        if self._inbox is not None:
            self._inbox.fail(ConnectionLost(f"{self._endpoint}: closed by us"))
        client, self._client = self._client, None
        if client is None:
            return
        with contextlib.suppress(TimeoutError, OSError, ua.UaError):
            async with asyncio.timeout(_CLOSE_S):
                await client.disconnect()
        with contextlib.suppress(OSError, ua.UaError):
            client.disconnect_socket()

    # --- security ---

    async def _secure(self, client: Client, pki: Path) -> None:
        """Choose the endpoint, judge its certificate before any channel is opened with it, set ours."""
        policy = getattr(security_policies, f"SecurityPolicy{self._security}")
        mode = getattr(ua.MessageSecurityMode, self._mode)
        endpoints = await client.connect_and_get_server_endpoints()
        offered = [
            each for each in endpoints if (each.SecurityPolicyUri, each.SecurityMode) == (policy.URI, mode)
        ]
        if not offered:
            raise ConfigurationError(
                f"{self._endpoint} does not offer {self._security} {self._mode}; it is not used with less",
                key="security_not_offered",
                endpoint=self._endpoint,
            )
        der = _first_certificate(offered[0].ServerCertificate or b"")
        await self._judge(x509.load_der_x509_certificate(der), offered[0].Server)
        client.certificate_validator = self._judge
        own = await asyncio.to_thread(
            application_certificate,
            pki / "own",
            name="jidoka-client",
            application_uri=client.application_uri,
            hosts=[socket.gethostname()],
            now=self._now(),
        )
        await client.set_security(
            policy,
            certificate=str(own.certificate),
            private_key=str(own.key),
            server_certificate=CertProperties(der, "der"),
            mode=mode,
        )

    async def _judge(self, certificate: x509.Certificate, server: ua.ApplicationDescription) -> None:
        assert self._pki is not None
        peer = Peer(self._server_uri or str(server.ApplicationUri), self._certificate_host)
        TrustFolder(self._pki).check(certificate, peer=peer, now=self._now())

    def _now(self) -> datetime:
        return from_microseconds(self._clock.now_us()).astimezone(UTC)

    # --- subscription ---

    async def _server_time_us(self) -> int:
        """Return what the server's clock says, ours when it does not tell or is not believable."""
        now_us = self._clock.now_us()
        (answer,) = await self._read_nodes([ua.NodeId(ua.ObjectIds.Server_ServerStatus_CurrentTime)])
        told = None if answer is None or answer.Value is None else answer.Value.Value
        if isinstance(told, datetime) and is_believable(to_microseconds(told), receive_us=now_us):
            return to_microseconds(told)
        return now_us

    def _plan(self, tags: Sequence[Tag], rows: RowCollector, *, subscribed_us: int) -> _Plan:
        plan = _Plan({}, {}, {}, {}, {}, set())
        now_us = self._clock.now_us()
        for handle, tag in enumerate(tags, start=_FIRST_HANDLE):
            try:
                plan.nodes[handle] = self._node(tag)
                if tag.is_waveform and not tag.sampling_rate_hz:
                    raise ConfigurationError(f"tag '{tag.name}': a waveform needs a sampling rate")
            except ConfigurationError as problem:
                _log.warning("%s", problem)
                rows.add_row(
                    tag.key, math.nan, quality=BAD_NOT_CONFIGURED, source_us=now_us, receive_us=now_us
                )
                continue
            if not tag.is_waveform:
                plan.scalars[handle] = ScalarItem(tag, subscribed_us=subscribed_us)
            else:
                plan.arrays[handle] = ArrayItem(tag, losses=self.losses)
            is_captured = tag.is_waveform and tag.capture is not None and not tag.capture.is_streaming
            (plan.captures if is_captured else plan.monitored)[handle] = tag
        return plan

    async def _create_subscription(self, plan: _Plan, rows: RowCollector) -> None:
        keep_alive_count = max(1, math.ceil(self._keep_alive_s * 1000 / self._publishing_ms))
        parameters = ua.CreateSubscriptionParameters(
            RequestedPublishingInterval=self._publishing_ms,
            RequestedLifetimeCount=5 * keep_alive_count,
            RequestedMaxKeepAliveCount=keep_alive_count,
            MaxNotificationsPerPublish=10_000,
            PublishingEnabled=True,
            Priority=0,
        )
        created = await self._session().create_subscription(parameters, callback=self._published)
        clock_node = ua.NodeId(ua.ObjectIds.Server_ServerStatus_CurrentTime)
        clock = _item_request(clock_node, _HEARTBEAT_HANDLE, sampling_ms=500, queue=1)
        (result,) = await self._monitor_items(created.SubscriptionId, [clock])
        self._is_clock_subscribed = result.StatusCode.is_good()
        self._heartbeat_s = self._clock.monotonic_s()
        self._subscription_id = created.SubscriptionId
        results = await self._monitor(plan, list(plan.monitored))
        now_us = self._clock.now_us()
        for handle in plan.unmonitored:
            tag, status = plan.monitored[handle], results[handle]
            _log.warning("tag '%s': the server refuses to monitor it (%s)", tag.name, status.name)
            rows.add_row(
                tag.key,
                math.nan,
                quality=quality_of_status(status.value),
                source_us=now_us,
                receive_us=now_us,
                status=status.value,
            )

    async def _monitor(self, plan: _Plan, handles: Sequence[int]) -> dict[int, ua.StatusCode]:
        """Create monitored items; those refused stay in ``plan.unmonitored``."""
        requests = []
        for handle in handles:
            tag = plan.monitored[handle]
            sampling_ms = 0 if tag.is_waveform else tag.period_s * 1000
            queue = _STREAM_QUEUE if tag.is_waveform else _SCALAR_QUEUE
            requests.append(_item_request(plan.nodes[handle], handle, sampling_ms=sampling_ms, queue=queue))
        results = await self._monitor_items(self._subscription_id, requests)
        statuses = {handle: result.StatusCode for handle, result in zip(handles, results, strict=True)}
        plan.unmonitored.difference_update(handles)
        plan.unmonitored.update(handle for handle, status in statuses.items() if not status.is_good())
        return statuses

    async def _monitor_items(
        self, subscription_id: int, requests: Sequence[ua.MonitoredItemCreateRequest]
    ) -> list[ua.MonitoredItemCreateResult]:
        results: list[ua.MonitoredItemCreateResult] = []
        for first in range(0, len(requests), _ITEMS_PER_CALL):
            parameters = ua.CreateMonitoredItemsParameters()
            parameters.SubscriptionId = subscription_id
            parameters.ItemsToCreate = list(requests[first : first + _ITEMS_PER_CALL])
            parameters.TimestampsToReturn = ua.TimestampsToReturn.Source
            results.extend(await self._session().create_monitored_items(parameters))
        return results

    def _published(self, result: ua.PublishResult) -> None:
        """Take a publish answer; called by the session's publish loop, does not wait."""
        inbox, message = self._inbox, result.NotificationMessage
        if inbox is None:
            return
        if not self._is_clock_subscribed:
            self._heartbeat_s = self._clock.monotonic_s()
        if not message.NotificationData:
            return
        self._count_missing(int(message.SequenceNumber))
        for part in message.NotificationData:
            if isinstance(part, ua.DataChangeNotification):
                items = part.MonitoredItems
                if any(item.ClientHandle == _HEARTBEAT_HANDLE for item in items):
                    self._heartbeat_s = self._clock.monotonic_s()
                inbox.put(self._clock.now_us(), items)
            elif isinstance(part, ua.StatusChangeNotification):
                inbox.fail(ConnectionLost(f"{self._endpoint}: the server ended the subscription"))

    def _count_missing(self, number: int) -> None:
        if self._sequence_number is not None and number > self._sequence_number + 1:
            self.losses.add("notification_missing", number - self._sequence_number - 1)
        self._sequence_number = number

    async def _connection_lost(self, reason: Exception) -> None:
        if self._inbox is not None:
            self._inbox.fail(ConnectionLost(f"{self._endpoint} closed the connection ({reason})"))

    async def _check_heartbeat(self) -> None:
        if self._silence_s() <= self._heartbeat_timeout_s:
            return
        await asyncio.sleep(_CHECK_S)  # if it was us who slept, what arrived meanwhile is read now
        if self._silence_s() > self._heartbeat_timeout_s:
            raise DeviceTimeout(
                f"{self._endpoint}: the server's clock has not moved for {self._heartbeat_timeout_s:.0f} s; "
                "the subscription is dead or the server hangs",
                key="opcua_heartbeat",
            )

    def _silence_s(self) -> float:
        return self._clock.monotonic_s() - self._heartbeat_s

    async def _guarded(self, work: Coroutine[None, None, None], inbox: Inbox) -> None:
        try:
            await work
        except AcquisitionError as problem:
            inbox.fail(problem)

    async def _visit(self, plan: _Plan, inbox: Inbox) -> None:
        """Read every monitored node in turn, few at a time, because servers delete nodes without a word.

        A node that is gone makes a bad row; one that is back is monitored again.
        """
        handles = itertools.cycle(plan.monitored)
        while plan.monitored:
            await asyncio.sleep(_VISIT_S)
            visited = list(itertools.islice(handles, min(_VISITED_NODES, len(plan.monitored))))
            answers = await self._read_nodes([plan.nodes[handle] for handle in visited])
            for handle, answer in zip(visited, answers, strict=True):
                is_gone = quality_of_status(answer.StatusCode.value) == BAD_NOT_CONFIGURED
                if is_gone and handle not in plan.unmonitored:
                    plan.unmonitored.add(handle)
                    inbox.put(self._clock.now_us(), [_Captured(handle, answer)])
                elif not is_gone and handle in plan.unmonitored:
                    await self._monitor(plan, [handle])

    async def _capture(self, plan: _Plan, inbox: Inbox) -> None:
        """Read the waveforms that do not stream, each at its interval, spread evenly over it."""
        start_s = self._clock.monotonic_s()
        due_s: dict[int, float] = {}
        for place, (handle, tag) in enumerate(plan.captures.items()):
            interval_s = tag.capture.interval_s if tag.capture else tag.period_s
            due_s[handle] = start_s + min(0.05, interval_s / len(plan.captures)) * place
        while due_s:
            handle = min(due_s, key=due_s.__getitem__)
            await asyncio.sleep(max(0.0, due_s[handle] - self._clock.monotonic_s()))
            capture = plan.captures[handle].capture
            due_s[handle] += capture.interval_s if capture else plan.captures[handle].period_s
            (answer,) = await self._read_nodes([plan.nodes[handle]])
            inbox.put(self._clock.now_us(), [_Captured(handle, answer)])

    # --- nodes and services ---

    def _session(self) -> Any:
        if self._client is None:
            raise ConnectionLost(f"{self._endpoint} is not connected")
        return self._client.uaclient.session

    def _node(self, tag: Tag) -> ua.NodeId:
        address = OpcUaAddress.from_plain(tag.address, tag_name=tag.name)
        if address.namespace_uri not in self._namespaces:
            raise ConfigurationError(
                f"tag '{tag.name}': the server has no namespace '{address.namespace_uri}'", tag=tag.name
            )
        namespace = self._namespaces.index(address.namespace_uri)
        try:
            readers: dict[NodeIdType, Callable[[str], int | str | bytes | UUID]] = {
                NodeIdType.NUMERIC: int,
                NodeIdType.STRING: str,
                NodeIdType.GUID: UUID,
                NodeIdType.OPAQUE: base64.b64decode,
            }
            identifier = readers[address.id_type](address.identifier)
        except ValueError:
            raise ConfigurationError(
                f"tag '{tag.name}': '{address.identifier}' is no identifier of type '{address.id_type.value}'"
            ) from None
        return ua.NodeId(identifier, namespace)

    def _node_or_none(self, tag: Tag) -> ua.NodeId | None:
        try:
            return self._node(tag)
        except ConfigurationError as problem:
            _log.warning("%s", problem)
            return None

    async def _read_nodes(self, nodes: Sequence[ua.NodeId | None]) -> list[Any]:
        """Return a data value per node in order, None where there is no node."""
        known = [node for node in nodes if node is not None]
        answers: list[Any] = []
        with self._translated():
            for first in range(0, len(known), _ITEMS_PER_CALL):
                parameters = _read_parameters(known[first : first + _ITEMS_PER_CALL])
                answers.extend(await self._session().read(parameters))
        waiting = iter(answers)
        return [None if node is None else next(waiting) for node in nodes]

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        """Turn the library's errors into ours."""
        try:
            yield
        except TimeoutError as silence:
            raise DeviceTimeout(f"{self._endpoint} does not answer", key="device_not_answering") from silence
        except OSError as reason:
            raise ConnectionLost(
                f"{self._endpoint} cannot be reached ({reason}): check power, cable and address",
                key="opcua_unreachable",
            ) from reason
        except ua.UaStatusCodeError as answer:
            name = ua.StatusCode(answer.code).name
            kind = ConfigurationError if answer.code in _REFUSALS else DeviceRefused
            raise kind(f"{self._endpoint} answers {name}", key="opcua_refused", status=name) from answer
        except ua.UaError as nonsense:
            raise ProtocolError(f"{self._endpoint}: {nonsense}") from nonsense


def _credentials(options: Options, *, is_encrypted: bool) -> tuple[str, str] | None:
    user = options.text("user", default="")
    if not user:
        return None
    if not is_encrypted:
        raise options.wrong("user", "is sent over encrypted endpoints only")
    variable = options.text("password_variable")
    password = os.environ.get(variable)
    if password is None:
        raise options.wrong("password_variable", f"names '{variable}', which is not set")
    return user, password


def _first_certificate(chain: bytes) -> bytes:
    """Return the leading certificate of a DER chain (outer SEQUENCE with a two-byte length)."""
    return chain[: int.from_bytes(chain[2:4], "big") + 4]


def _item_request(
    node: ua.NodeId, handle: int, *, sampling_ms: float, queue: int
) -> ua.MonitoredItemCreateRequest:
    request = ua.MonitoredItemCreateRequest()
    request.ItemToMonitor.NodeId = node
    request.ItemToMonitor.AttributeId = ua.AttributeIds.Value
    request.MonitoringMode = ua.MonitoringMode.Reporting
    request.RequestedParameters.ClientHandle = handle
    request.RequestedParameters.SamplingInterval = sampling_ms
    request.RequestedParameters.QueueSize = queue
    request.RequestedParameters.DiscardOldest = True
    return request


def _read_parameters(nodes: Sequence[ua.NodeId]) -> ua.ReadParameters:
    parameters = ua.ReadParameters()
    parameters.TimestampsToReturn = ua.TimestampsToReturn.Source
    for node in nodes:
        wanted = ua.ReadValueId()
        wanted.NodeId = node
        wanted.AttributeId = ua.AttributeIds.Value
        parameters.NodesToRead.append(wanted)
    return parameters


def _write_parameters(node: ua.NodeId, value: ua.Variant) -> ua.WriteParameters:
    wanted = ua.WriteValue()
    wanted.NodeId = node
    wanted.AttributeId = ua.AttributeIds.Value
    wanted.Value = ua.DataValue(value)
    parameters = ua.WriteParameters()
    parameters.NodesToWrite = [wanted]
    return parameters


def _variant(tag: Tag, value: bool | int | float | str, *, like: Any) -> ua.Variant:
    """Return the raw value in the type that the node holds now."""
    if like is None or like.Value is None or like.Value.is_array:
        raise RuleViolation(f"tag '{tag.name}': the node holds no single value", tag=tag.name)
    kind, raw = like.Value.VariantType, value
    if not isinstance(value, (bool, str)):
        if not (tag.low is None or value >= tag.low) or not (tag.high is None or value <= tag.high):
            raise RuleViolation(
                f"tag '{tag.name}': {value} {tag.unit} is outside {tag.low} to {tag.high}", tag=tag.name
            )
        raw = (value - tag.scaling.offset) / tag.scaling.factor
        if isinstance(like.Value.Value, int):
            raw = round(raw)
    return ua.Variant(raw, kind)


def _unknown(tag: Tag) -> WriteOutcomeUnknown:
    return WriteOutcomeUnknown(
        f"tag '{tag.name}': the server did not confirm the write. Look before you repeat it",
        key="write_outcome_unknown",
        tag=tag.name,
        read_back=None,
    )
