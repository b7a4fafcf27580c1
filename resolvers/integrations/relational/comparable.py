"""Values of columns in the one form that footprints compare.

Two values that are equal for the database must have equal forms, or none (`UNKNOWN`); two that are not may have equal
forms too, at the price of a refresh too many.
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from typing import Final
from uuid import UUID

from tidegate.core.footprint import UNKNOWN
from tidegate.resolvers.integrations.relational.tables import Family, ReflectedColumn

_WHOLE: Final = frozenset({Family.SMALLINT, Family.INTEGER, Family.BIGINT})
_LABELS: Final = frozenset({Family.TEXT, Family.ENUM})
_FORMED: Final = _WHOLE | _LABELS | {Family.BOOLEAN, Family.UUID}
LONGEST: Final = 200
"""Characters of a text that has a form. Nobody looks for a row by more, and touches carry what they compare."""

_ASCII: Final = re.compile(r"[ -~]*")
_DIGITS: Final = re.compile(r"-?[0-9]{1,19}")
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def has_form(column: ReflectedColumn) -> bool:
    """Whether values of the column have forms at all."""
    return (column.plain and column.family in _FORMED) or (column.folds and column.family in _LABELS)


def share_forms(one: ReflectedColumn, other: ReflectedColumn) -> bool:
    """Whether values of the two that are equal for the database have equal forms: then what holds for the one is said
    of the other. Text and numbers, say, compare by rules of their own."""
    if not has_form(one) or not has_form(other):
        return False
    if one.plain is not other.plain:
        return False
    return one.family is other.family or (one.family in _WHOLE and other.family in _WHOLE)


def canonical(column: ReflectedColumn, value: Hashable) -> Hashable:
    """The form of a value, sent by a client or answered by the driver; none for null; UNKNOWN where it has no form."""
    if value is None:
        return None
    if not has_form(column):
        return UNKNOWN
    if column.family in _WHOLE:
        return _whole(value)
    if column.family in _LABELS:
        if not isinstance(value, str) or len(value) > LONGEST:
            return UNKNOWN
        return value if column.plain else _folded(value)
    if column.family is Family.BOOLEAN:
        return bool(value) if isinstance(value, bool | int) and value in (0, 1) else UNKNOWN
    return _uuid(value)


def _folded(value: str) -> Hashable:
    """Beyond ASCII, what equals what is another matter for each collation."""
    return value.rstrip(" ").lower() if _ASCII.fullmatch(value) else UNKNOWN


def _whole(value: Hashable) -> Hashable:
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else UNKNOWN


def _uuid(value: Hashable) -> Hashable:
    if isinstance(value, UUID):
        return str(value)
    return value.lower() if isinstance(value, str) and _UUID.fullmatch(value) else UNKNOWN
