"""What clients may say over Socket.IO."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode

from tidegate.realtime.packets import RESERVED, ClientPacket, Message, ProtocolError, event_start, plain_event


@pytest.mark.parametrize(
    ("text", "kind", "namespace", "number", "data"),
    [
        ("0", 0, None, None, None),
        ('0{"token":"x"}', 0, None, None, {"token": "x"}),
        ("0/admin,", 0, "/admin", None, None),
        ("0/admin", 0, "/admin", None, None),
        ('0/admin?a=b,{"c":[1]}', 0, "/admin", None, {"c": [1]}),
        ("1", 1, None, None, None),
        ('2["login",null]', 2, None, None, ["login", None]),
        ('212["a\\u00e4",{}]', 2, None, 12, ["aä", {}]),
        ('2/x,7["a"]', 2, "/x", 7, ["a"]),
    ],
)
def test_packets(text: str, kind: int, namespace: str | None, number: int | None, data: Any) -> None:
    packet = ClientPacket(encoded_packet=text)
    assert (packet.packet_type, packet.namespace, packet.id, packet.data) == (kind, namespace, number, data)


@pytest.mark.parametrize("name", sorted(RESERVED))
def test_reserved_names(name: str) -> None:
    with pytest.raises(ProtocolError):
        ClientPacket(encoded_packet=f'2["{name}"]')


def test_names_are_text_whatever_is_in_them() -> None:
    assert event_start('a"b\\\n', None, 4) + b"]" == b'42["a\\"b\\\\\\n",null]'
    assert plain_event("a", "b") == b'42["a","b"]'


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65535, 65536, 70000])
def test_a_message_is_a_frame(size: int) -> None:
    text = b"x" * size
    message = Message(text)
    assert message.text == text
    assert message.frame == Frame(Opcode.TEXT, text).serialize(mask=False)


PARTS = st.sampled_from(
    [*"0123456789", "[", "]", "{", "}", '"', ",", "/", "/a,", "-", "null", '["a"]', '{"b":1}', "\n"]
)


@given(st.one_of(st.text(min_size=1), st.lists(PARTS, min_size=1, max_size=12).map("".join)))
def test_anything_is_a_packet_or_an_error(text: str) -> None:
    try:
        packet = ClientPacket(encoded_packet=text)
    except ProtocolError:
        return
    assert packet.packet_type in (0, 1, 2)
    if packet.packet_type == 2:
        assert isinstance(packet.data, list)
        assert isinstance(packet.data[0], str)
    else:
        assert packet.data is None or isinstance(packet.data, dict)
