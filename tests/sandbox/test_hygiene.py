"""JSON from anybody: a value that everything after it can take, or an error of ours."""

from __future__ import annotations

import json
import math
from contextlib import suppress

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.core.json import Json
from tidegate.sandbox.hygiene import TooDeep, Unfit, decode, deeper, encode

texts = st.text(alphabet=st.characters())
values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**70), 2**70),
        st.floats(allow_nan=False),
        st.text(alphabet=st.characters()),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=3), inner, max_size=4)),
    max_leaves=20,
)


@given(values)
def test_what_is_decoded_can_be_used(value: Json) -> None:
    try:
        decoded = decode(json.dumps(value).encode(), 50)
    except Unfit:
        assert "Infinity" in json.dumps(value)
        return
    # Everything that takes values from here: UTF-8, 64 bits, no NUL.
    assert "\\u0000" not in orjson.dumps(decoded).decode()


@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    with suppress(Unfit):
        orjson.dumps(decode(data, 10))


@given(values)
def test_what_is_harmless_comes_back_as_it_was(value: Json) -> None:
    try:
        text = orjson.dumps(value)
    except TypeError:
        return
    if b"\\u0000" in text:
        return
    decoded = decode(text, 50)
    assert decoded == json.loads(text) or any(abs(number) >= 2**63 for number in numbers(value))


def numbers(value: Json) -> list[float]:
    match value:
        case bool() | str() | None:
            return []
        case int() | float():
            return [value]
        case dict():
            return [number for inner in value.values() for number in numbers(inner)]
        case list():
            return [number for inner in value for number in numbers(inner)]
    return []


@pytest.mark.parametrize("depth", [1, 2, 5, 63, 64])
def test_depth(depth: int) -> None:
    fits, too_deep = b"[" * depth + b"1" + b"]" * depth, b'{"a":' * depth + b"[1]" + b"}" * depth
    assert decode(fits, depth) is not None
    for payload in (too_deep, b'["\\ud800",' + too_deep + b"]"):
        with pytest.raises(TooDeep):
            decode(payload, depth)


@pytest.mark.parametrize("count", [1000, 100_000])
@pytest.mark.parametrize("tail", [b"", b'"\\ud800"'])
def test_depth_that_would_exhaust_the_stack(count: int, tail: bytes) -> None:
    with pytest.raises(TooDeep):
        decode(b"[" * count + tail + b"]" * count, 64)


def test_a_long_list_is_not_deep() -> None:
    assert not deeper([[]] * 1000, 2)
    assert decode(b"[" + b"[1]," * 1000 + b"[1]]", 2) == [[1]] * 1001


@pytest.mark.parametrize(
    "payload", [b"NaN", b"Infinity", b"-Infinity", b"1e400", b"[1e999,12345678901234567890]", b"9" * 5000]
)
def test_numbers_that_are_none(payload: bytes) -> None:
    with pytest.raises(Unfit):
        decode(payload, 5)


def test_numbers_beyond_64_bits_are_floating() -> None:
    for number in (2**63, 2**64, -(2**63) - 1, 10**30):
        decoded = decode(str(number).encode(), 1)
        assert isinstance(decoded, float)
        assert math.isclose(decoded, number)
    assert decode(str(-(2**63)).encode(), 1) == -(2**63)


def test_what_is_sent_to_a_worker_may_hold_anything_that_python_can() -> None:
    assert json.loads(encode({"a": "\ud800", "b": (1, 2), "c": 2**70})) == {"a": "\ud800", "b": [1, 2], "c": 2**70}
    with pytest.raises(TypeError):
        encode(object())
