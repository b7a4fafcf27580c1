"""A request as its author wrote it -> a typed verb, or every problem in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Final

from tidegate.core.expressions import Expression, Literal, Record, Reference
from tidegate.core.filters import EVERY_ROW, All, AnyOf, Comparison, Filter, Not, Operator, Order, Related, Sent
from tidegate.core.fitting import fit, hold_rows, is_of_step, sendable
from tidegate.core.integration import Declaration, Surroundings
from tidegate.core.objects import DataObject
from tidegate.core.problems import Problems, did_you_mean
from tidegate.core.query import OrderBy, parse_filter, parse_order, parse_order_keys
from tidegate.core.types import InputType, ListOf, Named, ObjectType, TypeRef, nullable
from tidegate.resolvers.integrations.relational.measures import compare_with_type, parse_groups, parse_measures
from tidegate.resolvers.integrations.relational.outcomes import outcome_of
from tidegate.resolvers.integrations.relational.statements import parse_statement
from tidegate.resolvers.integrations.relational.verbs import (
    Aggregating,
    Counting,
    Creating,
    CreatingMany,
    Deleting,
    Getting,
    Listing,
    Outcome,
    Shape,
    Updating,
    Verb,
)

KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "list": ("where", "orderBy", "limit", "offset", "after"),
    "claim": ("where",),
    "get": ("where",),
    "count": ("where",),
    "aggregate": ("where", "groupBy", "values", "orderBy", "limit"),
    "createMany": ("rows", "set"),
    "update": ("where", "set"),
    "updateMany": ("where", "set"),
    "delete": ("where",),
    "deleteMany": ("where",),
}
"""What each verb's body may hold. `create` takes the fields of the row themselves, `sql` a text. `claim`, like
`condition` and `script`, is for actions: no author writes it."""


def parse_request(declaration: Declaration, surroundings: Surroundings, integration: str, dialect: str) -> Verb:
    """`integration` is the one asked, `dialect` sqlglot's name of the database's. Raises `ProjectError` with everything
    that is wrong."""
    problems = Problems()
    if declaration.verb in ("sql", "condition"):
        verb: Verb = parse_statement(declaration, surroundings, integration, dialect, problems)
    else:
        assert declaration.target is not None
        verb = _Parser(declaration, declaration.target, surroundings, problems).verb()
    problems.raise_any()
    return verb


class _Parser:
    """One request on an object."""

    def __init__(
        self, declaration: Declaration, target: DataObject, surroundings: Surroundings, problems: Problems
    ) -> None:
        self.declaration = declaration
        self.target = target
        self.surroundings = surroundings
        self.problems = problems
        body = declaration.body
        if not isinstance(body, Record):
            problems.add(body.at, f'"{declaration.verb}" takes a mapping.', f"Write {declaration.verb}: {{ … }}.")
            body = Record({}, {}, body.at)
        self.body = body

    def verb(self) -> Verb:
        name, target = self.declaration.verb, self.target
        outcome = outcome_of(self.declaration, self.surroundings, self.problems)
        if name == "create":
            return Creating(target, self._assignments(self.body, "The row"), outcome)
        for key, at in self.body.keys.items():
            if key not in KEYS[name]:
                self.problems.add(at, f'"{key}" is not a key of "{name}".', did_you_mean(key, KEYS[name]))
        match name:
            case "list" | "claim":
                return self._listing(outcome)
            case "get":
                return Getting(target, _firm(self._needed_filter()), outcome)
            case "count":
                return Counting(target, self._filter(), outcome)
            case "aggregate":
                return self._aggregating(outcome)
            case "createMany":
                return self._creating_many(outcome)
            case "update" | "updateMany":
                many = name == "updateMany"
                return Updating(target, self._filter_of_write(many), self._changes(), many, outcome)
            case _:
                many = name == "deleteMany"
                return Deleting(target, self._filter_of_write(many), many, outcome)

    def _listing(self, outcome: Outcome) -> Listing:
        body = self.body
        order: OrderBy = ()
        if (written := body.fields.get("orderBy")) is not None:
            order = parse_order(written, self.target, self.surroundings, self.problems, self.declaration.arguments)
        if outcome.shape is Shape.PAGE and not isinstance(order, Reference):
            self._refuse_hidden(order)
        after = self._value("after", Named("String"))
        if after is not None and outcome.shape is not Shape.PAGE:
            hint = f"Write returns: {self.target.type}Connection!."
            self.problems.add(body.keys["after"], '"after" is a cursor, and only a connection has cursors.', hint)
        if after is not None and "offset" in body.fields:
            self.problems.add(body.keys["offset"], '"offset" and "after" exclude each other.', "Keep one of them.")
        limit, offset = self._value("limit", Named("Int")), self._value("offset", Named("Int"))
        claims = self.declaration.verb == "claim"
        return Listing(self.target, self._filter(), order, limit, offset, after, outcome, claims)

    def _refuse_hidden(self, order: tuple[Order, ...]) -> None:
        """A cursor holds the values of the sort keys, so its reader must be one who may read them."""
        for key in order:
            column = self.target.columns[key.field]
            if column.rank > self.declaration.rank:
                role = self.surroundings.roles[column.rank]
                sentence = f'The cursors would show "{key.field}", which only {role} and higher roles may read.'
                self.problems.add(key.at, sentence, "Raise minRole, or sort by another field.")

    def _aggregating(self, outcome: Outcome) -> Aggregating:
        fields, target, problems = self.body.fields, self.target, self.problems
        group_by = tuple(parse_groups(fields.get("groupBy"), target, problems))
        measures = dict(parse_measures(fields.get("values"), target, problems))
        returned = {*group_by, *measures}
        for name in set(group_by) & measures.keys():
            problems.add(self.body.keys["values"], f'"{name}" is in groupBy and in values.', "Rename the value.")
        if not measures:
            problems.add(self.body.at, "The aggregate has no values.", "Write values: { tickets: count }.")
        type = self.surroundings.types.get(str(outcome.inner))
        if isinstance(type, ObjectType):
            compare_with_type(returned, type, self.declaration.at, problems)
        order = fields.get("orderBy")
        keys = () if order is None else parse_order_keys(order, returned, "a value of the aggregate", problems)
        limit = self._value("limit", Named("Int"))
        return Aggregating(target, self._filter(), group_by, measures, keys, limit, outcome)

    def _creating_many(self, outcome: Outcome) -> CreatingMany:
        rows = self.body.fields.get("rows")
        fixed = self._set(required=False)
        if not isinstance(rows, Reference):
            at = rows.at if rows is not None else self.body.at
            self.problems.add(at, '"createMany" takes its rows from an argument.', "Write rows: $args.rows.")
            rows = Reference("args", (), at)
        if is_of_step(rows):
            types = self.surroundings.types
            held = replace(rows, hold=partial(hold_rows, self.target, types))
            return CreatingMany(self.target, held, tuple(self.target.columns), fixed, outcome)
        fields = tuple(self._fields_of_rows(rows))
        if not fields and not fixed and not self.problems:
            self.problems.add(rows.at, "The rows have no fields.", f"Give the input type fields of {self.target.name}.")
        return CreatingMany(self.target, rows, fields, fixed, outcome)

    def _fields_of_rows(self, rows: Reference) -> Iterator[str]:
        types = self.surroundings.types
        sent = sendable(rows, self.declaration.arguments, types)
        if sent is None:
            if rows.root != "args":
                self.problems.add(rows.at, f"The rows cannot be taken from ${rows}.", "Take them from an argument.")
            return
        inner = nullable(sent.type)
        of = nullable(inner.of) if isinstance(inner, ListOf) else inner
        input = types.get(of.name) if isinstance(inner, ListOf) and isinstance(of, Named) else None
        if not isinstance(input, InputType):
            hint = "Declare an input type with the fields of a row, and the argument as a list of it."
            self.problems.add(rows.at, f"The rows are a list of an input type; ${rows} is {sent.type}.", hint)
            return
        for name, argument in input.fields.items():
            column = self.target.columns.get(name)
            if column is None:
                hint = did_you_mean(name, self.target.columns)
                sentence = f'"{name}" of {input.name} is not a field of {self.target.name}.'
                self.problems.add(argument.at, sentence, hint)
                continue
            self._fit(Reference("args", (*rows.path, name), argument.at), column.type, name)
            yield name

    def _filter(self) -> Filter:
        written = self.body.fields.get("where")
        if written is None:
            return EVERY_ROW
        return parse_filter(written, self.target, self.surroundings, self.problems, self.declaration.arguments)

    def _needed_filter(self) -> Filter:
        if "where" not in self.body.fields:
            keys = ", ".join(f"{field}: $args.{field}" for field in self.target.key)
            hint = f"Write where: {{ {keys} }}."
            self.problems.add(self.body.at, f'"{self.declaration.verb}" does not say which row.', hint)
        return self._filter()

    def _filter_of_write(self, many: bool) -> Filter:
        verb = self.declaration.verb
        if many:
            where = self.body.fields.get("where")
            if where is None or (isinstance(where, Record) and not where.fields):
                hint = "Write where: { … }; to touch every row, compare the key with something always true."
                self.problems.add(self.body.at, f'"{verb}" without a filter would touch every row.', hint)
            return self._filter()
        filter = self._needed_filter()
        named = {part.field for part in _conjuncts(filter) if part.operator is Operator.EQ}
        for field in self.target.key:
            if field not in named and "where" in self.body.fields:
                hint = f"Add {field}: to where, or use {verb}Many."
                self.problems.add(
                    self.body.fields["where"].at,
                    f'"{verb}" is for one row, and "{field}" of its key is not given.',
                    hint,
                )
        for part in _conjuncts(filter):
            if part.optional and part.field in self.target.key:
                hint = "Give the argument an exclamation mark."
                self.problems.add(part.value.at, f'"{part.field}" of the key may be left out by the client.', hint)
        return filter

    def _changes(self) -> Mapping[str, Expression]:
        return self._set(required=True)

    def _set(self, *, required: bool) -> Mapping[str, Expression]:
        written = self.body.fields.get("set")
        if written is None:
            if required:
                self.problems.add(self.body.at, f'"{self.declaration.verb}" sets nothing.', "Write set: { field: … }.")
            return {}
        assigned = self._assignments(written, '"set"')
        if required and isinstance(written, Record) and not written.fields:
            self.problems.add(written.at, f'"{self.declaration.verb}" sets nothing.', "Name a field.")
        return assigned

    def _assignments(self, written: Expression, noun: str) -> Mapping[str, Expression]:
        if not isinstance(written, Record):
            self.problems.add(written.at, f"{noun} is a mapping of fields to values.", "Write { field: value }.")
            return {}
        assigned: dict[str, Expression] = {}
        for name, value in written.fields.items():
            column = self.target.columns.get(name)
            if column is None:
                hint = did_you_mean(name, self.target.columns)
                if name in self.target.relations:
                    hint = "It is a relation: set the fields that it is made of."
                self.problems.add(written.keys[name], f'"{name}" is not a field of {self.target.name}.', hint)
                continue
            if isinstance(value, Literal) and value.value is None:
                assigned[name] = value
                continue
            assigned[name] = self._fit(value, column.type, name)
        return assigned

    def _fit(self, value: Expression, type: TypeRef, field: str) -> Expression:
        subject = f'"{field}" of {self.target.name}'
        return fit(value, type, subject, self.surroundings.types, self.problems, self.declaration.arguments)

    def _value(self, key: str, type: Named) -> Expression | None:
        written = self.body.fields.get(key)
        if written is None:
            return None
        if isinstance(written, Literal) and key != "after":
            value = written.value
            if not isinstance(value, int) or isinstance(value, bool) or value < 0:
                self.problems.add(written.at, f'"{key}" is a whole number, and not below zero.')
                return None
            if key == "limit" and value > self.surroundings.limits.pageSize:
                most = self.surroundings.limits.pageSize
                hint = "Raise limits: pageSize, or ask for pages."
                self.problems.add(written.at, f"A list has {most} rows at most.", hint)
                return None
        return fit(written, type, f'"{key}"', self.surroundings.types, self.problems, self.declaration.arguments)


def _firm(filter: Filter) -> Filter:
    """Nothing of it is dropped where an argument was left out: a request for one row then finds none, not any."""
    match filter:
        case Comparison():
            return replace(filter, optional=False)
        case All(filters=filters):
            return All(tuple(map(_firm, filters)))
        case AnyOf(filters=filters):
            return AnyOf(tuple(map(_firm, filters)))
        case Not(filter=inner):
            return Not(_firm(inner))
        case Related():
            return replace(filter, filter=_firm(filter.filter))
        case Sent():
            return filter


def _conjuncts(filter: Filter) -> Iterator[Comparison]:
    """The comparisons that every row must pass."""
    parts: Iterable[Filter] = filter.filters if isinstance(filter, All) else (filter,)
    for part in parts:
        if isinstance(part, Comparison):
            yield part
        elif isinstance(part, All):
            yield from _conjuncts(part)
