"""The address of a request: the author's words, and values that cannot leave the place they stand in."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import quote, urlencode

from tidegate.core.errors import Code, OperationError
from tidegate.core.expressions import as_text
from tidegate.core.json import Given, Json, Missing

LONGEST: Final = 2000
"""Characters of one value in a path."""

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_SEPARATOR: Final = re.compile(r"[/\\]")
_ITEM: Final = re.compile(r"[\[\x00]")
_WORDS_KEEP: Final = "/%:@!$&'()*+,;=~-._"
_UP: Final = frozenset({".", ".."})


def wrong_words(words: str) -> str:
    """What is wrong with the author's own words of a path; nothing where they are right."""
    if "?" in words or "#" in words:
        return "params"
    if _CONTROL.search(words) or "\\" in words or "//" in words or not _UP.isdisjoint(words.split("/")):
        return "form"
    return ""


def fill_path(parts: Sequence[str | int], values: Sequence[Given]) -> str:
    """`parts`: the author's words, and places of values. A value is one segment, or part of one, whatever it holds.
    Raises `OperationError`: BAD_USER_INPUT for what cannot be one, as nothing and `..`."""
    path = "".join(quote(part, safe=_WORDS_KEEP) if isinstance(part, str) else _segment(values[part]) for part in parts)
    # Two values beside each other may make what neither is.
    if not _UP.isdisjoint(path.split("/")):
        raise _refused()
    return path if path.startswith("/") or not path else f"/{path}"


def _segment(value: Given) -> str:
    if isinstance(value, Mapping | list | tuple):
        raise _refused()
    text = as_text(value)
    # Some servers take an encoded slash for one.
    if not text or len(text) > LONGEST or _CONTROL.search(text) or not _UP.isdisjoint(_SEPARATOR.split(text)):
        raise _refused()
    return quote(text, safe="")


def fill_query(*several: Given) -> str:
    """Each is a mapping of names to values, the later over the earlier, also over what servers may take for the same
    name; lists repeat, and null is left out."""
    given: dict[str, Json] = {}
    for each in several:
        if isinstance(each, Mapping):
            over = set(map(alike_name, each))
            given = {name: value for name, value in given.items() if alike_name(name) not in over} | dict(each)
        elif each is not None and not isinstance(each, Missing):
            raise OperationError(Code.BAD_USER_INPUT, "What belongs to an address is a mapping of names to values.")
    return encode_pairs(given)


def alike_name(name: str) -> str:
    """What it has in common with others that some server takes for the same: `Key`, `key[]`, and of `a_key` `a.key`."""
    return _ITEM.split(name.lstrip(), maxsplit=1)[0].replace(".", "_").replace(" ", "_").lower()


def encode_pairs(given: Mapping[str, Json]) -> str:
    """As in a query, and in a form."""
    pairs: list[tuple[str, str]] = []
    for name, value in given.items():
        items = value if isinstance(value, list | tuple) else (value,)
        pairs += [(name, as_text(item)) for item in items if item is not None]
    try:
        return urlencode(pairs, quote_via=quote)
    except UnicodeError as error:
        raise OperationError(Code.BAD_USER_INPUT, "A text holds a character that cannot be sent.") from error


def _refused() -> OperationError:
    return OperationError(Code.BAD_USER_INPUT, "A value cannot be part of an address.")
