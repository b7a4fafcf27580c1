"""The written forms of scalars, as regular expressions: what a text must look like before it is read."""

from __future__ import annotations

import re
from typing import Final

SMALLEST_INT: Final = -(2**31)
GREATEST_INT: Final = 2**31 - 1
SMALLEST_BIGINT: Final = -(2**63)
GREATEST_BIGINT: Final = 2**63 - 1


class Invalid(ValueError):
    """A client's value does not fit. `path` says where inside the value, outermost first."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message
        self.path: tuple[str | int, ...] = ()

    def under(self, key: str | int) -> Invalid:
        """The same, seen from one level further out."""
        self.path = (key, *self.path)
        return self


_DATE = r"(\d{4})-(\d\d)-(\d\d)"
_TIME = r"(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?"
_OFFSET = r"(?:[zZ]|[+-]\d\d:\d\d)"
is_date = re.compile(_DATE, re.ASCII).fullmatch
is_time = re.compile(_TIME, re.ASCII).fullmatch
is_time_shown = re.compile(_TIME + _OFFSET + "?", re.ASCII).fullmatch
is_moment = re.compile(rf"{_DATE}[Tt]{_TIME}{_OFFSET}", re.ASCII).fullmatch
is_uuid = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.ASCII | re.IGNORECASE).fullmatch
is_integer = re.compile(r"-?\d{1,19}", re.ASCII).fullmatch
is_decimal = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,4})?", re.ASCII).fullmatch
