"""JSON from a process that may send anything, made into values that the rest of the gateway can take.

Text: no NUL, which databases refuse, and U+FFFD for half a pair of surrogates, which nothing can encode. Numbers: whole
ones that fit into 64 bits or else the nearest floating one, never NaN and never infinite. Depth: bounded.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
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
    if text.isascii():
        return text.replace("\0", "") if "\0" in text else text
    return _SURROGATES.sub("\ufffd", text).replace("\0", "")


def deeper(value: Json, depth: int) -> bool:
    """Whether anything in it is nested deeper than that. Level by level: no depth can exhaust our own stack."""
    # Written to be fast: a program may send some hundred thousand values, and everybody waits.
    level: list[Any] = [value] if value and isinstance(value, dict | list) else []
    for _ in range(depth):
        following: list[Any] = []
        for each in level:
            inner = each.values() if type(each) is dict else each
            following += [one for one in inner if one and (type(one) is list or type(one) is dict)]
        if not following:
            return False
        level = following
    return bool(level)


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


# Any: as above.
def _clean(value: Any) -> Any:
    """Not deep any more, so it may call itself. As fast as `deeper`, for the same reason."""
    kind = type(value)
    if kind is str:
        return clean_text(value)
    if kind is list:
        return [_clean(inner) for inner in value]
    if kind is dict:
        return {clean_text(name): _clean(inner) for name, inner in value.items()}
    if kind is int:
        return value if -_LARGEST <= value < _LARGEST else _floating(value)
    return _floating(value) if kind is float else value


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
