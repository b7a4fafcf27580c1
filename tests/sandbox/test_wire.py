"""Messages of a process that may be owned: each is one of ours, or none."""

from __future__ import annotations

import random

import pytest

from tidegate.sandbox import wire

EVENTS = [
    # As monty 1.4.0 has sent them.
    (b"\n\x0c\n\n\x08\x01\x12\x06hello\n", wire.Printed(1, "hello\n")),
    (b"\x12\x0f\n\x01h\x12\x01\x00:\x07\x08\x01\x12\x03B\x01x", wire.Called("h", "x", 0)),
    (b'"\x06\n\x04nope', wire.Named("nope")),
    (b"2\n\x12\x08\x08\x01\x12\x04B\x02ok", wire.Completed("ok")),
    (b"2\x08\x12\x06\x08\x01\x12\x02(\x08", wire.Completed(None)),
    (b"R\x00", wire.Agreed()),
    (b"Z\x06\n\x04gone", wire.Failed("FatalError", "gone", ())),
]


@pytest.mark.parametrize(("payload", "event"), EVENTS)
def test_events_are_read(payload: bytes, event: wire.Event) -> None:
    assert wire.read(payload) == event


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xff",
        b"\xff" * 20,
        b"\x0a\x7f",
        b"\x0a\x02\x0a\x05",
        b"\x08\x01",
        b"\x0b",
        b"\x12\x04\x12\x02\xff\xff",
        b"2\x04\x08\x63\x12\x00",
        b"\x7a\x01a",
    ],
)
def test_what_is_none_is_no_event(payload: bytes) -> None:
    with pytest.raises(wire.Unheard):
        wire.read(payload)


def test_whatever_comes_is_an_event_or_none() -> None:
    dice = random.Random(7)
    for _ in range(3000):
        payload = bytearray(dice.choice(EVENTS)[0])
        for _ in range(dice.randrange(1, 4)):
            at = dice.randrange(len(payload) + 1)
            payload[at : at + dice.randrange(2)] = dice.randbytes(dice.randrange(3))
        try:
            wire.read(bytes(payload))
        except wire.Unheard:
            continue
