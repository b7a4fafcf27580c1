"""What is asked of another server, what it answers, and what is said where it does not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from tidegate.core.errors import Code, OperationError

_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}")
_VALUE: Final = re.compile(r"[\t\x20-\x7e\x80-\xff]{0,8192}")

OURS: Final = frozenset(
    {
        *("host", "connection", "content-length", "transfer-encoding", "te", "trailer", "upgrade", "keep-alive"),
        *("expect", "accept-encoding", "proxy-authorization", "proxy-connection", "proxy-authenticate"),
    }
)
"""Headers that are the connection's: nobody writes them."""


@dataclass(frozen=True, slots=True)
class Asked:
    """`url` is whole and encoded. `headers` go over those of the integration's settings, whatever the case of their
    names. A `body` that is there is sent, also an empty one."""

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Reply:
    """Of any status. `headers` by their names in lower case; `body` unpacked."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class Trouble(Exception):
    """Why there is no reply, for the log: without addresses, and nothing that anybody sent."""


def failed(status: int) -> OperationError:
    """For a reply that says that it did not work."""
    return OperationError(Code.UPSTREAM_FAILED, "Another server could not do this.", {"status": status})


def is_header_name(name: str) -> bool:
    return _TOKEN.fullmatch(name) is not None and name.lower() not in OURS


def is_header_value(value: str) -> bool:
    """One line, of characters that a header can hold (those of Latin-1)."""
    return _VALUE.fullmatch(value) is not None


def merged(*several: Mapping[str, str]) -> dict[str, str]:
    """Headers by their names in lower case, the later over the earlier. Raises `OperationError` for
    what would be more than one line."""
    headers: dict[str, str] = {}
    for each in several:
        for name, value in each.items():
            stripped = value.strip(" \t")
            if not is_header_name(name) or not is_header_value(stripped):
                raise OperationError(Code.BAD_USER_INPUT, "A value cannot be sent in a header.")
            headers[name.lower()] = stripped
    return headers
