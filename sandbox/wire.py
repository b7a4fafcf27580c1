"""What monty's own process is told and tells: length, then a message of its protocol (protobuf), of which this is the
part we use. Only texts pass: values are JSON on both sides.

`tests/sandbox/test_monty_binding.py` holds the pinned version to it. Field numbers are those of monty 1.4.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

_VERSION: Final = "1.4.0"
_PROTOCOL: Final = 6
_NO_CALLS: Final = 1_000_000
"""What may be asked is counted by `Run`, and by the gateway."""


class Unheard(Exception):
    """What came is no message of this protocol."""


@dataclass(frozen=True, slots=True)
class Printed:
    """`stream`: 1 for what is printed, 2 for what is printed to stderr."""

    stream: int
    text: str


@dataclass(frozen=True, slots=True)
class Called:
    """A function that is not the program's: one of ours, or none. Wants `returned`, `raised` or `unknown`. `text` is
    its first argument, if that is a text."""

    name: str
    text: str | None
    number: int


@dataclass(frozen=True, slots=True)
class Named:
    """A name that is not the program's. Wants `function` or `undefined`."""

    name: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """Something of a machine: a file, a module, a pause. `what`: the number of its kind. Wants `refused`, or `raised`;
    a module `unknown`."""

    what: int
    number: int


@dataclass(frozen=True, slots=True)
class Completed:
    """`text`: what the last expression came to, if it is a text."""

    text: str | None


@dataclass(frozen=True, slots=True)
class Frame:
    file: str
    line: int
    column: int
    name: str


@dataclass(frozen=True, slots=True)
class Failed:
    """`frames`: outermost first."""

    name: str
    message: str
    frames: tuple[Frame, ...]


@dataclass(frozen=True, slots=True)
class Agreed:
    pass


Event = Printed | Called | Named | Wanted | Completed | Failed | Agreed

MODULE: Final = 31
"""`Wanted.what` of an import."""
SLEEPS: Final = frozenset({29, 30})


# What it is told.


def configured(file: str, memory: int, seconds: float, depth: int) -> bytes:
    """Begins a session."""
    micros = max(1, int(seconds * 1_000_000))
    limits = _number(2, memory) + _number(4, depth) + _number(5, _NO_CALLS) + _number(6, micros)
    # Its own clock, in UTC, and the system's random numbers; pauses come to us.
    policy = _part(1, b"") + _part(4, _part(1, b"")) + _part(5, _part(1, _number(1, 1))) + _part(6, b"") + _part(9, b"")
    # 6: no values in the messages of `assert`. 10: what is printed, at the end of each line.
    told = _text(1, file) + _part(2, limits) + _text(5, _VERSION) + _number(6, 0) + _number(7, 1)
    return _part(1, told + _number(9, _PROTOCOL) + _number(10, 0) + _part(11, policy))


def fed(code: str, given: Mapping[str, str]) -> bytes:
    """Runs a text in the session, with these globals."""
    names = [_part(2, _text(1, name) + _number(2, index)) for index, name in enumerate(given)]
    return _part(3, _text(1, code) + b"".join(names) + _part(3, _graph(_text(8, text) for text in given.values())))


def returned(call: Called, text: str) -> bytes:
    return _part(4, _number(1, call.number) + _part(2, _number(1, 0)) + _part(3, _graph([_text(8, text)])))


def raised(call: Called | Wanted, name: str, message: str) -> bytes:
    """`name` of one of Python's own exceptions."""
    return _part(4, _number(1, call.number) + _part(2, _part(2, _text(1, name) + _text(2, message))))


def unknown(call: Called | Wanted, name: str) -> bytes:
    """There is no such function, or module."""
    return _part(4, _number(1, call.number) + _part(2, _text(4, name)))


def refused(call: Wanted) -> bytes:
    """As where nobody has such a thing."""
    return _part(4, _number(1, call.number) + _part(2, _part(5, b"")))


def function(name: str) -> bytes:
    """To a `Named`: it is one of ours."""
    return _part(5, _part(1, _graph([_part(25, _text(1, name))])) + _number(2, 0))


def undefined() -> bytes:
    return _part(5, _part(3, b""))


def reset() -> bytes:
    """Ends the session, with everything in it."""
    return _part(9, b"")


def _graph(nodes: Iterable[bytes]) -> bytes:
    """Values, which name each other by their place."""
    parts = [_part(2, node) for node in nodes]
    return _number(1, len(parts)) + b"".join(parts) if parts else b""


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _text(field: int, text: str) -> bytes:
    return _part(field, text.encode("utf-8", "replace"))


def _part(field: int, payload: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(payload)) + payload


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


# What it tells.


def read(payload: bytes) -> Event:
    """Raises `Unheard`."""
    try:
        for kind, told in _fields(payload):
            reader = _READERS.get(kind)
            if reader is not None and isinstance(told, bytes):
                return reader(told)
    except (ValueError, IndexError) as error:
        raise Unheard(str(error)) from None
    raise Unheard("a message of no kind")


def _printed(told: bytes) -> Printed:
    inner = _message(_message(told).get(1))
    return Printed(_whole(inner.get(1)), _words(inner.get(2)))


def _called(told: bytes) -> Called:
    parts = _message(told)
    packed = parts.get(2)
    text = None
    if isinstance(packed, bytes) and packed:
        first, _ = _number_at(packed, 0)
        text = _node(parts.get(7), first)
    return Called(_words(parts.get(1)), text, _whole(parts.get(4)))


def _wanted(told: bytes) -> Wanted:
    number, what = 0, 0
    for field, value in _fields(told):
        if field == 1:
            number = _whole(value)
        elif field < 50:
            what = field
    return Wanted(what, number)


def _named(told: bytes) -> Named:
    return Named(_words(_message(told).get(1)))


def _completed(told: bytes) -> Completed:
    parts = _message(told)
    return Completed(_node(parts.get(2), _whole(parts.get(1))))


def _failed(told: bytes) -> Failed:
    name, message, frames = "", "", []
    for field, value in _fields(_of(_message(told).get(1))):
        if field == 1:
            name = _words(value)
        elif field == 2:
            message = _words(value)
        elif field == 3:
            frames.append(_frame(_message(value)))
    return Failed(name, message, tuple(frames))


def _frame(parts: Mapping[int, int | bytes]) -> Frame:
    start = _message(parts.get(2))
    return Frame(_words(parts.get(1)), _whole(start.get(1)), _whole(start.get(2)), _words(parts.get(4)))


_READERS: Final[Mapping[int, Callable[[bytes], Event]]] = {
    1: _printed,
    2: _called,
    3: _wanted,
    4: _named,
    6: _completed,
    7: _failed,
    10: lambda _: Agreed(),
    11: lambda told: Failed("FatalError", _words(_message(told).get(1)), ()),
}


def _node(graph: int | bytes | None, index: int) -> str | None:
    """The value at that place, if it is a text."""
    nodes = [value for field, value in _fields(_of(graph)) if field == 2]
    text = _message(nodes[index]).get(8)
    return None if text is None else _words(text)


def _message(value: int | bytes | None) -> dict[int, int | bytes]:
    return dict(_fields(_of(value)))


def _fields(payload: bytes) -> Iterator[tuple[int, int | bytes]]:
    at, end = 0, len(payload)
    while at < end:
        key, at = _number_at(payload, at)
        field, form = key >> 3, key & 7
        if form == 0:
            value, at = _number_at(payload, at)
            yield field, value
            continue
        if form == 2:
            size, at = _number_at(payload, at)
        elif form in _FIXED:
            size = _FIXED[form]
        else:
            raise ValueError(f"a field of the form {form}")
        if size > end - at:
            raise ValueError("a field that ends after its message")
        yield field, payload[at : at + size]
        at += size


_FIXED: Final = {1: 8, 5: 4}


def _number_at(payload: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = payload[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError("a number without an end")


def _of(value: int | bytes | None) -> bytes:
    if value is None:
        return b""
    if isinstance(value, int):
        raise ValueError("a number where a message should be")
    return value


def _whole(value: int | bytes | None) -> int:
    if value is None:
        return 0
    if not isinstance(value, int):
        raise ValueError("a message where a number should be")
    return value


def _words(value: int | bytes | None) -> str:
    return _of(value).decode("utf-8", "replace")
