"""The one door to asyncua: names for the modules beside, errors as ours, publish responses as bytes.

The library stays pinned to its minor series: ``take_raw_responses`` leans on its inside; where that has moved
it does without and says so in the log.
"""

import contextlib
import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, TypeAlias

from asyncua import Client, ua
from asyncua.crypto import security_policies
from asyncua.crypto.uacrypto import CertProperties
from asyncua.ua.ua_binary import struct_from_binary

from acquisition.drivers.opcua.wire import Published, decode_publish
from domain.errors import (
    ConfigurationError,
    ConnectionLost,
    ControlRoomError,
    DeviceRefused,
    DeviceTimeout,
    ProtocolError,
)

__all__ = [
    "CertProperties",
    "Client",
    "Node",
    "Services",
    "security_policies",
    "take_raw_responses",
    "translated",
    "ua",
]

_log = logging.getLogger(__name__)

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
        ua.StatusCodes.BadTooManySubscriptions,
        ua.StatusCodes.BadTooManyPublishRequests,
        ua.StatusCodes.BadSessionIdInvalid,
    }
)
"""Answers that a quick second try will not change."""

Node: TypeAlias = Any
"""A node id of the library, opaque outside this module."""

Services: TypeAlias = Any
"""The services of a session of the library."""


@contextlib.contextmanager
def translated(endpoint: str) -> Iterator[None]:
    """Turn the library's errors into ours."""
    try:
        yield
    except TimeoutError as silence:
        raise DeviceTimeout(
            f"{endpoint} does not answer", key="device_not_answering", device=endpoint
        ) from silence
    except OSError as reason:
        raise ConnectionLost(
            f"{endpoint} cannot be reached ({reason}): check power, cable and address",
            key="device_unreachable",
            device=endpoint,
        ) from reason
    except ua.UaStatusCodeError as answer:
        name = ua.StatusCode(answer.code).name
        kind = ConfigurationError if answer.code in _REFUSALS else DeviceRefused
        raise kind(
            f"{endpoint} answers {name}", key="opcua_refused", device=endpoint, status=name
        ) from answer
    except ua.UaError as nonsense:
        raise ProtocolError(
            f"{endpoint}: {nonsense}", key="opcua_nonsense", device=endpoint, reason=str(nonsense)
        ) from nonsense


def take_raw_responses(client: Client, endpoint: str, refused: Callable[[ControlRoomError], None]) -> None:
    """Put our decoder in front of the library's; where its internals have moved, do without.

    ``refused`` is told when the server answers a publish request with an error.
    """
    session = client.uaclient.session
    protocol = getattr(client.uaclient, "protocol", None)
    if not callable(getattr(session, "publish", None)) or not hasattr(protocol, "send_request"):
        _log.warning("the OPC UA library has changed inside: notifications take the slow path")
        return
    session.publish = _RawPublish(client, endpoint, refused)


class _RawPublish:
    """Stands in for the library's ``publish``: one request, its answer decoded by us when it is usual."""

    def __init__(self, client: Client, endpoint: str, refused: Callable[[ControlRoomError], None]) -> None:
        self._client = client
        self._endpoint = endpoint
        self._refused = refused

    async def __call__(self, acknowledged: Sequence[Any]) -> Any:
        protocol = self._client.uaclient.protocol
        if protocol is None:
            raise ConnectionError("the connection is closed")
        request = ua.PublishRequest()
        request.Parameters.SubscriptionAcknowledgements = list(acknowledged)
        try:
            answer = await protocol.send_request(request, timeout=0)
        except ua.UaStatusCodeError as refusal:
            self._tell(refusal)
            raise
        told = decode_publish(answer.copy().read(len(answer)))
        if told is not None:
            return _as_response(told)
        try:
            return struct_from_binary(ua.PublishResponse, answer)
        except Exception as unreadable:
            raise ua.uaerrors.UaStructParsingError from unreadable

    def _tell(self, refusal: ua.UaStatusCodeError) -> None:
        if refusal.code == ua.StatusCodes.BadTimeout:
            return
        try:
            with translated(self._endpoint):
                raise refusal
        except ControlRoomError as reason:
            self._refused(reason)


def _as_response(told: Published) -> ua.PublishResponse:
    """Return what the library's publish loop needs to know of a response, our columns inside."""
    response = ua.PublishResponse()
    response.Parameters.SubscriptionId = told.subscription_id
    response.Parameters.NotificationMessage.SequenceNumber = told.sequence
    response.Parameters.NotificationMessage.NotificationData = list(told.parts)
    return response
