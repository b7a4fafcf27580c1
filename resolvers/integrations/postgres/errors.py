"""asyncpg's exceptions to what a client may be told. Nothing of the server's own text goes any further."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import asyncpg

from tidegate.core.errors import Code, OperationError
from tidegate.resolvers.integrations.relational.violations import Rule, Violation, Vocabulary

_BY_STATE: Final[Mapping[str, tuple[Code, str]]] = {
    "22001": (Code.BAD_USER_INPUT, "A text is too long."),
    "22003": (Code.BAD_USER_INPUT, "A number is out of range."),
    "22007": (Code.BAD_USER_INPUT, "A date or time does not exist."),
    "22008": (Code.BAD_USER_INPUT, "A date or time is out of range."),
    "22012": (Code.BAD_USER_INPUT, "A number must not be zero."),
    "22021": (Code.BAD_USER_INPUT, "A text holds a character that cannot be stored."),
    "22P05": (Code.BAD_USER_INPUT, "A text holds a character that cannot be stored."),
    "40001": (Code.CONFLICT, "Somebody else changed the same data at the same time. Try again."),
    "40P01": (Code.CONFLICT, "Somebody else changed the same data at the same time. Try again."),
    "55P03": (Code.TIMEOUT, "Somebody else is changing the same data. Try again."),
    "57014": (Code.TIMEOUT, "It took too long and was stopped."),
    "25P04": (Code.TIMEOUT, "It took too long and was stopped."),
    "P0001": (Code.REFUSED, "The database refused this."),
}

_BY_CLASS: Final[Mapping[str, tuple[Code, str]]] = {
    "08": (Code.UPSTREAM_FAILED, "The connection to the database was lost."),
    # Also asyncpg's own, for what it cannot encode: a lone surrogate, a malformed UUID.
    "22": (Code.BAD_USER_INPUT, "A value does not fit."),
    "23": (Code.BAD_USER_INPUT, "A value breaks a rule of the database."),
    "44": (Code.BAD_USER_INPUT, "A value breaks a rule of the database."),
    "53": (Code.UPSTREAM_FAILED, "The database has no room for this now."),
    "54": (Code.LIMIT, "This is too large for the database."),
    "57": (Code.UPSTREAM_FAILED, "The connection to the database was lost."),
    "58": (Code.UPSTREAM_FAILED, "The database failed."),
}

_RULES: Final[Mapping[str, Rule]] = {
    "23502": Rule.NOT_NULL,
    "23503": Rule.BROKEN_LINK,
    "23505": Rule.UNIQUE,
    "23514": Rule.CHECK,
    "23P01": Rule.EXCLUSION,
}

_SHUTTING_DOWN: Final = frozenset({"57P01", "57P02", "57P03", "57P05", "25P03"})


def is_lost(error: BaseException) -> bool:
    """Whether the connection is gone, or could not be made."""
    if isinstance(error, asyncpg.PostgresError):
        state = error.sqlstate or ""
        return state in _SHUTTING_DOWN or state.startswith("08")
    return isinstance(error, OSError | asyncpg.InternalClientError) or (
        isinstance(error, asyncpg.InterfaceError) and "closed" in str(error)
    )


def translate(
    error: Exception,
    vocabulary: Vocabulary,
    constraints: Mapping[tuple[str, str], tuple[str, ...]],
    default_schema: str,
) -> OperationError:
    """What a client is told of `error`; raise it `from error`."""
    if isinstance(error, asyncpg.PostgresError):
        state = error.sqlstate or ""
        if state in _RULES:
            return vocabulary.explain(_violation(error, state, constraints, default_schema))
        if found := _BY_STATE.get(state) or _BY_CLASS.get(state[:2]):
            return OperationError(*found)
    elif is_lost(error):
        return OperationError(Code.UPSTREAM_FAILED, "The connection to the database was lost.")
    return OperationError(Code.INTERNAL, "The database could not do this.")


def _violation(
    error: asyncpg.PostgresError,
    state: str,
    constraints: Mapping[tuple[str, str], tuple[str, ...]],
    default_schema: str,
) -> Violation:
    schema, table = error.schema_name or "", error.table_name or ""
    name = table if not schema or schema == default_schema else f"{schema}.{table}"
    constraint = error.constraint_name or ""
    rule = _RULES[state]
    if rule is Rule.NOT_NULL:
        return Violation(rule, name, (error.column_name,) if error.column_name else ())
    if rule is Rule.BROKEN_LINK:
        # PostgreSQL names the pointing table in both cases, and the server's language decides about the words.
        detail = error.detail or ""
        rule = (
            Rule.STILL_USED
            if "still referenced" in detail
            else Rule.MISSING_TARGET
            if "not present" in detail
            else Rule.BROKEN_LINK
        )
    return Violation(rule, name, constraints.get((name, constraint), ()), constraint)
