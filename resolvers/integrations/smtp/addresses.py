"""Addresses of e-mails, from what authors write and from what holes are filled with.

An address has a form of our own, stricter than that of RFC 5322: no comments, no groups, no quoted local parts, none of
the old routes. What has another form is no address; nothing is ever found in the middle of a text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from tidegate.core.expressions import Expression, Items, Literal, Reference, Text
from tidegate.core.json import Given

_ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_SPEC: Final = re.compile(rf"({_ATOM}(?:\.{_ATOM})*)@([^\s@<>,;:\"()\[\]\\]{{1,255}})")
_HOST: Final = re.compile(r"(?=.{1,253}$)[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*")
_NAMED: Final = re.compile(r'(?:"((?:[^"\\]|\\.)*)" *|([^<>@,;:"()\[\]\\]*))<([^<>]*)>')
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_TAKEN_FOR_OTHERS: Final = frozenset("ßẞς\u200c\u200d")
"""Characters of host names that our encoding gives to somebody else's domain."""

LONGEST: Final = 500
LONGEST_NAME: Final = 200


class NoAddress(ValueError):
    """The text is not one address."""


@dataclass(frozen=True, slots=True)
class Mailbox:
    """`spec` is `name@host`, in ASCII. `name`: whose it is, as people read it; there may be none."""

    spec: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Written:
    """One address as an author writes it: `spec`, and before it in angle brackets what `name` gives. Where `many`, the
    value may be a list, or an address with a name: it is the author's own reference, or nothing but one hole."""

    spec: Expression
    name: Expression | None = None
    many: bool = False


def split(expression: Expression) -> Iterator[Written]:
    """What an author writes, address by address. Only the author's own words are taken apart (`a; b`, `name <a>`): a
    hole in a text is part of one address, whatever it is filled with. Raises `NoAddress`."""
    match expression:
        case Items(items=items):
            for item in items:
                yield from split(item)
        case Literal(value=str() as text):
            yield from _taken_apart((text,), expression)
        case Text(parts=parts):
            yield from _taken_apart(parts, expression)
        case Reference():
            yield Written(expression, many=True)
        case _:
            raise NoAddress


def _taken_apart(parts: Sequence[str | Reference], whole: Literal | Text) -> Iterator[Written]:
    current: list[str | Reference] = []
    quoted = False
    for part in parts:
        start = 0
        for place, character in enumerate(part) if isinstance(part, str) else ():
            if character == '"':
                quoted = not quoted
            elif character in ";," and not quoted:
                assert isinstance(part, str)
                yield from _written([*current, part[start:place]], whole)
                current, start = [], place + 1
        current.append(part[start:] if isinstance(part, str) else part)
    yield from _written(current, whole)


def _written(parts: Sequence[str | Reference], whole: Literal | Text) -> Iterator[Written]:
    kept = _trimmed(parts)
    if not kept:
        return
    if len(kept) == 1:
        yield Written(Literal(kept[0], whole.at) if isinstance(kept[0], str) else Text((kept[0],), whole.at), many=True)
        return
    opening = next((place for place, part in enumerate(kept) if isinstance(part, str) and "<" in part), None)
    if opening is None:
        yield Written(Text(tuple(kept), whole.at))
        return
    opener = kept[opening]
    assert isinstance(opener, str)
    before, _, after = opener.partition("<")
    name, spec = _trimmed([*kept[:opening], before]), [after, *kept[opening + 1 :]]
    last = spec[-1]
    if not isinstance(last, str) or not last.endswith(">"):
        raise NoAddress
    spec[-1] = last[:-1]
    first, end = (name[0], name[-1]) if name else ("", "")
    if len(name) > 1 and isinstance(first, str) and isinstance(end, str) and first[:1] == end[-1:] == '"':
        name[0], name[-1] = first[1:], end[:-1]
    if any(isinstance(part, str) and ("<" in part or ">" in part or '"' in part) for part in (*name, *spec)):
        raise NoAddress
    yield Written(Text(tuple(_trimmed(spec)), whole.at), Text(tuple(part for part in name if part), whole.at))


def _trimmed(parts: Sequence[str | Reference]) -> list[str | Reference]:
    """Without the white space at both ends, and without empty texts."""
    kept = list(parts)
    if kept and isinstance(kept[0], str):
        kept[0] = kept[0].lstrip()
    if kept and isinstance(kept[-1], str):
        kept[-1] = kept[-1].rstrip()
    return [part for part in kept if part != ""]


def given_mailboxes(value: Given) -> Iterator[Mailbox]:
    """The addresses that a whole value holds: one, one in each item, or none. Raises `NoAddress`."""
    for text in value if isinstance(value, list | tuple) else (value,):
        if not text or (isinstance(text, str) and not text.strip()):
            continue
        if not isinstance(text, str):
            raise NoAddress
        yield mailbox(text)


def mailbox(text: str) -> Mailbox:
    """`ada@example.com`, or `Ada <ada@example.com>`. Raises `NoAddress`."""
    if len(text) > LONGEST or _CONTROL.search(text):
        raise NoAddress
    named = _NAMED.fullmatch(text.strip())
    if named is None:
        return named_mailbox("", text)
    quoted, plain, spec = named.groups()
    return named_mailbox(plain if quoted is None else re.sub(r"\\(.)", r"\1", quoted), spec)


def named_mailbox(name: str, spec: str) -> Mailbox:
    """`spec` is an address and nothing else; `name` may be anything. Raises `NoAddress`."""
    found = _SPEC.fullmatch(spec.strip(" "))
    if found is None or len(found[1]) > 64 or "=?" in found[1] or not _TAKEN_FOR_OTHERS.isdisjoint(found[2]):
        raise NoAddress
    try:
        host = found[2].encode("idna").decode("ascii")
    except UnicodeError as error:
        raise NoAddress from error
    if not _HOST.fullmatch(host):
        raise NoAddress
    return Mailbox(f"{found[1]}@{host}", in_one_line(name)[:LONGEST_NAME].strip())


def in_one_line(text: str) -> str:
    """Every run of white space and control characters as one space."""
    return " ".join(_CONTROL.sub(" ", text).split())
