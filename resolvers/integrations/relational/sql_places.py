"""Finds the places of a statement's tree (see sql_scopes.py), and what nobody can know the reach of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlglot import exp

from tidegate.resolvers.integrations.relational.sql_scopes import Place, Scope, conjuncts, join_conditions
from tidegate.resolvers.integrations.relational.sql_text import SqlText
from tidegate.resolvers.integrations.relational.sql_words import Words
from tidegate.resolvers.integrations.relational.tables import ReflectedTable, Tables


@dataclass(eq=False, slots=True)
class Found:
    """`is_opaque`: it may reach anything. `places` come with the scope that they are in; `written` are the statements
    that write, with the place they write to and its scope."""

    is_opaque: bool = False
    places: list[tuple[Scope, Place]] = field(default_factory=list)
    written: list[tuple[exp.Expr, Scope, Place]] = field(default_factory=list)


def find_places(text: SqlText, tables: Tables, words: Words) -> Found:
    found = Found()
    if text.tree is None or _calls_strangers(text, tables.functions):
        found.is_opaque = True
        return found
    _Walk(text.tree, tables, found, words).visit(text.tree, None)
    return found


def _calls_strangers(text: SqlText, functions: frozenset[str]) -> bool:
    """Also by an operator or a cast that is made of one."""
    if not text.calls.isdisjoint(functions):
        return True
    symbols = [name for name in functions if not (name[0].isalnum() or name[0] == "_")]
    sql = "".join(part for part in text.parts if isinstance(part, str))
    return any(symbol == "::" or symbol in sql for symbol in symbols)


class _Walk:
    def __init__(self, tree: exp.Expr, tables: Tables, found: Found, words: Words) -> None:
        self._tables = tables
        self._found = found
        self._words = words
        self._named = {each.alias.lower() for each in tree.find_all(exp.CTE)}
        self._identities = {table.identity: table for table in tables.known.values()}

    def visit(self, node: exp.Expr, scope: Scope | None) -> None:
        match node:
            case exp.Select():
                self._select(node, scope)
            case exp.Insert() | exp.Update() | exp.Delete() | exp.Merge():
                self._write(node, scope)
            case exp.Table():
                # In a place that is not understood: `x in some_table`, say.
                self._loose(node, scope)
            case exp.Into():
                self._found.is_opaque = True
            case exp.In() if isinstance(field := node.args.get("field"), exp.Column):
                self._loose(exp.Table(this=field.this, db=field.args.get("table")), scope)
                self._inside(node, scope)
            case exp.Column():
                self._column(node, scope)
            case _:
                self._inside(node, scope)

    def _inside(self, node: exp.Expr, scope: Scope | None, *, without: tuple[str, ...] = ()) -> None:
        for key, value in node.args.items():
            if key not in without:
                for each in value if isinstance(value, list) else [value]:
                    if isinstance(each, exp.Expr):
                        self.visit(each, scope)

    def _select(self, node: exp.Select, parent: Scope | None) -> None:
        if (own := node.args.get("with_")) is not None:
            self.visit(own, parent)
        scope = Scope(parent, select=node)
        source = node.args.get("from_")
        sources = [source.this] if source is not None else []
        self._sources(scope, sources, node.args.get("joins") or [])
        for lateral in node.args.get("laterals") or ():
            self._other(scope, lateral)
        self._where(scope, node)
        self._inside(node, scope, without=("with_", "from_", "joins", "laterals"))

    def _write(self, node: exp.Expr, parent: Scope | None) -> None:
        if (own := node.args.get("with_")) is not None:
            self.visit(own, parent)
        scope, target = Scope(parent), node.this
        if isinstance(target, exp.Schema):
            target = target.this
        if not isinstance(target, exp.Table) or (place := self._place(scope, target)) is None:
            self._found.is_opaque = True
            return
        self._found.written.append((node, scope, place))
        if isinstance(node, exp.Update | exp.Delete):
            source = node.args.get("from_")
            sources = [source.this] if source is not None else list(node.args.get("using") or ())
            self._sources(scope, sources, target.args.get("joins") or [])
            self._where(scope, node)
        elif isinstance(node, exp.Merge):
            self._sources(scope, [node.args["using"]], [])
        if self._words.writes_joined and (len(scope.places) > 1 or node.args.get("tables")):
            self._found.written += [(node, scope, each) for each in scope.places if each is not place]
        self._inside(node, scope, without=("this", "with_", "from_", "using", "tables"))

    def _where(self, scope: Scope, node: exp.Expr) -> None:
        if (where := node.args.get("where")) is not None:
            scope.conditions += conjuncts(where.this)

    def _sources(self, scope: Scope, sources: list[Any], joins: list[exp.Join]) -> None:
        """Any: sqlglot's arguments are of any kind."""
        for source in sources:
            self._source(scope, source)
        joined = [self._source(scope, join.this) for join in joins]
        scope.is_natural = scope.is_natural or any(join.method for join in joins)
        join_conditions(scope, joins, joined)
        for join in joins:
            if (on := join.args.get("on")) is not None:
                self.visit(on, scope)

    def _source(self, scope: Scope, source: exp.Expr) -> Place | None:
        """The place, if it is a table and nothing more."""
        if isinstance(source, exp.Subquery) and not source.alias and isinstance(source.this, exp.Table):
            # Joins in parentheses: what they say of their rows is left aside.
            self._source(scope, source.this)
            self._nested(scope, source.args.get("joins") or [])
            return None
        if not isinstance(source, exp.Table) or not isinstance(source.this, exp.Identifier):
            self._other(scope, source)
            return None
        place = self._place(scope, source)
        joins = source.args.get("joins") or []
        self._nested(scope, joins)
        return None if joins else place

    def _nested(self, scope: Scope, joins: list[exp.Join]) -> None:
        for join in joins:
            self._source(scope, join.this)
            scope.is_natural = scope.is_natural or bool(join.method)
            if (on := join.args.get("on")) is not None:
                self.visit(on, scope)

    def _other(self, scope: Scope, source: exp.Expr) -> None:
        """What has rows and is no table. Only LATERAL and functions see what stands beside them."""
        scope.others.append(source.alias_or_name.lower())
        if isinstance(source, exp.Table):
            known = self._words.table_functions
            if known is not None and _function_name(source.this) not in known:
                self._found.is_opaque = True
            self._inside(source, scope)
        elif isinstance(source, exp.Lateral | exp.Unnest):
            self._inside(source, scope)
        else:
            self.visit(source, scope.parent)

    def _place(self, scope: Scope, source: exp.Table) -> Place | None:
        """Puts the table into the scope, or the rows of a WITH of its name."""
        alias = source.args.get("alias")
        name = source.alias_or_name.lower()
        if not source.db and source.name.lower() in self._named:
            scope.others.append(name)
            # Whether the name means this or a table is left open.
            if (table := self._table(source)) is not None:
                self._found.places.append((Scope(None), Place(table, "", is_renamed=True)))
            return None
        table = self._table(source)
        if table is None:
            self._found.is_opaque = self._found.is_opaque or not self._is_nothing(source)
            scope.others.append(name)
            return None
        place = Place(table, name, is_renamed=bool(alias is not None and alias.args.get("columns")))
        scope.places.append(place)
        self._found.places.append((scope, place))
        return place

    def _is_nothing(self, source: exp.Table) -> bool:
        name = source.this
        is_plain = isinstance(name, exp.Identifier) and not name.quoted and not source.db
        return is_plain and name.name.lower() == self._words.nothing

    def _loose(self, node: exp.Table, scope: Scope | None) -> None:
        if not isinstance(node.this, exp.Identifier):
            self._other(scope or Scope(None), node)
        elif self._place(Scope(None), node) is not None:
            self._found.places[-1][1].is_renamed = True

    def _table(self, source: exp.Table) -> ReflectedTable | None:
        return None if source.catalog else self._words.table(source, self._tables.known, self._identities)

    def _column(self, node: exp.Column, scope: Scope | None) -> None:
        """PostgreSQL takes `t.name` for a call of a function where there is no such column."""
        if (
            len(node.parts) > 1
            and node.name.lower() in self._tables.functions
            and (scope or Scope(None)).find(node) is None
        ):
            self._found.is_opaque = True


def _function_name(function: exp.Expr) -> str:
    if isinstance(function, exp.JSONTable):
        return "json_table"
    return (
        function.sql_name().lower() if isinstance(function, exp.Func) and not function.name else function.name.lower()
    )
