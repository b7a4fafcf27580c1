"""A closed-loop load generator: keep-alive connections, each with one request under way.

    python -m bench.load PORT PATH CONNECTIONS SECONDS < body

A process of its own. Prints JSON: requests, seconds, p50 and p99 in milliseconds, and how many answers were not the
same bytes as the first one, or not 200.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import cast

import uvloop

PATIENCE = 30.0


class Connection(asyncio.Protocol):
    """Sends the next request as soon as an answer is complete."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._received = bytearray()
        self._transport: asyncio.WriteTransport
        self._sent = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)  # uvloop's is none by its class
        self._send()

    def data_received(self, data: bytes) -> None:
        self._received += data
        body = complete_body(self._received)
        if body is None:
            return
        ok = self._received.startswith(b"HTTP/1.1 200")
        self._received = bytearray()
        if self._load.answered(time.perf_counter() - self._sent, ok, body):
            self._send()
        else:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._load.lost(exc)

    def _send(self) -> None:
        self._sent = time.perf_counter()
        self._transport.write(self._load.request)


def complete_body(received: bytearray) -> bytes | None:
    """The answer's body, or none while bytes are missing. Content-Length or chunked."""
    end = received.find(b"\r\n\r\n")
    if end < 0:
        return None
    head = bytes(received[:end]).lower()
    at = head.find(b"\r\ncontent-length:")
    if at >= 0:
        length = int(head[at + 17 :].partition(b"\r\n")[0])
        return bytes(received[end + 4 :]) if len(received) >= end + 4 + length else None
    if b"\r\ntransfer-encoding: chunked" not in head:
        raise ValueError(f"An answer without a length: {head!r}")
    return bytes(received[end + 4 :]) if received.endswith(b"0\r\n\r\n") else None


class Load:
    """Counts answers until the time is over."""

    def __init__(self, request: bytes, connections: int, seconds: float) -> None:
        self.request = request
        self._seconds = seconds
        self._open = connections
        self._latencies: list[float] = []
        self._expected: bytes | None = None
        self._wrong = 0
        self._started = time.perf_counter()
        self._ended = self._started
        self._done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def answered(self, latency: float, ok: bool, body: bytes) -> bool:
        """Whether to go on."""
        self._latencies.append(latency)
        if self._expected is None:
            self._expected = body
        self._wrong += not ok or body != self._expected
        self._ended = time.perf_counter()
        return self._ended - self._started < self._seconds

    def lost(self, error: Exception | None) -> None:
        self._open -= 1
        if self._done.done():
            return
        if error is not None:
            self._done.set_exception(error)
        elif self._open == 0:
            self._done.set_result(None)

    async def run(self, port: int, connections: int) -> dict[str, float]:
        loop = asyncio.get_running_loop()
        self._started = time.perf_counter()
        for _ in range(connections):
            await loop.create_connection(lambda: Connection(self), "127.0.0.1", port)
        async with asyncio.timeout(self._seconds + PATIENCE):
            await self._done
        ordered = sorted(self._latencies)
        return {
            "requests": len(ordered),
            "seconds": self._ended - self._started,
            "p50": 1000 * ordered[len(ordered) // 2],
            "p99": 1000 * ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)],
            "wrong": self._wrong,
        }


async def main(port: int, path: str, connections: int, seconds: float, body: bytes) -> None:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
        f"Accept: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    load = Load(head.encode() + body, connections, seconds)
    print(json.dumps(await load.run(port, connections)))


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), float(sys.argv[4]), sys.stdin.buffer.read()))
