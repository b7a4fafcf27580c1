"""MySQL's and MariaDB's errors to what a client may be told. Nothing of the server's own text goes any further.

The two say which rule was broken in words only, and neither of a null nor (MariaDB) of a key which table it was in. So
the words are taken apart, the session's language is English, and the table is the one that the statement writes to,
where that has such a column or such a key. What comes of it is only compared with names that the project has.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from asyncmy.errors import InterfaceError, MySQLError

from tidegate.core.errors import Code, OperationError
from tidegate.resolvers.integrations.relational.reflection import Reflection
from tidegate.resolvers.integrations.relational.violations import Rule, Violation, Vocabulary

DEADLOCK: Final = 1213
LOCK_TIMEOUT: Final = 1205
NEEDS_NEW_PREPARE: Final = frozenset({1243, 1615})
TOO_MANY_PREPARED: Final = 1461
CUT_SHORT: Final = frozenset({1260, 1301})
"""Warnings: GROUP_CONCAT, and others that make texts, made less than they should have."""

_COLLISION: Final = (Code.CONFLICT, "Somebody else changed the same data at the same time. Try again.")
_TOOK_LONG: Final = (Code.TIMEOUT, "It took too long and was stopped.")
_NO_FIT: Final = (Code.BAD_USER_INPUT, "A value does not fit.")
_NO_TIME: Final = (Code.BAD_USER_INPUT, "A date or time does not exist.")
_NO_CHARACTER: Final = (Code.BAD_USER_INPUT, "A text holds a character that cannot be stored.")
_NO_ROOM: Final = (Code.UPSTREAM_FAILED, "The database has no room for this now.")
_FAILED: Final = (Code.UPSTREAM_FAILED, "The database failed.")
_LARGE: Final = (Code.LIMIT, "This is too large for the database.")
_LOST: Final = (Code.UPSTREAM_FAILED, "The connection to the database was lost.")

_BY_NUMBER: Final[Mapping[int, tuple[Code, str]]] = {
    1020: _COLLISION,
    DEADLOCK: _COLLISION,
    3572: (Code.TIMEOUT, "Somebody else is changing the same data. Try again."),
    LOCK_TIMEOUT: (Code.TIMEOUT, "Somebody else is changing the same data. Try again."),
    # What is no savepoint any more: the transaction has ended.
    1305: _COLLISION,
    1317: _TOOK_LONG,
    1969: _TOOK_LONG,
    3024: _TOOK_LONG,
    1264: (Code.BAD_USER_INPUT, "A number is out of range."),
    1365: (Code.BAD_USER_INPUT, "A number must not be zero."),
    1690: (Code.BAD_USER_INPUT, "A number is out of range."),
    1406: (Code.BAD_USER_INPUT, "A text is too long."),
    1265: _NO_FIT,
    1366: _NO_FIT,
    1367: _NO_FIT,
    1411: _NO_TIME,
    1441: (Code.BAD_USER_INPUT, "A date or time is out of range."),
    1292: _NO_FIT,
    1267: _NO_CHARACTER,
    1270: _NO_CHARACTER,
    1300: _NO_CHARACTER,
    1977: _NO_CHARACTER,
    3854: _NO_CHARACTER,
    1139: _NO_FIT,
    3140: _NO_FIT,
    3141: _NO_FIT,
    3156: _NO_FIT,
    4038: _NO_FIT,
    1153: _LARGE,
    1118: _LARGE,
    1260: _LARGE,
    1301: _LARGE,
    1390: _LARGE,
    1436: _LARGE,
    3669: _LARGE,
    1104: _LARGE,
    1021: _NO_ROOM,
    1037: _NO_ROOM,
    1038: _NO_ROOM,
    1040: _NO_ROOM,
    1041: _NO_ROOM,
    1114: _NO_ROOM,
    1203: _NO_ROOM,
    1206: _NO_ROOM,
    1226: _NO_ROOM,
    TOO_MANY_PREPARED: _NO_ROOM,
    1030: _FAILED,
    1034: _FAILED,
    1290: _FAILED,
    1836: _FAILED,
    1047: _FAILED,
    1180: _FAILED,
    1644: (Code.REFUSED, "The database refused this."),
}

_RULES: Final[Mapping[int, Rule]] = {
    1022: Rule.UNIQUE,
    1062: Rule.UNIQUE,
    1169: Rule.UNIQUE,
    1586: Rule.UNIQUE,
    1216: Rule.MISSING_TARGET,
    1452: Rule.MISSING_TARGET,
    1217: Rule.STILL_USED,
    1451: Rule.STILL_USED,
    1761: Rule.UNIQUE,
    1762: Rule.UNIQUE,
    1048: Rule.NOT_NULL,
    1263: Rule.NOT_NULL,
    1364: Rule.NOT_NULL,
    3819: Rule.CHECK,
    4025: Rule.CHECK,
}

_GONE: Final = frozenset(
    {1053, 1077, 1078, 1079, 1152, 1158, 1159, 1160, 1161, 1184, 1927, 2003, 2006, 2013, 2055, 4031}
)

_KEY: Final = re.compile(r" for key '(.*)'$", re.DOTALL)
_COLUMN: Final = re.compile(r"(?:Column|Field|column) '([^']*)'")
_LINK: Final = re.compile(r"constraint fails \(`((?:[^`]|``)+)`\.`((?:[^`]|``)+)`, CONSTRAINT `((?:[^`]|``)+)` FOREIGN")
_MARIADB_CHECK: Final = re.compile(r"CONSTRAINT `(.+)` failed for `([^`]+)`\.`([^`]+)`$", re.DOTALL)
_MYSQL_CHECK: Final = re.compile(r"Check constraint '(.+)' is violated", re.DOTALL)
WRITES: Final = re.compile(
    r"\s*(?:insert|replace|update|delete)(?:\s+(?:low_priority|high_priority|delayed|quick|ignore))*"
    r"(?:\s+into|\s+from)?\s+(?:`[^`]+`\s*\.\s*)?(?:`([^`]+)`|([\w$]+))",
    re.IGNORECASE,
)
"""A statement that writes, and the table."""


def is_lost(error: BaseException) -> bool:
    """Whether the connection is gone, or could not be made."""
    if isinstance(error, InterfaceError):
        return True
    return isinstance(error, OSError) or (isinstance(error, MySQLError) and number_of(error) in _GONE)


def number_of(error: BaseException) -> int:
    """The server's number of an error, 0 where it has none."""
    first = error.args[0] if isinstance(error, MySQLError) and error.args else 0
    return first if isinstance(first, int) else 0


def translate(error: Exception, vocabulary: Vocabulary, reflection: Reflection, sql: str = "") -> OperationError:
    """What a client is told of `error`, to which `sql` led; raise it `from error`."""
    if isinstance(error, TimeoutError):
        return OperationError(*_TOOK_LONG)
    if is_lost(error):
        return OperationError(*_LOST)
    number = number_of(error)
    if number in _RULES:
        return vocabulary.explain(_violation(number, str(error.args[1]), reflection, sql))
    if found := _BY_NUMBER.get(number):
        return OperationError(*found)
    if getattr(error, "sqlstate", None) == "45000":
        return OperationError(Code.REFUSED, "The database refused this.")
    return OperationError(Code.INTERNAL, "The database could not do this.")


def _violation(number: int, words: str, reflection: Reflection, sql: str) -> Violation:
    rule = _RULES[number]
    target = _target(sql)
    match rule:
        case Rule.UNIQUE if found := _KEY.search(words):
            return _key(found[1], target, reflection)
        case Rule.NOT_NULL if (found := _COLUMN.search(words)) and _has(reflection, target, found[1]):
            return Violation(rule, target, (found[1],))
        case Rule.MISSING_TARGET | Rule.STILL_USED if found := _LINK.search(words):
            table, name = _plain(found[2]), _plain(found[3])
            return Violation(rule, table, reflection.constraints.get((table, name), ()), name)
        case Rule.CHECK if found := _MARIADB_CHECK.search(words):
            # A column's own check is called `table.column`.
            table, name = found[3], found[1]
            column = name.removeprefix(f"{table}.")
            columns = (column,) if column != name else reflection.constraints.get((table, name), ())
            return Violation(rule, table, columns, "" if column != name else name)
        case Rule.CHECK if found := _MYSQL_CHECK.search(words):
            tables = [table for table, name in reflection.constraints if name == found[1]]
            table = tables[0] if len(tables) == 1 else ""
            return Violation(rule, table, reflection.constraints.get((table, found[1]), ()), found[1])
    return Violation(rule)


def _key(name: str, target: str, reflection: Reflection) -> Violation:
    """MySQL says `table.key`, MariaDB `key`; the primary key is PRIMARY in every table."""
    for table, own in ((name.rpartition(".")[0], name.rpartition(".")[2]), (target, name)):
        if columns := reflection.constraints.get((table, own)):
            return Violation(Rule.UNIQUE, table, columns, own)
    found = [(table, columns) for (table, own), columns in reflection.constraints.items() if own == name]
    if name != "PRIMARY" and len(found) == 1:
        return Violation(Rule.UNIQUE, *found[0], name)
    return Violation(Rule.UNIQUE)


def _target(sql: str) -> str:
    """The table that a statement writes to."""
    found = WRITES.match(sql)
    return "" if found is None else found[1] or found[2]


def _has(reflection: Reflection, table: str, column: str) -> bool:
    return table in reflection.tables and column in reflection.tables[table].columns


def _plain(quoted: str) -> str:
    return quoted.replace("``", "`")
