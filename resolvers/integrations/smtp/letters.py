"""What an author writes of an e-mail -> a message, with the values of a call in its holes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid
from html import escape
from typing import Final

from tidegate.core.errors import Code, OperationError
from tidegate.core.expressions import Expression, Items, Literal, Record, Reference, Text, as_text
from tidegate.core.json import Given, Missing
from tidegate.core.location import Location
from tidegate.core.problems import Problems, did_you_mean
from tidegate.resolvers.integrations.smtp.addresses import (
    Mailbox,
    NoAddress,
    given_mailboxes,
    in_one_line,
    mailbox,
    named_mailbox,
    split,
)
from tidegate.resolvers.integrations.smtp.headers import address_header, text_header

ADDRESSES: Final = ("to", "cc", "bcc", "from", "replyTo")
TEXTS: Final = ("subject", "message", "html")
KEYS: Final[Mapping[str, str]] = {
    "to": "Who gets it: an address, or several, in a list or with ; between them.",
    "cc": "Who gets it, too, for all to see.",
    "bcc": "Who gets it, too, for nobody to see.",
    "from": "Who it is from. Default: the integration's from.",
    "replyTo": "Who answers go to. Default: who it is from.",
    "subject": "One line.",
    "message": "Plain text, or the name of a .txt or .md file.",
    "html": "HTML, or the name of a .html file. One of the two texts is needed, or both.",
}
MOST_RECIPIENTS: Final = 100
LARGEST: Final = 1024 * 1024
"""Characters of a message."""
LONGEST_SUBJECT: Final = 500

_POLICY: Final = SMTP.clone(cte_type="7bit")
_UNPRINTABLE: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Place:
    """Where the values of one address are. `many`: as of `Written`."""

    spec: int
    name: int | None
    many: bool


@dataclass(frozen=True, slots=True)
class Envelope:
    """A message and whom it goes to. `about` is for logs: the subject is somebody's business."""

    message: bytes
    sender: str
    recipients: tuple[str, ...]
    about: str

    @property
    def size(self) -> int:
        return len(self.message)


@dataclass(slots=True)
class Inputs:
    """The expressions whose values a letter needs, in order."""

    expressions: list[Expression] = field(default_factory=list)

    def place(self, expression: Expression) -> int:
        self.expressions.append(expression)
        return len(self.expressions) - 1


class Letter:
    """A letter as written, checked."""

    def __init__(self, body: Expression, sender: Mailbox | None, noun: str, at: Location, problems: Problems) -> None:
        """`sender` is who it is from unless it says so. What is wrong is added to `problems`."""
        self._inputs = Inputs()
        self._noun = noun
        self._sender = sender
        fields = body.fields if isinstance(body, Record) else {}
        if not isinstance(body, Record):
            problems.add(body.at, '"send" takes a mapping.', "Write send: { to: …, subject: …, message: … }.")
        else:
            hints = {key: did_you_mean(key, KEYS) for key in body.keys if key not in KEYS}
            for key, hint in hints.items():
                problems.add(body.keys[key], f'"{key}" is not a key of an e-mail.', hint)
            for key in ("to", "subject"):
                if key not in body.keys and f'Did you mean "{key}"?' not in hints.values():
                    problems.add(at, f'The e-mail lacks "{key}".')
            if "message" not in body.keys and "html" not in body.keys:
                problems.add(at, "The e-mail says nothing.", "Write message, or html.")
            if "from" not in body.keys and sender is None:
                problems.add(at, "Nobody is said to have sent the e-mail.", "Write from: here, or in its integration.")
        self._addresses = {key: self._addressed(fields[key], key, problems) for key in ADDRESSES if key in fields}
        self._texts = {key: self._text(fields[key], key, problems) for key in TEXTS if key in fields}

    def _addressed(self, expression: Expression, key: str, problems: Problems) -> tuple[Place, ...]:
        places: list[Place] = []
        for each in expression.items if isinstance(expression, Items) else (expression,):
            try:
                for written in split(each):
                    if isinstance(written.spec, Literal):
                        mailbox(as_text(written.spec.value))
                    name = None if written.name is None else self._inputs.place(written.name)
                    places.append(Place(self._inputs.place(written.spec), name, written.many))
            except NoAddress:
                sentence = f'"{key}" of an e-mail holds something that is not an address.'
                problems.add(each.at, sentence, "Write ada@example.com, or Ada <ada@example.com>.")
        if key in ("from", "replyTo") and len(places) > 1:
            problems.add(expression.at, f'"{key}" of an e-mail is one address.')
        return tuple(places)

    def _text(self, written: Expression, key: str, problems: Problems) -> tuple[str | int, ...]:
        match written:
            case Literal(value=str() as text):
                return (text,)
            case Reference():
                return (self._inputs.place(written),)
            case Text(parts=parts):
                return tuple(part if isinstance(part, str) else self._inputs.place(part) for part in parts)
            case _:
                problems.add(written.at, f'"{key}" of an e-mail is a text.')
                return ()

    def describe(self) -> str:
        """For `tidegate plan`: the addresses as written."""
        lines = [f"{key}: {'; '.join(map(self._described, places))}" for key, places in self._addresses.items()]
        for key, parts in self._texts.items():
            text = "".join(part if isinstance(part, str) else _shown(self._inputs.expressions[part]) for part in parts)
            lines.append(f"{key}: {text}")
        return "\n".join(lines)

    def _described(self, place: Place) -> str:
        spec = _shown(self._inputs.expressions[place.spec])
        return spec if place.name is None else f"{_shown(self._inputs.expressions[place.name])} <{spec}>"

    @property
    def inputs(self) -> Sequence[Expression]:
        return self._inputs.expressions

    def write(self, values: Sequence[Given]) -> Envelope:
        """Raises `OperationError`: an address is none, there is nobody to send it to, or it is too long."""
        to, cc, bcc, sender, reply = (self._found(key, values) for key in ("to", "cc", "bcc", "from", "replyTo"))
        author = sender[0] if sender else self._sender
        recipients = tuple(dict.fromkeys(each.spec for each in (*to, *cc, *bcc)))
        if not recipients or author is None:
            raise self._refused("nobody to send it to" if author is not None else "nobody who sends it")
        if len(recipients) > MOST_RECIPIENTS:
            raise self._refused(f"more than {MOST_RECIPIENTS} recipients")
        if len(sender) > 1:
            raise self._refused("more than one sender")
        headers = [address_header("From", [author])]
        for name, mailboxes in (("To", to), ("Cc", cc), ("Reply-To", reply)):
            if mailboxes:
                headers.append(address_header(name, mailboxes))
        headers.append(text_header("Subject", in_one_line(self._filled("subject", values))[:LONGEST_SUBJECT].strip()))
        headers.append(text_header("Date", format_datetime(datetime.now(UTC))))
        headers.append(f"Message-ID: {make_msgid(domain=author.spec.partition('@')[2])}\r\n".encode("ascii"))
        return Envelope(b"".join(headers) + self._content(values), author.spec, recipients, self._noun)

    def _content(self, values: Sequence[Given]) -> bytes:
        """The message with the headers that say what it is."""
        plain, html = self._filled("message", values), self._filled("html", values)
        if len(plain) + len(html) > LARGEST:
            raise self._refused("more than a million characters")
        content = EmailMessage(policy=_POLICY)
        if plain or not html:
            content.set_content(_clean(plain))
            if html:
                content.add_alternative(_clean(html), subtype="html")
        else:
            content.set_content(_clean(html), subtype="html")
        return content.as_bytes()

    def _found(self, key: str, values: Sequence[Given]) -> list[Mailbox]:
        try:
            return [each for place in self._addresses.get(key, ()) for each in _mailboxes(place, values)]
        except NoAddress as error:
            raise self._refused(f'what "{key}" holds is not an address') from error

    def _filled(self, key: str, values: Sequence[Given]) -> str:
        parts = self._texts.get(key, ())
        return "".join(part if isinstance(part, str) else self._value(key, values[part]) for part in parts)

    def _value(self, key: str, value: Given) -> str:
        """In HTML, what a hole is filled with is text and never markup."""
        text = "" if isinstance(value, Missing) else as_text(value)
        return escape(text) if key == "html" else text

    def _refused(self, why: str) -> OperationError:
        return OperationError(Code.ACTION_FAILED, f"An e-mail was not sent: {why}.")


def _mailboxes(place: Place, values: Sequence[Given]) -> Iterator[Mailbox]:
    if place.many:
        yield from given_mailboxes(values[place.spec])
    else:
        name = "" if place.name is None else as_text(values[place.name])
        yield named_mailbox(name, as_text(values[place.spec]))


def _clean(text: str) -> str:
    """Half of a pair of surrogates cannot be sent, and control characters are none of a text's."""
    return _UNPRINTABLE.sub("", text).encode("utf-8", "replace").decode("utf-8")


def _shown(expression: Expression) -> str:
    match expression:
        case Literal(value=value):
            return as_text(value)
        case Reference():
            return f"{{{{ {expression} }}}}"
        case Text(parts=parts):
            return "".join(part if isinstance(part, str) else f"{{{{ {part} }}}}" for part in parts)
        case _:
            return "…"
