"""Many clients of Socket.IO over websockets, and events that all of them must hear.

    python -m bench.listeners PORT CONTROL COUNT

A process of its own, on epoll alone. It prints a line of JSON once all are connected. Then, for each line
`{"events": N, "first": NUMBER}` it is given, it has N events emitted, one after the other, and prints another: when
each had come to everybody, in milliseconds, how many frames those were, and one of them.
"""

from __future__ import annotations

import json
import select
import socket
import sys
import time
from typing import Final

from bench.subscribers import frame_size

PATIENCE: Final = 120.0
PAUSE: Final = 0.05
"""Seconds after each event, counted as part of it: what a server does late is its work as well."""
UPGRADE: Final = (
    "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
CONNECT: Final = b"\x81\x82\0\0\0\x0040"
CONTROL_PING: Final = 0x89
PONG: Final = b"\x81\x81\0\0\0\x003"


class Listeners:
    def __init__(self, port: int, control: int, count: int) -> None:
        self._poll = select.epoll()
        self._sockets: dict[int, socket.socket] = {}
        self._received: dict[int, bytearray] = {}
        self._control = socket.create_connection(("127.0.0.1", control), timeout=PATIENCE)
        for number in range(count):
            if number % 100 == 0:
                # Pings are answered meanwhile.
                self.rest(time.perf_counter() + 0.001)
            one = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
            one.sendall(UPGRADE.format(port=port).encode())
            received = bytearray()
            while b"\r\n\r\n" not in received:
                received += one.recv(4096)
            del received[: received.index(b"\r\n\r\n") + 4]
            opened = connected = b""
            while not opened.startswith(b"0{"):
                opened = self._next(one, received)
            one.sendall(CONNECT)
            while not connected.startswith(b"40{"):
                connected = self._next(one, received)
            one.setblocking(False)
            self._sockets[one.fileno()] = one
            self._received[one.fileno()] = received
            self._poll.register(one.fileno(), select.EPOLLIN)

    def emit(self, number: int) -> tuple[float, int, str]:
        """Until everybody has heard it: milliseconds, frames, and one of them."""
        marker = b"event %08d" % number
        waiting = set(self._sockets)
        frames, sample = 0, ""
        started = time.perf_counter()
        self._control.sendall(marker + b"\n")
        while waiting:
            if time.perf_counter() - started > PATIENCE:
                raise TimeoutError(f"{len(waiting)} have not heard of an event.")
            for descriptor, _ in self._poll.poll(1.0, 1024):
                for packet in self._packets(descriptor):
                    if marker in packet:
                        waiting.remove(descriptor)
                        frames += 1
                        sample = sample or packet.decode()
        return 1000 * (time.perf_counter() - started), frames, sample

    def rest(self, until: float) -> int:
        """Pings are answered meanwhile. How many other packets come."""
        packets = 0
        while (left := until - time.perf_counter()) > 0:
            for descriptor, _ in self._poll.poll(left, 1024):
                packets += len(self._packets(descriptor))
        return packets

    def idle(self) -> str:
        """The next line of stdin."""
        stdin = sys.stdin.fileno()
        self._poll.register(stdin, select.EPOLLIN)
        while True:
            for descriptor, _ in self._poll.poll():
                if descriptor == stdin:
                    self._poll.unregister(stdin)
                    return sys.stdin.readline()
                self._packets(descriptor)

    def _packets(self, descriptor: int) -> list[bytes]:
        one, received = self._sockets[descriptor], self._received[descriptor]
        chunk = one.recv(65536)
        if not chunk:
            raise RuntimeError("A server has closed a connection.")
        received += chunk
        packets = []
        while (whole := frame_size(received)) and whole <= len(received):
            control, packet = received[0] == CONTROL_PING, text_of(received[:whole])
            del received[:whole]
            if control:
                one.sendall(b"\x8a%c\0\0\0\0%b" % (0x80 | len(packet), packet))
            elif packet == b"2":
                one.sendall(PONG)
            else:
                packets.append(packet)
        return packets

    def _next(self, one: socket.socket, received: bytearray) -> bytes:
        while not (whole := frame_size(received)) or len(received) < whole:
            chunk = one.recv(4096)
            if not chunk:
                raise RuntimeError("A server has closed a connection.")
            received += chunk
        packet = text_of(received[:whole])
        del received[:whole]
        return packet


def text_of(frame: bytearray) -> bytes:
    head = 2 if frame[1] < 126 else 4 if frame[1] == 126 else 10
    return bytes(frame[head:])


def main(port: int, control: int, count: int) -> None:
    listeners = Listeners(port, control, count)
    print(json.dumps({"connected": count}), flush=True)
    while line := listeners.idle():
        command = json.loads(line)
        times, frames, other, sample = [], 0, 0, ""
        for number in range(command["first"], command["first"] + command["events"]):
            taken, heard, sample = listeners.emit(number)
            times.append(taken)
            frames += heard
            other += listeners.rest(time.perf_counter() + PAUSE)
        print(json.dumps({"times": times, "frames": frames, "other": other, "sample": sample}), flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
