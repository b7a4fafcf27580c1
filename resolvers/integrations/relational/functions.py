"""What SQLite cannot do by itself: the functions that its driver registers on every connection.

    for name, (arity, function) in FUNCTIONS.items():
        connection.create_function(name, arity, function, deterministic=True)
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from typing import Any, Final


def lower(value: Any) -> str | None:
    """SQLite's own `lower` knows ASCII only. Any: a SQLite value."""
    return None if value is None else str(value).lower()


def base64(value: Any) -> str | None:
    """Bytes as base64 text. Text counts as its UTF-8 bytes. Any: a SQLite value."""
    if value is None:
        return None
    return b64encode(value if isinstance(value, bytes) else str(value).encode()).decode()


def unbase64(value: Any) -> bytes | None:
    """Any: a SQLite value."""
    return None if value is None else b64decode(str(value))


FUNCTIONS: Final[Mapping[str, tuple[int, Callable[..., Any]]]] = {
    "tidegate_lower": (1, lower),
    "tidegate_base64": (1, base64),
    "tidegate_unbase64": (1, unbase64),
}
