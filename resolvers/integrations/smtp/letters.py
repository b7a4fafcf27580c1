"""What an author writes of an e-mail -> a message, with the values of a call in its holes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import make_msgid
from html import escape
from typing import Final

from tidegate.core.errors import Code, OperationError
from tidegate.core.expressions import Expression, Literal, Record, Reference, Text, as_text
from tidegate.core.json import Given, Missing
from tidegate.core.location import Location
from tidegate.core.problems import Problems, did_you_mean
from tidegate.resolvers.integrations.smtp.addresses import Mailbox, NoAddress, mailbox, mailboxes, split

KEYS: Final = ("to", "cc", "bcc", "from", "replyTo", "subject", "message", "html")
_TEXTS: Final = ("subject", "message", "html")
MOST_RECIPIENTS: Final = 100
LARGEST: Final = 1024 * 1024
"""Characters of a message."""
LONGEST_SUBJECT: Final = 500

_BREAKS: Final = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]+")


@dataclass(frozen=True, slots=True)
class Envelope:
    """A message and whom it goes to. `about` is for logs: the subject is somebody's business."""

    message: EmailMessage
    sender: str
    recipients: tuple[str, ...]
    about: str


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
        self.inputs = Inputs()
        self._noun = noun
        self._sender = sender
        fields = body.fields if isinstance(body, Record) else {}
        if not isinstance(body, Record):
            problems.add(body.at, '"send" takes a mapping.', "Write send: { to: …, subject: …, message: … }.")
        else:
            for key, place in body.keys.items():
                if key not in KEYS:
                    problems.add(place, f'"{key}" is not a key of an e-mail.', did_you_mean(key, KEYS))
            for key in ("to", "subject"):
                if key not in fields:
                    problems.add(at, f'The e-mail lacks "{key}".')
            if "message" not in fields and "html" not in fields:
                problems.add(at, "The e-mail says nothing.", "Write message, or html.")
            if "from" not in fields and sender is None:
                problems.add(at, "Nobody is said to have sent the e-mail.", "Write from: here, or in its integration.")
        self._addresses = {
            key: self._addressed(fields[key], problems)
            for key in ("to", "cc", "bcc", "from", "replyTo")
            if key in fields
        }
        self._texts = {key: self._text(fields[key], key, problems) for key in _TEXTS if key in fields}

    def _addressed(self, written: Expression, problems: Problems) -> tuple[int, ...]:
        places: list[int] = []
        for each in split(written):
            if isinstance(each, Literal):
                try:
                    mailbox(each.value if isinstance(each.value, str) else "")
                except NoAddress:
                    problems.add(each.at, f'"{as_text(each.value)}" is not an address.', "Write ada@example.com.")
            elif isinstance(each, Record):
                problems.add(each.at, "An address is a text, or a list of texts.")
            places.append(self.inputs.place(each))
        return tuple(places)

    def _text(self, written: Expression, key: str, problems: Problems) -> tuple[str | int, ...]:
        match written:
            case Literal(value=str() as text):
                return (text,)
            case Reference():
                return (self.inputs.place(written),)
            case Text(parts=parts):
                return tuple(part if isinstance(part, str) else self.inputs.place(part) for part in parts)
            case _:
                problems.add(written.at, f'"{key}" of an e-mail is a text.')
                return ()

    def describe(self) -> str:
        """For `tidegate plan`: the addresses as written."""
        lines = [
            f"{key}: {'; '.join(_shown(self.inputs.expressions[place]) for place in places)}"
            for key, places in self._addresses.items()
        ]
        for key, parts in self._texts.items():
            text = "".join(part if isinstance(part, str) else _shown(self.inputs.expressions[part]) for part in parts)
            lines.append(f"{key}: {text}")
        return "\n".join(lines)

    def write(self, values: Sequence[Given]) -> Envelope:
        """Raises `OperationError`: an address is none, there is nobody to send it to, or it is too long."""
        to, cc, bcc, sender, reply = (self._found(key, values) for key in ("to", "cc", "bcc", "from", "replyTo"))
        author = sender[0] if sender else self._sender
        recipients = tuple(dict.fromkeys(each.spec for each in (*to, *cc, *bcc)))
        if not recipients or author is None:
            raise self._refused("nobody to send it to" if author is not None else "nobody who sends it")
        if len(recipients) > MOST_RECIPIENTS:
            raise self._refused(f"more than {MOST_RECIPIENTS} recipients")
        message = EmailMessage(policy=SMTP)
        message["From"] = author.shown
        message["To"] = [each.shown for each in to]
        if cc:
            message["Cc"] = [each.shown for each in cc]
        if reply:
            message["Reply-To"] = [each.shown for each in reply]
        message["Subject"] = _line(self._filled("subject", values))[:LONGEST_SUBJECT]
        message["Date"] = datetime.now(UTC)
        message["Message-ID"] = make_msgid(domain=author.shown.domain)
        plain, html = self._filled("message", values), self._filled("html", values)
        if len(plain) + len(html) > LARGEST:
            raise self._refused("more than a million characters")
        if plain or not html:
            message.set_content(_clean(plain))
            if html:
                message.add_alternative(_clean(html), subtype="html")
        else:
            message.set_content(_clean(html), subtype="html")
        return Envelope(message, author.spec, recipients, self._noun)

    def _found(self, key: str, values: Sequence[Given]) -> list[Mailbox]:
        try:
            return list(mailboxes(values[place] for place in self._addresses.get(key, ())))
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


def _line(text: str) -> str:
    return " ".join(_BREAKS.sub(" ", _clean(text)).split())


def _clean(text: str) -> str:
    """Half of a pair of surrogates cannot be sent."""
    return text.encode("utf-8", "replace").decode("utf-8")


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
