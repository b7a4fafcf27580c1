"""SQLite's exceptions to what a client may be told. Nothing of SQLite's own text goes any further."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping
from typing import Final

from tidegate.core.errors import Code, OperationError
from tidegate.resolvers.integrations.relational.violations import Rule, Violation, Vocabulary

_RULES: Final[Mapping[int, Rule]] = {
    sqlite3.SQLITE_CONSTRAINT_UNIQUE: Rule.UNIQUE,
    sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY: Rule.UNIQUE,
    sqlite3.SQLITE_CONSTRAINT_ROWID: Rule.UNIQUE,
    sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY: Rule.BROKEN_LINK,
    sqlite3.SQLITE_CONSTRAINT_NOTNULL: Rule.NOT_NULL,
    sqlite3.SQLITE_CONSTRAINT_CHECK: Rule.CHECK,
    3091: Rule.TYPE,  # SQLITE_CONSTRAINT_DATATYPE, of STRICT tables; Python 3.11 has no name for it
}

_BY_CODE: Final[Mapping[int, tuple[Code, str]]] = {
    sqlite3.SQLITE_BUSY: (Code.TIMEOUT, "Somebody else is changing the data. Try again."),
    sqlite3.SQLITE_LOCKED: (Code.TIMEOUT, "Somebody else is changing the data. Try again."),
    sqlite3.SQLITE_INTERRUPT: (Code.TIMEOUT, "It took too long and was stopped."),
    sqlite3.SQLITE_TOOBIG: (Code.LIMIT, "This is too large for the database."),
    sqlite3.SQLITE_MISMATCH: (Code.BAD_USER_INPUT, "A value does not fit."),
    sqlite3.SQLITE_IOERR: (Code.UPSTREAM_FAILED, "The database failed."),
    sqlite3.SQLITE_FULL: (Code.UPSTREAM_FAILED, "The database has no room for this now."),
    sqlite3.SQLITE_CORRUPT: (Code.UPSTREAM_FAILED, "The database failed."),
    sqlite3.SQLITE_CANTOPEN: (Code.UPSTREAM_FAILED, "The database cannot be reached."),
    sqlite3.SQLITE_NOTADB: (Code.UPSTREAM_FAILED, "The database failed."),
    sqlite3.SQLITE_NOMEM: (Code.UPSTREAM_FAILED, "The database has no room for this now."),
    sqlite3.SQLITE_CONSTRAINT: (Code.BAD_USER_INPUT, "A value breaks a rule of the database."),
}

_RULE_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

_VALUES: Final = ("LIKE or GLOB pattern too complex", "integer overflow", "malformed JSON", "string or blob too big")
"""Messages of the general SQLITE_ERROR that are about a value."""

_TOO_DEEP: Final = ("parser stack overflow", "Expression tree is too large", "at most 64 tables in a join")
"""Messages of the general SQLITE_ERROR that are about a selection. Before 3.46, SQLite's parser holds 100 levels, which
is about six relations inside each other."""


def translate(error: Exception, vocabulary: Vocabulary) -> OperationError:
    """What a client is told of `error`; raise it `from error`."""
    if isinstance(error, UnicodeEncodeError | OverflowError):
        return OperationError(Code.BAD_USER_INPUT, "A value does not fit.")
    code = getattr(error, "sqlite_errorcode", None)
    if code is not None:
        if code == sqlite3.SQLITE_CONSTRAINT_TRIGGER:
            return OperationError(Code.REFUSED, "The database refused this.")
        if code in _RULES:
            return vocabulary.explain(_violation(_RULES[code], str(error)))
        if found := _BY_CODE.get(code & 0xFF):
            return OperationError(*found)
        if any(text in str(error) for text in _VALUES):
            return OperationError(Code.BAD_USER_INPUT, "A value does not fit.")
        if any(text in str(error) for text in _TOO_DEEP):
            return OperationError(Code.LIMIT, "This is nested too deeply for the database.")
    elif isinstance(error, sqlite3.InterfaceError | sqlite3.ProgrammingError) and "binding parameter" in str(error):
        return OperationError(Code.BAD_USER_INPUT, "A value does not fit.")
    return OperationError(Code.INTERNAL, "The database could not do this.")


def _violation(rule: Rule, message: str) -> Violation:
    """From `UNIQUE constraint failed: users.email, users.team` and its like. What is taken out of the message is only
    compared with names that the project has, but for the name of a check: there SQLite gives the expression where the
    rule has no name, so only a plain name is taken."""
    subject = message.rpartition(": ")[2]
    if rule is Rule.CHECK:
        return Violation(rule, constraint=subject if _RULE_NAME.fullmatch(subject) else "")
    if rule is Rule.TYPE:
        # cannot store TEXT value in INTEGER column tickets.priority
        subject = message.rpartition(" ")[2]
    places = [place.rpartition(".") for place in subject.split(", ")]
    return Violation(rule, places[0][0], tuple(column for _, _, column in places))
