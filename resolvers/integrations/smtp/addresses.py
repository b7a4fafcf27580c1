"""Addresses of e-mails, from what authors write and from what holes are filled with."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.headerregistry import Address
from email.utils import getaddresses
from typing import Final

from tidegate.core.expressions import Expression, Items, Literal, Reference, Text
from tidegate.core.json import Json, Missing

_SPEC: Final = re.compile(r"([A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64})@([^\s@<>,;:\"()\[\]\\]{1,255})")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]")


class NoAddress(ValueError):
    """The text is not one address."""


@dataclass(frozen=True, slots=True)
class Mailbox:
    """`spec` is `name@host`, in ASCII; `shown` is how it stands in a header."""

    spec: str
    shown: Address


def split(written: Expression) -> Iterator[Expression]:
    """What an author writes, one expression for each address. Only the author's own words are taken apart (`a; b`): a
    hole is never more than one address, whatever it is filled with."""
    match written:
        case Items(items=items):
            for item in items:
                yield from split(item)
        case Literal(value=str() as text, at=at):
            for part in re.split("[;,]", text):
                if part.strip():
                    yield Literal(part.strip(), at)
        case Text(parts=parts, at=at):
            current: list[str | Reference] = []
            for part in parts:
                if not isinstance(part, str):
                    current.append(part)
                    continue
                first, *others = re.split("[;,]", part)
                current.append(first)
                for other in others:
                    yield Text(tuple(current), at)
                    current = [other]
            yield Text(tuple(current), at)
        case _:
            yield written


def mailboxes(values: Iterator[Json | Missing]) -> Iterator[Mailbox]:
    """The addresses of resolved expressions; a list holds one in each item, nothing is none. Raises `NoAddress`."""
    for value in values:
        each = value if isinstance(value, list | tuple) else [value]
        for text in each:
            if text is None or isinstance(text, Missing) or (isinstance(text, str) and not text.strip()):
                continue
            if not isinstance(text, str):
                raise NoAddress
            yield mailbox(text)


def mailbox(text: str) -> Mailbox:
    """`ada@example.com`, or `Ada <ada@example.com>`. Raises `NoAddress`."""
    if _CONTROL.search(text) or len(text) > 500:
        raise NoAddress
    found = getaddresses([text])
    if len(found) != 1:
        raise NoAddress
    name, spec = found[0]
    match = _SPEC.fullmatch(spec)
    if match is None:
        raise NoAddress
    try:
        host = match[2].encode("idna").decode("ascii")
        return Mailbox(f"{match[1]}@{host}", Address(name, match[1], host))
    except (UnicodeError, ValueError) as error:
        raise NoAddress from error
