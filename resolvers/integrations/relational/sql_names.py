"""Which columns of a table an author's SQL may look at, by the names that stand in it.

What a name belongs to is not worked out: one that several tables have a column of counts for all of them.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

from sqlglot import exp

from tidegate.resolvers.integrations.relational.sql_scopes import Place, Scope

_HIDDEN: Final = frozenset({"rowid", "oid", "_rowid_", "ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"})
"""Columns that every table has and no catalogue lists: they change with any other."""

_NOT_COLUMNS: Final = (exp.Column, exp.Alias, exp.TableAlias, exp.Table)


class Names:
    """All names of a statement, in lower case: those alone, those with something before the dot, and the stars."""

    def __init__(self, tree: exp.Expr) -> None:
        self._alone = set[str]()
        self._dotted: dict[str, set[str]] = {}
        self._starred = set[str]()
        self._starred_selects = set[int]()
        for node in tree.walk():
            match node:
                case exp.Star(parent=exp.Column() as column):
                    self._starred.add(column.table.lower())
                case exp.Star():
                    self._star(node)
                case exp.Column():
                    self._column([part.name.lower() for part in node.parts])
                case exp.Identifier() if not isinstance(node.parent, _NOT_COLUMNS):
                    self._alone.add(node.name.lower())

    def used(self, scope: Scope, place: Place) -> frozenset[str] | None:
        """None: every column."""
        used = self._alone | self._dotted.get(place.alias, set())
        columns = {column.lower() for column in place.table.columns}
        # A row as a whole is named as its table is.
        whole = place.alias in self._alone or place.alias in self._starred or id(scope.select) in self._starred_selects
        if place.is_renamed or scope.is_natural or whole or used & _HIDDEN - columns:
            return None
        return frozenset(column for column in place.table.columns if column.lower() in used)

    def _star(self, star: exp.Star) -> None:
        select = star.find_ancestor(exp.Select)
        # `count(*)` and `exists (select * …)` ask whether there are rows, and not for what is in them.
        if select is None or isinstance(star.parent, exp.Count):
            return
        if not isinstance(select.parent, exp.Exists):
            self._starred_selects.add(id(select))

    def _column(self, parts: list[str]) -> None:
        if len(parts) != 2:
            self._alone.update(parts)
        for before, name in pairwise(parts):
            self._dotted.setdefault(before, set()).add(name)
