"""OPC UA sessions.

The library's own reconnect is off: a reconnected client of it may hang or keep a dead subscription, so the
supervisor builds a fresh one, and there is one back-off and one state to show. Publish responses are taken as
bytes and read by ``wire.py``; the library decodes only what is unusual. Every error of the library leaves
as one of ours.
"""

import asyncio
import base64
import contextlib
import logging
import math
import socket
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Protocol
from uuid import UUID

from cryptography import x509

from acquisition.addresses import NodeIdType, OpcUaAddress
from acquisition.certificates import CLIENT_NAME, Peer, TrustFolder, application_certificate, client_uri
from acquisition.drivers.opcua.changes import Changes, DataValue, changes_of
from acquisition.drivers.opcua.library import (
    CertProperties,
    Client,
    Node,
    Services,
    security_policies,
    take_raw_responses,
    translated,
    ua,
)
from acquisition.drivers.opcua.settings import OpcUaSettings
from domain.errors import (
    ConfigurationError,
    ConnectionLost,
    ControlRoomError,
    DeviceRefused,
    RuleViolation,
)
from domain.instants import Clock, from_microseconds
from domain.plant.tags import Tag

_ITEMS_PER_CALL: Final = 1000
_STREAM_QUEUE: Final = 50
_SCALAR_QUEUE: Final = 20
_CLOSE_S: Final = 0.5
_FILTER_REFUSED: Final = frozenset(
    {ua.StatusCodes.BadMonitoredItemFilterUnsupported, ua.StatusCodes.BadFilterNotAllowed}
)
"""A server that cannot report by time stamp is asked again for changes of value alone."""


class Listener(Protocol):
    """Who is told what the server publishes; called from the publish loop, must not wait."""

    def published(self, sequence: int | None, changes: Changes | None) -> None:
        """Take one notification list; None and None for a keep-alive."""
        ...

    def ended(self, reason: ControlRoomError) -> None:
        """Learn that nothing more will come."""
        ...


class OpcUaSession:
    """One session with one server, thrown away after a failure."""

    def __init__(self, settings: OpcUaSettings, *, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._client: Client | None = None
        self._namespaces: list[str] = []
        self._listener: Listener | None = None
        self._subscription_id = 0

    async def open(self) -> None:
        """Connect and learn the namespaces; ConfigurationError when security refuses."""
        logging.getLogger("asyncua").setLevel(logging.CRITICAL)  # every fault is told once, by the driver
        settings = self._settings
        with translated(self._settings.endpoint):
            client = Client(settings.endpoint, timeout=4, watchdog_intervall=10, auto_reconnect=False)
            self._client = client
            client.name = client.description = "Jidoka"
            client.application_uri = client_uri(socket.gethostname())
            client.connection_lost_callback = self._connection_lost
            if settings.pki is not None:
                await self._secure(client, settings.pki)
            if settings.user:
                client.set_user(settings.user)
                client.set_password(settings.password)
            if settings.user_certificate is not None:
                await self._identify(client, settings.user_certificate)
            await client.connect()
        (answer,) = await self.read([ua.NodeId(ua.ObjectIds.Server_NamespaceArray)])
        told = answer.Value.Value if answer.Value else None
        self._namespaces = [str(uri) for uri in told] if isinstance(told, list) else []

    async def close(self) -> None:
        """Close session and socket; a server that does not answer is left within half a second."""
        client, self._client = self._client, None
        if client is None:
            return
        with contextlib.suppress(TimeoutError, OSError, ua.UaError):
            async with asyncio.timeout(_CLOSE_S):
                await client.disconnect()
        with contextlib.suppress(OSError, ua.UaError):
            client.disconnect_socket()

    @property
    def endpoint(self) -> str:
        """Where the server listens, for messages."""
        return self._settings.endpoint

    @property
    def services(self) -> Services:
        """The library's services of this session; ConnectionLost when it is not open."""
        return self._connected().uaclient.session

    def node(self, tag: Tag) -> Node:
        """Return the node of a tag in this session's numbering; ConfigurationError when there is none."""
        return self.node_at(OpcUaAddress.from_plain(tag.address, tag_name=tag.name), name=tag.name)

    @property
    def namespaces(self) -> Sequence[str]:
        """The server's namespaces in its own numbering, until the session ends."""
        return self._namespaces

    def node_at(self, address: OpcUaAddress, *, name: str) -> Node:
        """Return the node of an address; ConfigurationError names the tag or place that asks."""
        if address.namespace_uri not in self._namespaces:
            raise ConfigurationError(
                f"tag '{name}': the server has no namespace '{address.namespace_uri}'",
                key="opcua_namespace_missing",
                tag=name,
                namespace=address.namespace_uri,
            )
        readers: dict[NodeIdType, Callable[[str], int | str | bytes | UUID]] = {
            NodeIdType.NUMERIC: int,
            NodeIdType.STRING: str,
            NodeIdType.GUID: UUID,
            NodeIdType.OPAQUE: base64.b64decode,
        }
        try:
            identifier = readers[address.id_type](address.identifier)
        except ValueError:
            raise ConfigurationError(
                f"tag '{name}': '{address.identifier}' is no identifier of type '{address.id_type.value}'",
                key="opcua_identifier_wrong",
                tag=name,
                identifier=address.identifier,
                id_type=address.id_type.value,
            ) from None
        return ua.NodeId(identifier, self._namespaces.index(address.namespace_uri))

    async def read(self, nodes: Sequence[Node], *, attribute: int = ua.AttributeIds.Value) -> list[DataValue]:
        """Return an attribute of each node in order, the value when nothing else is asked for."""
        answers: list[DataValue] = []
        with translated(self._settings.endpoint):
            for first in range(0, len(nodes), _ITEMS_PER_CALL):
                parameters = ua.ReadParameters()
                parameters.TimestampsToReturn = ua.TimestampsToReturn.Source
                parameters.NodesToRead = [
                    ua.ReadValueId(NodeId=node, AttributeId=attribute)
                    for node in nodes[first : first + _ITEMS_PER_CALL]
                ]
                answers.extend(await self.services.read(parameters))
        return answers

    async def server_time(self) -> datetime | None:
        """Return what the server's clock says, None when it does not tell."""
        (answer,) = await self.read([self._clock_node()])
        told = None if answer.Value is None else answer.Value.Value
        return told if isinstance(told, datetime) else None

    async def subscribe(self, listener: Listener, *, heartbeat_handle: int) -> bool:
        """Create the subscription; return whether the server's clock is monitored in it as a heartbeat."""
        settings = self._settings
        keep_alive_count = max(1, math.ceil(settings.keep_alive_s * 1000 / settings.publishing_interval_ms))
        parameters = ua.CreateSubscriptionParameters(
            RequestedPublishingInterval=settings.publishing_interval_ms,
            RequestedLifetimeCount=5 * keep_alive_count,
            RequestedMaxKeepAliveCount=keep_alive_count,
            MaxNotificationsPerPublish=10_000,
            PublishingEnabled=True,
            Priority=0,
        )
        self._listener = listener
        with translated(self._settings.endpoint):
            take_raw_responses(self._connected(), settings.endpoint, self._publish_refused)
            created = await self.services.create_subscription(parameters, callback=self._published)
            self._subscription_id = created.SubscriptionId
            clock = _item_request(self._clock_node(), heartbeat_handle, sampling_ms=500, queue=1)
            (status,) = await self._create_items([clock])
        return status == 0

    async def monitor(self, items: Mapping[int, tuple[Node, Tag]]) -> dict[int, int]:
        """Monitor nodes by client handle; return the status code of each."""
        requests = [
            _item_request(
                node,
                handle,
                sampling_ms=0 if tag.is_waveform else tag.period_s * 1000,
                queue=_STREAM_QUEUE if tag.is_waveform else _SCALAR_QUEUE,
            )
            for handle, (node, tag) in items.items()
        ]
        with translated(self._settings.endpoint):
            statuses = await self._create_items(requests)
            plain = [place for place, status in enumerate(statuses) if status in _FILTER_REFUSED]
            for place in plain:
                requests[place].RequestedParameters.Filter = None
            for place, status in zip(
                plain, await self._create_items([requests[i] for i in plain]), strict=True
            ):
                statuses[place] = status
        return dict(zip(items, statuses, strict=True))

    async def write(self, tag: Tag, value: bool | int | float | str) -> None:
        """Write a raw value once, in the type that the node holds.

        RuleViolation when the node holds no single value, DeviceRefused when the server says no.
        """
        node = self.node(tag)
        (held,) = await self.read([node])
        kind = getattr(held.Value, "VariantType", None)
        if kind is None or isinstance(getattr(held.Value, "Value", None), (list, type(None))):
            raise RuleViolation(f"tag '{tag.name}': the node holds no single value", tag=tag.name)
        wanted = ua.WriteValue(NodeId=node, AttributeId=ua.AttributeIds.Value)
        wanted.Value = ua.DataValue(ua.Variant(value, kind))
        with translated(self._settings.endpoint):
            (status,) = await self.services.write(ua.WriteParameters(NodesToWrite=[wanted]))
        if not status.is_good():
            raise DeviceRefused(
                f"tag '{tag.name}': the server refuses the write ({status.name})",
                key="opcua_write_refused",
                tag=tag.name,
                status=status.name,
            )

    async def _secure(self, client: Client, pki: Path) -> None:
        """Choose the endpoint, judge its certificate before any channel is opened with it, set ours."""
        policy = getattr(security_policies, f"SecurityPolicy{self._settings.security}")
        mode = getattr(ua.MessageSecurityMode, self._settings.mode)
        endpoints = await client.connect_and_get_server_endpoints()
        offered = [
            each for each in endpoints if (each.SecurityPolicyUri, each.SecurityMode) == (policy.URI, mode)
        ]
        if not offered:
            raise ConfigurationError(
                f"{self._settings.endpoint} does not offer {self._settings.security} "
                f"{self._settings.mode}; it is not used with less",
                key="security_not_offered",
                device=self._settings.endpoint,
                security=self._settings.security,
                mode=self._settings.mode,
            )
        der = _first_certificate(offered[0].ServerCertificate or b"")
        await self._judge(x509.load_der_x509_certificate(der), offered[0].Server)
        client.certificate_validator = self._judge
        own = await asyncio.to_thread(
            application_certificate,
            pki / "own",
            name=CLIENT_NAME,
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

    async def _identify(self, client: Client, certificate: Path) -> None:
        """Load the certificate that stands for a user; ConfigurationError when a file is unreadable."""
        settings = self._settings
        try:
            await client.load_client_certificate(str(certificate))
            await client.load_private_key(settings.user_key, settings.user_key_password or None)
        except (OSError, ValueError, TypeError) as unreadable:
            raise ConfigurationError(
                f"{settings.endpoint}: the user certificate {certificate.name} or its key cannot be read; "
                "check both files and the password",
                key="user_certificate_unreadable",
                device=settings.endpoint,
                file=certificate.name,
            ) from unreadable

    async def _judge(self, certificate: x509.Certificate, server: ua.ApplicationDescription) -> None:
        assert self._settings.pki is not None
        uri = self._settings.server_uri or str(server.ApplicationUri)
        peer = Peer(uri, self._settings.certificate_host)
        TrustFolder(self._settings.pki).check(certificate, peer=peer, now=self._now())

    def _now(self) -> datetime:
        return from_microseconds(self._clock.now_us()).astimezone(UTC)

    # --- services ---

    async def _create_items(self, requests: Sequence[ua.MonitoredItemCreateRequest]) -> list[int]:
        statuses: list[int] = []
        for first in range(0, len(requests), _ITEMS_PER_CALL):
            parameters = ua.CreateMonitoredItemsParameters()
            parameters.SubscriptionId = self._subscription_id
            parameters.ItemsToCreate = list(requests[first : first + _ITEMS_PER_CALL])
            parameters.TimestampsToReturn = ua.TimestampsToReturn.Source
            results = await self.services.create_monitored_items(parameters)
            statuses.extend(int(result.StatusCode.value) for result in results)
        return statuses

    def _published(self, result: ua.PublishResult) -> None:
        listener, message = self._listener, result.NotificationMessage
        if listener is None:
            return
        if not message.NotificationData:
            listener.published(None, None)
        for part in message.NotificationData or ():
            if isinstance(part, Changes):
                listener.published(int(message.SequenceNumber), part)
            elif isinstance(part, ua.DataChangeNotification):
                items = ((item.ClientHandle, item.Value) for item in part.MonitoredItems)
                listener.published(int(message.SequenceNumber), changes_of(items))
            elif isinstance(part, ua.StatusChangeNotification):
                listener.ended(
                    ConnectionLost(
                        f"{self._settings.endpoint}: the server ended the subscription",
                        key="opcua_subscription_ended",
                        device=self._settings.endpoint,
                    )
                )

    def _publish_refused(self, reason: ControlRoomError) -> None:
        if self._listener is not None:
            self._listener.ended(reason)

    async def _connection_lost(self, reason: Exception) -> None:
        if self._listener is not None:
            self._listener.ended(
                ConnectionLost(
                    f"{self._settings.endpoint} closed the connection ({reason})",
                    key="device_closed",
                    device=self._settings.endpoint,
                )
            )

    def _connected(self) -> Client:
        if self._client is None:
            raise self.not_connected()
        return self._client

    def not_connected(self) -> ConnectionLost:
        """Return the error for what needs a session when there is none."""
        endpoint = self._settings.endpoint
        return ConnectionLost(f"{endpoint} is not connected", key="device_not_connected", device=endpoint)

    @staticmethod
    def _clock_node() -> Node:
        return ua.NodeId(ua.ObjectIds.Server_ServerStatus_CurrentTime)


def _first_certificate(chain: bytes) -> bytes:
    """Return the leading certificate of a DER chain (outer SEQUENCE with a two-byte length)."""
    return chain[: int.from_bytes(chain[2:4], "big") + 4]


def _item_request(
    node: ua.NodeId, handle: int, *, sampling_ms: float, queue: int
) -> ua.MonitoredItemCreateRequest:
    """Ask for every value with a new time stamp: one that stays equal was measured all the same."""
    request = ua.MonitoredItemCreateRequest()
    request.ItemToMonitor.NodeId = node
    request.ItemToMonitor.AttributeId = ua.AttributeIds.Value
    request.MonitoringMode = ua.MonitoringMode.Reporting
    request.RequestedParameters.ClientHandle = handle
    request.RequestedParameters.SamplingInterval = sampling_ms
    request.RequestedParameters.QueueSize = queue
    request.RequestedParameters.DiscardOldest = True
    request.RequestedParameters.Filter = ua.DataChangeFilter(
        Trigger=ua.DataChangeTrigger.StatusValueTimestamp
    )
    return request
