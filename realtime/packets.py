"""What goes over a Socket.IO connection, as text: read strictly, and written once for everybody.

Engine.IO 4 carries Socket.IO 5: a packet of the one is a digit and, in a message, a packet of the other.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Any, Final

import orjson
from socketio.packet import CONNECT, DISCONNECT, EVENT, Packet

from tidegate.core.json import Json

RESERVED: Final = frozenset(
    {"connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"}
)
"""No names of events. Source: the Socket.IO protocol 5, and its client, which ends a connection over them."""

_SHAPE: Final = re.compile(r"([012])(?:(/[^,]{0,200})(?:,|$))?([0-9]{1,15})?(.*)", re.DOTALL)


class Kind(StrEnum):
    """Engine.IO's packets by their first character."""

    OPEN = "0"
    CLOSE = "1"
    PING = "2"
    PONG = "3"
    MESSAGE = "4"
    UPGRADE = "5"
    NOOP = "6"


class ProtocolError(Exception):
    """This is nothing that a client may say: its connection is closed."""


class ClientPacket(Packet):  # type: ignore[misc]
    """python-socketio's packet, read without its leniency: three kinds, no binary data, JSON of the right shape."""

    uses_binary_events = False

    def decode(self, encoded_packet: str) -> int:
        """Raises `ProtocolError`."""
        match = _SHAPE.fullmatch(encoded_packet)
        if match is None:
            raise ProtocolError("not a packet that a client may send")
        kind, namespace, number, text = match.groups()
        self.packet_type = int(kind)
        self.namespace = namespace.partition("?")[0] if namespace else None
        self.id = int(number) if number else None
        self.data = _json(text) if text else None
        if not self._is_sound():
            raise ProtocolError("a packet of the wrong shape")
        return 0

    def _is_sound(self) -> bool:
        match self.packet_type:
            case _ if self.packet_type == EVENT:
                name = self.data[0] if isinstance(self.data, list) and self.data else None
                return isinstance(name, str) and name not in RESERVED
            case _ if self.packet_type == CONNECT:
                return self.id is None and (self.data is None or isinstance(self.data, dict))
        return self.packet_type == DISCONNECT and self.id is None and self.data is None


# Any: the client's JSON.
def _json(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        raise ProtocolError("a packet whose data is not JSON") from None


class Message:
    """A packet for many, as it goes over a websocket: frames of servers are the same bytes for everybody."""

    __slots__ = ("_head", "frame")

    def __init__(self, text: bytes) -> None:
        size = len(text)
        if size < 126:
            head = b"\x81%c" % size
        elif size < 65536:
            head = b"\x81\x7e%b" % size.to_bytes(2, "big")
        else:
            head = b"\x81\x7f%b" % size.to_bytes(8, "big")
        self._head = len(head)
        self.frame = head + text

    @property
    def text(self) -> bytes:
        return self.frame[self._head :]

    @property
    def view(self) -> memoryview:
        """The text, not copied."""
        return memoryview(self.frame)[self._head :]


def event_start(event: str, data: Json, most: int) -> bytes:
    """A message that emits an event, up to where its list is closed, or goes on with an offset. Raises `TypeError` for
    what is not JSON, and `ValueError` for data of more bytes than `most`."""
    encoded = orjson.dumps(data)
    if len(encoded) > most:
        raise ValueError(f"Its data has {len(encoded)} bytes, and {most} is the most.")
    return b"42[%b,%b" % (orjson.dumps(event), encoded)


def plain_event(event: str, *arguments: str) -> bytes:
    """A message that emits one of our own events."""
    return b"42" + orjson.dumps([event, *arguments])
