"""Encryption in transit for servers that were built without it: TLS ends at a loopback port in front of them."""

import asyncio
import contextlib
import functools
import ssl
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

CHUNK = 65536
"""Bytes passed on at a time."""


@dataclass(frozen=True)
class Certificate:
    """A server's certificate and its key, in PEM."""

    chain: str
    key: str

    def context(self) -> ssl.SSLContext:
        """Return settings for a server that shows this certificate and asks clients for none."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.TemporaryDirectory() as folder:
            chain, key = Path(folder) / "chain.pem", Path(folder) / "key.pem"
            chain.write_text(self.chain)
            key.touch(0o600)
            key.write_text(self.key)
            context.load_cert_chain(chain, key)
        return context


@functools.cache
def event_loop() -> asyncio.AbstractEventLoop:
    """Return the event loop, in a thread of its own, that all terminators share."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True, name="tls").start()
    return loop


class Terminator:
    """Takes TLS connections on a loopback port and passes what is in them on to another loopback port."""

    def __init__(self, target: int, certificate: Certificate) -> None:
        """Listen on a free port.

        :param target: port of the server that speaks no TLS
        """
        self.target = target
        opening = asyncio.start_server(self._accept, "127.0.0.1", 0, ssl=certificate.context())
        self._server = asyncio.run_coroutine_threadsafe(opening, event_loop()).result()

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self._server.sockets[0].getsockname()[1])

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            upstream = await asyncio.open_connection("127.0.0.1", self.target)
            await asyncio.gather(pass_on(reader, upstream[1]), pass_on(upstream[0], writer))
        writer.close()

    def stop(self) -> None:
        """Listen no longer and close the connections."""
        event_loop().call_soon_threadsafe(self._server.close)
        event_loop().call_soon_threadsafe(self._server.close_clients)


async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copy bytes until one side ends, then end the other."""
    with contextlib.suppress(OSError, asyncio.IncompleteReadError):
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
    writer.close()
