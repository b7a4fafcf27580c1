"""Headers of a message, as bytes. Nobody else puts them together: they hold plain ASCII, addresses that were held
against our form, and everything else encoded (RFC 2047)."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Sequence
from typing import Final

from tidegate.resolvers.integrations.smtp.addresses import Mailbox

_PLAIN: Final = re.compile(r"(?! )[ -~]{1,65}(?<! )")
_PLAIN_NAME: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 .'-]{0,60}[A-Za-z0-9.])?")
_BYTES: Final = 42
"""Of one encoded word, which may have 75 characters."""


def text_header(name: str, text: str) -> bytes:
    """`text` is one line."""
    shown = text if _PLAIN.fullmatch(text) and "=?" not in text else encoded(text)
    return f"{name}: {shown}\r\n".encode("ascii")


def address_header(name: str, mailboxes: Sequence[Mailbox]) -> bytes:
    """A line for each of them."""
    shown = ",\r\n ".join(map(_shown, mailboxes))
    return f"{name}: {shown}\r\n".encode("ascii")


def _shown(mailbox: Mailbox) -> str:
    if not mailbox.name:
        return mailbox.spec
    name = f'"{mailbox.name}"' if _PLAIN_NAME.fullmatch(mailbox.name) else encoded(mailbox.name)
    return f"{name}\r\n <{mailbox.spec}>"


def encoded(text: str) -> str:
    """Encoded words, a line each, none of which ends within a character."""
    words: list[bytes] = [b""]
    for character in text:
        added = character.encode("utf-8", "replace")
        if len(words[-1]) + len(added) > _BYTES:
            words.append(b"")
        words[-1] += added
    return "\r\n ".join(f"=?utf-8?b?{b64encode(word).decode()}?=" for word in words if word)
