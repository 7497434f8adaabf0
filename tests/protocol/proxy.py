"""A wire that can be cut, silenced or disturbed: a TCP proxy on loopback (T-07)."""

import asyncio
from collections.abc import Callable


class Proxy:
    """Passes bytes between clients and a server on another port of this machine."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.port = 0
        self.connections = 0
        self.disturb: Callable[[bytes], bytes] = lambda data: data
        """Changes what the server sends; the identity as long as nobody sets it."""
        self.delay_s = 0.0
        """How late it brings what the server sends."""
        self._is_cut = False
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> "Proxy":
        self._listener = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._listener.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self.cut()
        self._listener.close()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._listener.wait_closed()

    def cut(self) -> None:
        """Close every connection and take no new one until ``mend``."""
        self._is_cut = True
        for writer in self._writers:
            writer.transport.abort()

    def mend(self) -> None:
        self._is_cut = False

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        try:
            if not self._is_cut:
                await self._join(reader, writer)
        except OSError:
            pass  # the server is gone; the client learns it from the closed connection
        finally:
            writer.transport.abort()
            self._tasks.discard(task)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        back, there = await asyncio.open_connection("127.0.0.1", self.target)
        self._writers |= {writer, there}
        try:
            await asyncio.wait(
                [
                    asyncio.create_task(self._pass(reader, there, lambda data: data)),
                    asyncio.create_task(self._pass(back, writer, lambda data: self.disturb(data), late=True)),
                ],
                return_when=asyncio.ALL_COMPLETED,
            )
        finally:
            self._writers -= {writer, there}
            there.transport.abort()

    async def _pass(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        change: Callable[[bytes], bytes],
        *,
        late: bool = False,
    ) -> None:
        try:
            while data := await reader.read(65536):
                await asyncio.sleep(self.delay_s if late else 0.0)
                writer.write(change(data))
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.transport.abort()
