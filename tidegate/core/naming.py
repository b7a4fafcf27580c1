"""How a field's name reads in a database."""

from __future__ import annotations

import re
from typing import Final

_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def snake_case(field: str) -> str:
    """`createdAt` -> `created_at`, `userID` -> `user_id`, `HTTPCode` -> `http_code`; `created_at` stays."""
    return _HUMP.sub("_", field).lower()
