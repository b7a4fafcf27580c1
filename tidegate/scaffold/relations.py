"""Good names for both ends of a foreign key."""

from __future__ import annotations

from typing import Final

from tidegate.resolvers.integrations.relational.tables import ForeignKey
from tidegate.scaffold.words import camel, words

_ENDINGS: Final = frozenset({"id", "uuid", "fk", "key", "ref"})


def forward_wishes(key: ForeignKey, target: str, alone: bool) -> tuple[str, ...]:
    """Names for the one row that a foreign key leads to, best first. `target` is one row's name there; `alone` is true
    where no other foreign key leads from here to it."""
    way = _way(key)
    exact = f"{target}By{_capital(_columns(key))}"
    if way is None:
        return (target, exact)
    if _has_ending(key):
        return (way, f"{way}{_capital(target)}")
    return (target, exact) if alone else (f"{way}{_capital(target)}", exact)


def back_wishes(key: ForeignKey, plain: str, target: str, alone: bool, is_self: bool) -> tuple[str, ...]:
    """Names for what refers to a row, best first. `plain` is the name of the referring rows (or row), `target` of one
    row here."""
    way = _way(key)
    exact = f"{plain}By{_capital(way or _columns(key))}"
    if is_self:
        return ("children", exact) if way == "parent" else (exact,)
    return (plain, exact) if alone or way == target else (exact,)


def _way(key: ForeignKey) -> str | None:
    """What the one column of a key calls the row it leads to: `original_language_id` -> `originalLanguage`. None where
    there are several columns, or one that says nothing (`id`)."""
    if len(key.columns) != 1:
        return None
    parts = words(key.columns[0])
    parts = parts[:-1] if parts and parts[-1] in _ENDINGS else parts
    return camel(parts) or None


def _has_ending(key: ForeignKey) -> bool:
    return words(key.columns[0])[-1] in _ENDINGS


def _columns(key: ForeignKey) -> str:
    return camel(tuple(part for column in key.columns for part in words(column)))


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]
