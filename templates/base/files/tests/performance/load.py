"""A client that keeps 16 connections busy: `python load.py PORT SECONDS`, with the request on standard input.

It speaks just enough HTTP/1.1 to be faster than any server that it asks.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

CONNECTIONS = 16
WARM_UP = 0.5  # seconds that do not count

_END = b"\r\n\r\n"
_LENGTH = b"content-length:"
_OK = b"HTTP/1.1 200"


class Connection(asyncio.Protocol):
    """Sends one request again and again, each when the response to the last is there."""

    def __init__(self, request: bytes, taken: list[tuple[float, float]]) -> None:
        self.request = request
        self.taken = taken
        self.received = b""
        self.failure = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        if isinstance(transport, asyncio.Transport):
            self.transport = transport
            self._send()

    def _send(self) -> None:
        self.sent = time.perf_counter()
        self.transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        """Note how long the response took, and ask again."""
        self.received += data
        head, end, body = self.received.partition(_END)
        if not end:
            return
        length = int(head.lower().partition(_LENGTH)[2].partition(b"\r\n")[0])
        if len(body) < length:
            return
        if not self.received.startswith(_OK):
            self.failure = self.received.decode(errors="replace")
            self.transport.close()
            return
        now = time.perf_counter()
        self.taken.append((now, now - self.sent))
        self.received = b""
        self._send()


async def main(port: int, seconds: float, request: bytes) -> dict[str, float]:
    """Ask for some seconds.

    Returns
    -------
    dict of str to float
        Requests per second, the median and 99th percentile of their time in milliseconds, and all answers.
    """
    loop = asyncio.get_running_loop()
    taken: list[tuple[float, float]] = []
    made = [
        await loop.create_connection(lambda: Connection(request, taken), "127.0.0.1", port) for _ in range(CONNECTIONS)
    ]
    started = time.perf_counter()
    await asyncio.sleep(seconds + WARM_UP)
    for transport, connection in made:
        transport.close()
        if connection.failure:
            sys.exit(connection.failure)
    times = sorted(one for at, one in taken if at - started > WARM_UP)
    if not times:
        sys.exit("no request was answered")
    rank = [times[int(len(times) * share)] * 1_000 for share in (0.5, 0.99)]
    return {"rate": len(times) / seconds, "p50": rank[0], "p99": rank[1], "answers": len(taken)}


if __name__ == "__main__":
    asked = sys.stdin.buffer.read()
    print(json.dumps(asyncio.run(main(int(sys.argv[1]), float(sys.argv[2]), asked))))
