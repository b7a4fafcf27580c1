"""Many websockets with one subscription each, and mutations that those who listen must hear of.

    python -m bench.subscribers PORT PATH COUNT MUTATION SUBSCRIPTION [KEYS]

A process of its own, on epoll alone, so that it costs less than what it measures. It prints a line of JSON once all
have subscribed. Then, for each line `{"writes": N, "first": NUMBER}` it is given, it sends N mutations, one after the
other, and prints another: when each was answered and when the last frame with what it wrote had come, in milliseconds
since it was sent; how many frames had what was written, and how many others came; its own processor time; one frame.
In SUBSCRIPTION, `{key}` is the subscriber's number; with KEYS, a write concerns one subscriber and not all. Frames are
counted, and searched for what was written; they are not decoded.
"""

from __future__ import annotations

import json
import select
import socket
import sys
import time
from dataclasses import asdict, dataclass, field
from typing import Final
from uuid import UUID

from bench.load import complete_body

PATIENCE: Final = 120.0
PAUSE: Final = 0.1
"""Seconds after each write, counted as part of it: what a server does late is its work as well."""
SLOWEST: Final = 0.02
"""Seconds for a frame, of the slowest servers."""
LONGEST: Final = 1 << 20
TEXT: Final = 0x81
PING: Final = 0x89


@dataclass(slots=True)
class Taken:
    answered: list[float] = field(default_factory=list)
    last: list[float] = field(default_factory=list)
    fresh: int = 0
    other: int = 0
    load: float = 0.0
    frame: str = ""


class Subscribers:
    """Raises OSError, TimeoutError or RuntimeError where a server does not do its part."""

    def __init__(self, port: int, path: str, many: int, mutation: str, subscription: str, keyed: bool) -> None:
        self._port = port
        self._path = path
        self._mutation = mutation
        self._keyed = keyed
        self._poll = select.epoll()
        self._buffer = bytearray(LONGEST)
        self._sockets: list[socket.socket] = []
        self._by_number: dict[int, socket.socket] = {}
        self._partial: dict[int, bytearray] = {}
        self._http = socket.socket()
        self._answered = 0.0
        for key in range(1, many + 1):
            self._subscribe(key, subscription.replace("{key}", str(key)))
            if key % 100 == 0:
                # Pings are answered meanwhile.
                self._listen(time.perf_counter() + 0.001)

    def settle(self) -> Taken:
        """Until everybody has heard of a write: a subscription is not acknowledged, and comes into force some time."""
        key = len(self._sockets) if self._keyed else 1
        patience = 5.0 + len(self._sockets) * SLOWEST
        ended = time.perf_counter() + PATIENCE
        while True:
            self._listen(time.perf_counter() + 0.5)
            taken = Taken()
            try:
                # Two, for one of them may be what is there already.
                self._write(key, 0, Taken(), patience)
                self._write(key, 1, taken, patience)
            except TimeoutError:
                if time.perf_counter() > ended:
                    raise
            else:
                self._listen(time.perf_counter() + 0.5)
                return taken

    def run(self, writes: int, first: int) -> Taken:
        taken = Taken()
        spent = time.process_time()
        for number in range(first, first + writes):
            key = 1 + number * 7919 % len(self._sockets) if self._keyed else 1 + number % 7
            self._write(key, number, taken, PATIENCE)
            spare = time.perf_counter() + PAUSE
            taken.other += self._listen(spare)
        taken.load = time.process_time() - spent
        return taken

    def idle(self) -> str:
        """The next line of stdin; pings are answered meanwhile."""
        stdin = sys.stdin.fileno()
        self._poll.register(stdin, select.EPOLLIN)
        while True:
            for descriptor, _ in self._poll.poll():
                if descriptor == stdin:
                    self._poll.unregister(stdin)
                    return sys.stdin.readline()
                if self._frames(descriptor):
                    raise RuntimeError("A frame that nobody was waiting for.")

    def _subscribe(self, key: int, subscription: str) -> None:
        # At once: servers wait for a connection_init for some seconds only.
        one = self._upgraded()
        subscribe(one, str(UUID(int=key)), subscription)
        one.setblocking(False)
        self._sockets.append(one)
        self._by_number[one.fileno()] = one
        self._poll.register(one.fileno(), select.EPOLLIN)

    def _upgraded(self) -> socket.socket:
        one = socket.create_connection(("127.0.0.1", self._port), timeout=PATIENCE)
        one.sendall(
            f"GET {self._path} HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\n"
            "Upgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n".encode()
        )
        head = b""
        while b"\r\n\r\n" not in head:
            chunk = one.recv(4096)
            if not chunk:
                raise RuntimeError(f"A websocket was refused: {head!r}")
            head += chunk
        if not head.startswith(b"HTTP/1.1 101"):
            raise RuntimeError(f"A websocket was refused: {head!r}")
        return one

    def _open_http(self) -> int:
        """Anew, unless it was in use just now: servers close what is idle for some seconds."""
        if time.perf_counter() - self._answered > 1.0:
            self._http.close()
            self._http = socket.create_connection(("127.0.0.1", self._port))
        self._poll.register(self._http.fileno(), select.EPOLLIN)
        return self._http.fileno()

    def _write(self, key: int, number: int, taken: Taken, patience: float) -> None:
        """One mutation; returns when it was answered and everybody concerned has a frame with what it wrote."""
        title = f"Number {number:08d}: the printer is on fire"
        # As clients send it, so that servers know the document from the second time on.
        query = f"mutation Rename($id: Int!, $title: String!) {{ {self._mutation}(id: $id, title: $title) {{ id }} }}"
        body = json.dumps({"query": query, "variables": {"id": key, "title": title}}).encode()
        head = (
            f"POST {self._path} HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\nContent-Type: application/json\r\n"
            f"Accept: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        waiting = {self._sockets[key - 1].fileno()} if self._keyed else set(self._by_number)
        marker, received, answer = title.encode(), bytearray(), None
        http = self._open_http()
        started = time.perf_counter()
        until = started + patience
        self._http.sendall(head.encode() + body)
        while waiting or answer is None:
            ready = self._poll.poll(until - time.perf_counter() if until > time.perf_counter() else 0, 1024)
            if not ready and time.perf_counter() > until:
                self._answered = 0.0
                raise TimeoutError(f"{len(waiting)} of {len(self._sockets)} have not heard of a write.")
            for descriptor, _ in ready:
                if descriptor == http:
                    received += self._http.recv(65536)
                    answer = complete_body(received)
                    if answer is not None:
                        self._poll.unregister(http)
                        self._answered = time.perf_counter()
                        taken.answered.append(1000 * (time.perf_counter() - started))
                    continue
                for size in self._frames(descriptor):
                    if self._buffer.find(marker, 0, size) >= 0:
                        waiting.discard(descriptor)
                        taken.fresh += 1
                        taken.frame = taken.frame or self._buffer[4:size].decode()
                    else:
                        taken.other += 1
        taken.last.append(1000 * (time.perf_counter() - started))
        if b'"errors"' in answer:
            raise RuntimeError(answer.decode())

    def _listen(self, until: float) -> int:
        """How many frames come until then: nobody should need them."""
        frames = 0
        while (left := until - time.perf_counter()) > 0:
            for descriptor, _ in self._poll.poll(left, 1024):
                frames += sum(1 for _ in self._frames(descriptor))
        return frames

    def _frames(self, descriptor: int) -> tuple[int, ...] | list[int]:
        """Reads what has come; gives the sizes of whole text frames, each of them at the start of the buffer while its
        size is looked at. Most often there is one, and nothing else."""
        buffer = self._buffer
        partial = self._partial.get(descriptor)
        size = self._by_number[descriptor].recv_into(buffer)
        if size == 0:
            raise RuntimeError("A server has closed a websocket.")
        if (
            not partial
            and size > 4
            and buffer[0] == 0x81
            and buffer[1] == 126
            and (buffer[2] << 8 | buffer[3]) == size - 4
        ):
            return (size,)
        return self._slowly(descriptor, partial or bytearray(), size)

    def _slowly(self, descriptor: int, partial: bytearray, size: int) -> list[int]:
        partial += memoryview(self._buffer)[:size]
        sizes: list[int] = []
        texts = []
        while (whole := frame_size(partial)) and whole <= len(partial):
            if partial[0] == TEXT:
                texts.append(bytes(partial[:whole]))
            elif partial[0] == PING:
                # Who does not answer is taken for dead.
                self._by_number[descriptor].sendall(bytes((0x8A, 0x80 | whole - 2, 0, 0, 0, 0)) + partial[2:whole])
            del partial[:whole]
        self._partial[descriptor] = partial
        if len(texts) > 1:
            raise RuntimeError("Two frames at once: a server sends more than the newest result.")
        for text in texts:
            self._buffer[: len(text)] = text
            sizes.append(len(text))
        return sizes


def frame_size(received: bytearray) -> int:
    """Of the frame that begins here, head included; 0 while that cannot be known."""
    if len(received) < 2:
        return 0
    if received[1] < 126:
        return 2 + received[1]
    width = 2 if received[1] == 126 else 8
    if len(received) < 2 + width:
        return 0
    return 2 + width + int.from_bytes(received[2 : 2 + width], "big")


def masked(message: object) -> bytes:
    """A client's frame. The mask is zeros, which the standard does not forbid."""
    text = json.dumps(message, separators=(",", ":")).encode()
    size = bytes([0x80 | len(text)]) if len(text) < 126 else b"\xfe" + len(text).to_bytes(2, "big")
    return b"\x81" + size + b"\0\0\0\0" + text


def subscribe(one: socket.socket, id: str, query: str) -> None:
    one.sendall(masked({"type": "connection_init"}))
    received = bytearray()
    while not (whole := frame_size(received)) or len(received) < whole:
        chunk = one.recv(4096)
        if not chunk:
            raise RuntimeError(f"A connection_init was refused: {bytes(received)!r}")
        received += chunk
    if b"connection_ack" not in received:
        raise RuntimeError(f"A connection_init was not acknowledged: {bytes(received)!r}")
    one.sendall(masked({"id": id, "type": "subscribe", "payload": {"query": query}}))


def main(port: str, path: str, many: str, mutation: str, subscription: str, *keyed: str) -> None:
    subscribers = Subscribers(int(port), path, int(many), mutation, subscription, bool(keyed))
    print(json.dumps(asdict(subscribers.settle())), flush=True)
    while line := subscribers.idle():
        print(json.dumps(asdict(subscribers.run(**json.loads(line)))), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
