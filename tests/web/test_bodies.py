"""Bodies: what is JSON here, and what is not."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.web.answers import Refusal
from tidegate.web.bodies import DEEPEST, read_json


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"NaN",
        b"[Infinity]",
        b"{'a': 1}",
        b'{"a": 1,}',
        b"// a\n1",
        b'"\\ud800"',
        b'"\\udc00\\ud800"',
        b'"\xff"',
        b'"\xed\xa0\x80"',
        b'"\xc0\x80"',
        b"\xef\xbb\xbf{}",
        b"\xff\xfe{\x00}\x00",
        '"é"'.encode("latin-1"),
        b'"\x00"',
        b'{"a": 1}\x00',
        b"1e400",
        b"9" * 5000,
        b"-9223372036854775809",
        b"9223372036854775808",
        b'{"a": [18446744073709551615]}',
        b'{"a": 99999999999999999999999999999}',
        b"[" * 100_000,
        b"[" * (DEEPEST + 1) + b"]" * (DEEPEST + 1),
        b'{"a":' * (DEEPEST + 1) + b"1" + b"}" * (DEEPEST + 1),
        b"[" * 1000 + b"]" * 1000,
    ],
)
def test_refused(text: bytes) -> None:
    with pytest.raises(Refusal) as caught:
        read_json(text)
    assert caught.value.status == 400


@pytest.mark.parametrize(
    "text",
    [
        b"null",
        b'"\\u0000"',
        b'"\\ud83c\\udfc3"',
        b"9223372036854775807",
        b"-9223372036854775808",
        b'"99999999999999999999999999999"',
        b"0.12345678901234567890123",
        b"1e30",
        b"[" * DEEPEST + b"]" * DEEPEST,
        b"[" + b"[]," * 500 + b"{}]",
    ],
)
def test_taken(text: bytes) -> None:
    assert read_json(text) == json.loads(text)


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text('aé\0🏃"\\', max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("ab", max_size=3), inner, max_size=4),
    max_leaves=20,
)


@given(values)
def test_every_json_value_is_read_as_it_is(value: Any) -> None:
    assert read_json(orjson.dumps(value)) == value


@given(st.binary(max_size=40) | st.text('[]{}",:0129e.-', max_size=40).map(str.encode))
def test_nothing_breaks_it(text: bytes) -> None:
    with suppress(Refusal):
        read_json(text)
