"""MySQL's and MariaDB's own words: docs/decisions/0015-mysql.md."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects.mysql.mariadb import MariaDBDialect
from sqlalchemy.engine import Dialect as CompilingDialect

from tidegate.resolvers.integrations.relational.dialects import Dialect, Fragment, GatherPage, Sql, merged, pieces_of
from tidegate.resolvers.integrations.relational.tables import Family, ReflectedColumn

MARIADB: Final = 1000
"""All releases from this one on are MariaDB's."""

_FOLDING: Final = frozenset({Family.TEXT, Family.ENUM, Family.OTHER})
"""What a collation compares."""


class MysqlDialect(Dialect):
    name = "mysql"
    typed = False
    strict = True
    recordsets = False
    wraps_writes = False
    updates_return = False
    locks_rows = True
    plans_limits = False
    computes_limits = False
    asks_together = False
    keeps_order = False
    compares_json = True
    guesses_types = True

    def compiling(self, release: int) -> CompilingDialect:  # noqa: ARG002 - what we say, all understand
        return _compiling()

    def quoted(self, name: str) -> str:
        # SQLAlchemy's own would double percent signs, which fragments do too.
        return "`" + name.replace("`", "``") + "`"

    def returns_inserted(self, release: int) -> bool:
        return not 0 < release < MARIADB

    def inserts_lists(self, release: int) -> bool:
        return self.returns_inserted(release)

    def joined(self, parts: Sequence[str | Sql]) -> Sql:
        pieces = pieces_of(merged(parts))
        return pieces[0] if len(pieces) == 1 else sa.func.concat(*pieces)

    def framed(self, before: str, text: Sql, after: str) -> Sql:
        # Its CONCAT is null where anything in it is.
        return sa.func.concat(*pieces_of(merged([before, text, after])))

    def gathered(self, text: Sql, order: Sequence[Sql] = ()) -> Sql:
        return Fragment(("coalesce(group_concat(", text, *_sorted(order), "), '')"))

    def gathers_pages(self, release: int) -> GatherPage | None:
        """MySQL's pages can be correlated since 8.0.14; MariaDB's GROUP_CONCAT has a LIMIT instead."""
        return None if 0 < release < MARIADB else _gathered_page

    def bytes(self, text: Sql) -> Sql:
        return Fragment(("CAST(", text, " AS BINARY)"))

    def hex(self, text: Sql) -> Sql:
        return sa.func.lower(sa.func.hex(text))

    def text(self, value: Sql) -> Sql:
        return Fragment(("CAST(", value, " AS CHAR)"))

    def text_parameter(self, bound: Sql) -> Sql:
        # What is cast has a collation of its own, which may not go together with that of what it is compared with.
        return bound

    def ordered(self, value: Sql, *, descending: bool, nullable: bool) -> list[Sql]:
        directed = value.desc() if descending else value.asc()
        if not nullable:
            return [directed]
        missing = Fragment((value, " IS NULL DESC" if descending else " IS NULL"))
        return [missing, directed]

    def member(self, subject: Sql, bound: Sql, *, is_bytes: bool) -> Sql:  # noqa: ARG002 - bytes are bytes
        return Fragment((subject, " IN (", bound, ")"))

    def lowered(self, value: Sql) -> Sql:
        # As bytes: no collation, and no blanks at the end that do not count.
        return Fragment(("CAST(lower(CONVERT(", value, " USING utf8mb4)) AS BINARY)"))

    def lowered_parameter(self, bound: Sql) -> Sql:
        return self.lowered(bound)

    def matches(self, subject: Sql, bound: Sql, *, any_case: bool, is_text: bool, is_plain: bool) -> Sql:
        if any_case:
            both = [Fragment(("lower(", self._by_byte(each), ")")) for each in (subject, bound)]
            return Fragment((both[0], " LIKE ", both[1], " ESCAPE '!'"))
        text = subject if is_text and is_plain else self._by_byte(subject)
        return Fragment((text, " LIKE ", bound, " ESCAPE '!'"))

    def _by_byte(self, value: Sql) -> Sql:
        return Fragment(("CONVERT(", value, " USING utf8mb4) COLLATE utf8mb4_bin"))

    def letters(self, value: Sql, column: ReflectedColumn) -> Sql | None:
        if column.plain or column.family not in _FOLDING:
            return None
        return Fragment(("CAST(CONVERT(", value, " USING utf8mb4) AS BINARY)"))

    def average(self, value: Sql) -> Sql:
        # Of whole numbers and decimals it has four digits more than they have; this has all that a fraction can have.
        return sa.func.avg(Fragment((value, " + 0e0")))

    def empty_row(self) -> str:
        return " () VALUES ()"


def _gathered_page(text: Sql, order: Sequence[Sql], offset: Sql | None, rows: Sql) -> Sql:
    skipped: list[str | Sql] = [] if offset is None else [offset, ", "]
    return Fragment(("coalesce(group_concat(", text, *_sorted(order), " LIMIT ", *skipped, rows, "), '')"))


def _sorted(order: Sequence[Sql]) -> list[str | Sql]:
    parts: list[str | Sql] = []
    for each in order:
        parts += [", " if parts else " ORDER BY ", each]
    return parts


@cache
def _compiling() -> CompilingDialect:
    made = MariaDBDialect(paramstyle="format")
    made.server_version_info = (10, 11, 0)
    return made


MYSQL: Final = MysqlDialect()
