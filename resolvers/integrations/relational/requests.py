"""`use: tickets, list: { where: …, orderBy: … }` -> a typed request, or everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

from tidegate.core.expressions import Expression, Literal, Record, Reference, Text
from tidegate.core.filters import EVERY_ROW, All, Comparison, Filter, Operator, Order
from tidegate.core.fitting import fit, fits, sendable
from tidegate.core.integration import Declaration, Surroundings
from tidegate.core.literals import article
from tidegate.core.location import Location
from tidegate.core.objects import DataObject
from tidegate.core.problems import Problems, did_you_mean
from tidegate.core.query import OrderBy, parse_filter, parse_order
from tidegate.core.types import InputType, ListOf, Named, NonNull, TypeRef, named, nullable


class Answering(StrEnum):
    """What a request answers with."""

    ROW = "row"
    ROWS = "rows"
    CONNECTION = "connection"
    COUNT = "count"
    ANY = "any"


@dataclass(frozen=True, slots=True)
class Returned:
    """`required`: no row is NOT_FOUND rather than null. `type` is the row's type."""

    answering: Answering
    required: bool
    type: str


@dataclass(frozen=True, slots=True)
class List:
    item: DataObject
    where: Filter
    order: OrderBy
    limit: Expression | None
    offset: Expression | None
    after: Expression | None
    returned: Returned


@dataclass(frozen=True, slots=True)
class Get:
    item: DataObject
    where: Filter
    returned: Returned


@dataclass(frozen=True, slots=True)
class Count:
    item: DataObject
    where: Filter


@dataclass(frozen=True, slots=True)
class Measure:
    """One value of an aggregate. `field` is none for a count of rows."""

    name: str
    function: str
    field: str | None
    at: Location


@dataclass(frozen=True, slots=True)
class Aggregate:
    item: DataObject
    where: Filter
    groups: tuple[str, ...]
    measures: tuple[Measure, ...]
    order: tuple[Order, ...]
    limit: Expression | None
    returned: Returned


Assignments: TypeAlias = Mapping[str, Expression]
"""What each field is set to."""


@dataclass(frozen=True, slots=True)
class Create:
    item: DataObject
    set: Assignments
    returned: Returned


@dataclass(frozen=True, slots=True)
class CreateMany:
    item: DataObject
    rows: Expression
    set: Assignments
    returned: Returned


@dataclass(frozen=True, slots=True)
class Update:
    """`many`: the filter says which rows, else it names one by its key."""

    item: DataObject
    where: Filter
    set: Assignments
    many: bool
    returned: Returned


@dataclass(frozen=True, slots=True)
class Delete:
    item: DataObject
    where: Filter
    many: bool
    returned: Returned


Reading: TypeAlias = List | Get | Count | Aggregate
Writing: TypeAlias = Create | CreateMany | Update | Delete
Request: TypeAlias = Reading | Writing

FUNCTIONS: Final = ("count", "countDistinct", "sum", "avg", "min", "max")

KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "list": ("where", "orderBy", "limit", "offset", "after"),
    "get": ("where",),
    "count": ("where",),
    "aggregate": ("where", "groupBy", "values", "orderBy", "limit"),
    "createMany": ("rows", "set"),
    "update": ("where", "set"),
    "updateMany": ("where", "set"),
    "delete": ("where",),
    "deleteMany": ("where",),
}
"""What each verb takes. `create` takes the fields themselves."""

VERBS: Final = frozenset({*KEYS, "create"})


def connection_type(item: DataObject) -> str:
    """The generated type of a page of an object's rows."""
    return f"{item.type}Connection"


def read_request(declaration: Declaration, surroundings: Surroundings) -> Request:
    """Raises `ProjectError` with everything that is wrong."""
    from tidegate.resolvers.integrations.relational.aggregate_request import read_aggregate

    problems = Problems()
    reader = Reader(declaration, surroundings, problems)
    if declaration.target is None:
        problems.add(declaration.at, f'"{declaration.verb}" needs an object.', "Write use: with the name of an object.")
        problems.raise_any()
    readers: Mapping[str, Callable[[Reader], Request]] = {
        "list": _list,
        "get": _get,
        "count": _count,
        "aggregate": read_aggregate,
        "create": _create,
        "createMany": _create_many,
        "update": lambda reader: _update(reader, many=False),
        "updateMany": lambda reader: _update(reader, many=True),
        "delete": lambda reader: _delete(reader, many=False),
        "deleteMany": lambda reader: _delete(reader, many=True),
    }
    request = readers[declaration.verb](reader)
    problems.raise_any()
    return request


class Reader:
    """The parts of one request's body, read one by one."""

    def __init__(self, declaration: Declaration, surroundings: Surroundings, problems: Problems) -> None:
        self.declaration = declaration
        self.surroundings = surroundings
        self.problems = problems
        body = declaration.body
        self.body = body if isinstance(body, Record) else Record({}, {}, body.at)
        if not isinstance(body, Record) and not (isinstance(body, Literal) and body.value is None):
            self.problems.add(body.at, f'"{declaration.verb}" takes a mapping.')
        known = KEYS.get(declaration.verb)
        for name in self.body.fields if known is not None else ():
            if known is not None and name not in known:
                at = self.body.keys.get(name, body.at)
                problems.add(at, f'"{name}" is not a key of {declaration.verb}.', did_you_mean(name, known))

    @property
    def item(self) -> DataObject:
        assert self.declaration.target is not None
        return self.declaration.target

    def get(self, name: str) -> Expression | None:
        return self.body.fields.get(name)

    def where(self, *, required: bool) -> Filter:
        expression = self.get("where")
        if expression is None:
            if required:
                sentence = f'"{self.declaration.verb}" needs a where.'
                self.problems.add(self.body.at, sentence, "It says which rows; there is no default.")
            return EVERY_ROW
        where = self.filter(expression)
        if required and isinstance(where, All) and not where.filters:
            self.problems.add(expression.at, f'The where of "{self.declaration.verb}" is empty.', "Say which rows.")
        return where

    def filter(self, expression: Expression) -> Filter:
        arguments = self.declaration.arguments
        return parse_filter(expression, self.item, self.surroundings, self.problems, arguments)

    def number(self, name: str) -> Expression | None:
        expression = self.get(name)
        match expression:
            case None:
                return None
            case Literal(value=value) if type(value) is int and value >= 0:
                most = self.surroundings.limits.pageSize
                if name == "limit" and value > most:
                    self.problems.add(
                        expression.at, f"limit is at most {most} (limits.pageSize).", "Raise limits.pageSize, or page."
                    )
                return expression
            case Reference():
                self.fitting(expression, Named("Int"), name)
                return expression
        self.problems.add(expression.at, f'"{name}" is a whole number, 0 or more, or an argument that is an Int.')
        return None

    def fitting(self, expression: Reference, wanted: TypeRef, subject: str) -> None:
        """That an argument's declared type can stand where `wanted` is."""
        sent = sendable(expression, self.declaration.arguments, self.surroundings.types)
        if sent is not None and not fits(sent.type, wanted, self.surroundings.types):
            sentence = f'"{subject}" is {article(wanted)}; ${expression} is {article(sent.type)}.'
            self.problems.add(expression.at, sentence)

    def assignments(self, expression: Expression | None, at: Location, *, every: bool) -> dict[str, Expression]:
        """What the fields are set to. `every`: a row is made of it, and non-null fields may not be null."""
        if expression is None:
            return {}
        if not isinstance(expression, Record):
            self.problems.add(expression.at, "What to set is a mapping of fields to values.")
            return {}
        found: dict[str, Expression] = {}
        for name, value in expression.fields.items():
            place = expression.keys.get(name, value.at)
            column = self.item.columns.get(name)
            if column is None:
                hint = did_you_mean(name, self.item.columns)
                kind = "a relation" if name in self.item.relations else "not a field"
                self.problems.add(place, f'"{name}" is {kind} of {self.item.name}.', hint)
                continue
            subject = f'"{name}" of {self.item.name}'
            if isinstance(value, Literal) and value.value is None and isinstance(column.type, NonNull):
                self.problems.add(value.at, f"{subject} is {article(column.type)} and cannot be null.")
                continue
            types, arguments = self.surroundings.types, self.declaration.arguments
            found[name] = fit(value, column.type, subject, types, self.problems, arguments)
        return found

    def returned(self, *allowed: Answering) -> Returned:
        """What the operation promises, held against what the verb can answer; the first of `allowed` by default."""
        promised, item = self.declaration.returns, self.item
        if promised is None:
            return Returned(allowed[0], False, item.type)
        found = answering(promised, item.type, connection_type(item))
        if found is None or found not in allowed:
            forms = ", ".join(_form(answer, item) for answer in allowed)
            self.problems.add(
                self.declaration.at,
                f'"{self.declaration.verb}" of {item.name} cannot return {promised}.',
                f"It can return {forms}.",
            )
        return Returned(found or allowed[0], isinstance(promised, NonNull), item.type)


def answering(promised: TypeRef, row: str, connection: str) -> Answering | None:
    type = nullable(promised)
    if isinstance(type, ListOf):
        inner = nullable(type.of)
        return Answering.ROWS if inner == Named(row) else None
    return {row: Answering.ROW, connection: Answering.CONNECTION, "Int": Answering.COUNT, "Boolean": Answering.ANY}.get(
        type.name
    )


def _form(answer: Answering, item: DataObject) -> str:
    match answer:
        case Answering.ROW:
            return f"{item.type} or {item.type}!"
        case Answering.ROWS:
            return f"[{item.type}!]!"
        case Answering.CONNECTION:
            return f"{connection_type(item)}!"
        case Answering.COUNT:
            return "Int!"
        case Answering.ANY:
            return "Boolean!"


def _list(reader: Reader) -> List:
    returned = reader.returned(Answering.ROWS, Answering.CONNECTION)
    order = reader.get("orderBy")
    parsed: OrderBy = ()
    if order is not None:
        arguments = reader.declaration.arguments
        parsed = parse_order(order, reader.item, reader.surroundings, reader.problems, arguments)
    after = reader.get("after")
    if after is not None:
        if isinstance(after, Reference):
            reader.fitting(after, Named("String"), "after")
        elif not isinstance(after, Text):
            reader.problems.add(after.at, '"after" is a cursor that the client sends: an argument that is a String.')
        if returned.answering is not Answering.CONNECTION:
            connection = connection_type(reader.item)
            reader.problems.add(after.at, '"after" needs cursors to start from.', f"Return {connection}!.")
    limit, offset = reader.number("limit"), reader.number("offset")
    return List(reader.item, reader.where(required=False), parsed, limit, offset, after, returned)


def _get(reader: Reader) -> Get:
    return Get(reader.item, reader.where(required=True), reader.returned(Answering.ROW))


def _count(reader: Reader) -> Count:
    reader.returned(Answering.COUNT)
    return Count(reader.item, reader.where(required=False))


def _create(reader: Reader) -> Create:
    returned = reader.returned(Answering.ROW, Answering.COUNT, Answering.ANY)
    return Create(reader.item, reader.assignments(reader.body, reader.body.at, every=True), returned)


def _create_many(reader: Reader) -> CreateMany:
    returned = reader.returned(Answering.ROWS, Answering.COUNT, Answering.ANY)
    fixed = reader.assignments(reader.get("set"), reader.body.at, every=True)
    rows = reader.get("rows")
    if rows is None:
        reader.problems.add(reader.body.at, '"createMany" needs rows.', "Write rows: $args.rows.")
        rows = Literal([], reader.body.at)
    elif not isinstance(rows, Reference):
        reader.problems.add(rows.at, '"rows" is an argument: a list of an input type.', "Write rows: $args.rows.")
    else:
        _check_rows(reader, rows)
    return CreateMany(reader.item, rows, fixed, returned)


def _check_rows(reader: Reader, rows: Reference) -> None:
    sent = sendable(rows, reader.declaration.arguments, reader.surroundings.types)
    if sent is None:
        return
    type = nullable(sent.type)
    input = reader.surroundings.types.get(named(type))
    if not isinstance(type, ListOf) or not isinstance(input, InputType):
        reader.problems.add(rows.at, f'"rows" is a list of an input type; ${rows} is {article(sent.type)}.')
        return
    for name, field in input.fields.items():
        column = reader.item.columns.get(name)
        if column is None:
            sentence = f'"{name}" of {input.name} is not a field of {reader.item.name}.'
            reader.problems.add(field.at, sentence, did_you_mean(name, reader.item.columns))
        elif not fits(field.type, column.type, reader.surroundings.types):
            sentence = f'"{name}" of {reader.item.name} is {article(column.type)}; in {input.name} it is {field.type}.'
            reader.problems.add(field.at, sentence)


def _update(reader: Reader, *, many: bool) -> Update:
    one, several = (Answering.ROW,), (Answering.COUNT, Answering.ROWS)
    allowed = (*several, Answering.ANY) if many else (*one, Answering.COUNT, Answering.ANY)
    returned = reader.returned(*allowed)
    where = _which(reader, many=many)
    changes = reader.get("set")
    if changes is None or (isinstance(changes, Record) and not changes.fields):
        reader.problems.add(reader.body.at, f'"{reader.declaration.verb}" sets nothing.', "Write set: { field: value }.")
    return Update(reader.item, where, reader.assignments(changes, reader.body.at, every=False), many, returned)


def _delete(reader: Reader, *, many: bool) -> Delete:
    allowed = (Answering.COUNT, Answering.ROWS, Answering.ANY)
    returned = reader.returned(*(allowed if many else (Answering.ROW, Answering.COUNT, Answering.ANY)))
    return Delete(reader.item, _which(reader, many=many), many, returned)


def _which(reader: Reader, *, many: bool) -> Filter:
    where = reader.where(required=True)
    if many or reader.get("where") is None:
        return where
    parts = where.filters if isinstance(where, All) else (where,)
    fixed = {part.field for part in parts if isinstance(part, Comparison) and part.operator is Operator.EQ}
    missing = [field for field in reader.item.key if field not in fixed]
    if missing:
        expression = reader.get("where")
        reader.problems.add(
            expression.at if expression else reader.body.at,
            f'"{reader.declaration.verb}" changes one row: its where must say what "{missing[0]}" equals.',
            f"For more rows use {reader.declaration.verb}Many.",
        )
    return where
