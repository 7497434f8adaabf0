"""Connecting sockets by name or address."""

import asyncio
import contextlib
import ipaddress
import socket
from typing import Any, Final

from acquisition.blocking_calls import CallThread

_LOOK_UP_S: Final = 8.0
"""A resolver whose first name server is away takes its time, each time; the device has its own."""

_Place = tuple[socket.AddressFamily, Any]


async def open_socket(host: str, port: int, *, calls: CallThread, within_s: float) -> socket.socket:
    """Return a socket connected to the first address of the host that accepts.

    Raises OSError when there is none or the name is not known; TimeoutError, which is one, when nobody
    accepts in time.
    """
    places = await _places(host, port, calls)
    async with asyncio.timeout(within_s):
        for family, address in places[:-1]:
            with contextlib.suppress(OSError):
                return await _connected(family, address)
        return await _connected(*places[-1])


async def _places(host: str, port: int, calls: CallThread) -> list[_Place]:
    """Return the addresses of a host; what is an address already needs no look-up."""
    with contextlib.suppress(ValueError):
        if ipaddress.ip_address(host).version == 4:
            return [(socket.AF_INET, (host, port))]
        return [(socket.AF_INET6, (host, port, 0, 0))]
    async with asyncio.timeout(_LOOK_UP_S):
        found = await calls.run(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    return [(family, address) for family, _, _, _, address in found]


async def _connected(family: socket.AddressFamily, address: Any) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # as it stands here: no delay
    try:
        made.setblocking(False)
        await asyncio.get_running_loop().sock_connect(made, address)
    except BaseException:
        made.close()
        raise
    return made
