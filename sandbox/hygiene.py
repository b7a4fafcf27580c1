"""JSON from a process that may send anything, made into values that the rest of the gateway can take.

Text: no NUL, which databases refuse, and U+FFFD for half a pair of surrogates, which nothing can encode. Numbers: whole
ones that fit into 64 bits or else the nearest floating one, never NaN and never infinite. Depth: bounded.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, Final

import orjson

from tidegate.core.json import Json

_SUSPICIOUS: Final = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])|[0-9]{19}|[0-9][eE]\+?[0-9]{3}")
_SURROGATES: Final = re.compile("[\ud800-\udfff]")
_LARGEST: Final = 2**63


class Unfit(Exception):
    """It is no JSON, or none that is taken. The text is for the log."""


class TooDeep(Unfit):
    """Nested deeper than it may be."""


def decode(payload: bytes, depth: int) -> Json:
    """Values nest at most `depth` deep; a list or a mapping of plain values is 1. Raises `Unfit`."""
    suspicious = _SUSPICIOUS.search(payload) is not None
    try:
        value: Json = json.loads(payload, parse_constant=_refuse) if suspicious else orjson.loads(payload)
    except RecursionError:
        raise TooDeep("nested too deep to be read") from None
    except ValueError as error:
        if payload.count(b"[") + payload.count(b"{") > depth and "depth" in str(error):
            raise TooDeep("nested too deep to be read") from None
        raise Unfit(f"no JSON: {error}") from None
    if payload.count(b"[") + payload.count(b"{") > depth and deeper(value, depth):
        raise TooDeep(f"nested deeper than {depth}")
    return _clean(value) if suspicious else value


def encode(value: object) -> bytes:
    """JSON for a worker. Raises `TypeError` and `ValueError` for what is none."""
    try:
        return orjson.dumps(value, default=_plain)
    except TypeError:
        # Half a pair of surrogates, or a number beyond 64 bits.
        return json.dumps(value, default=_plain, allow_nan=False).encode()


def clean_text(text: str) -> str:
    return _SURROGATES.sub("\ufffd", text).replace("\0", "")


def deeper(value: Json, depth: int) -> bool:
    """Whether anything in it is nested deeper than that. Level by level: no depth can exhaust our own stack."""
    level: list[Any] = [value]
    for _ in range(depth + 1):
        level = [inner for each in level for inner in _within(each)]
        if not level:
            return False
    return True


# Any: whatever is no JSON by its type.
def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: getattr(value, each.name) for each in fields(value)}
    match value:
        case Mapping():
            return dict(value)
        case Sequence():
            return list(value)
        case _:
            raise TypeError(type(value).__name__)


# Any: JSON, seen for what it is at run time.
def _within(value: Any) -> Iterator[Any]:
    match value:
        case dict():
            inner = iter(value.values())
        case list():
            inner = iter(value)
        case _:
            return iter(())
    return inner


# Any: as above.
def _clean(value: Any) -> Any:
    """Not deep any more, so it may call itself."""
    match value:
        case str():
            return clean_text(value)
        case list():
            return [_clean(inner) for inner in value]
        case dict():
            return {clean_text(name): _clean(inner) for name, inner in value.items()}
        case bool():
            return value
        case int():
            return value if -_LARGEST <= value < _LARGEST else _floating(value)
        case float():
            return _floating(value)
        case _:
            return value


def _floating(value: float) -> float:
    try:
        number = float(value)
    except OverflowError:
        number = float("inf")
    if number - number != 0:
        raise Unfit("a number that is not finite")
    return number


def _refuse(name: str) -> float:
    raise ValueError(name)
