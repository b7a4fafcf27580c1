"""`aggregate: { groupBy: [status], values: { tickets: count, oldest: { min: createdAt } } }` -> a typed request."""

from __future__ import annotations

from tidegate.core.expressions import Expression, Items, Literal, Record
from tidegate.core.filters import Order
from tidegate.core.problems import did_you_mean
from tidegate.core.query import parse_order_keys, sortable
from tidegate.core.types import ListOf, Named, ObjectType, named, nullable
from tidegate.resolvers.integrations.relational.requests import (
    FUNCTIONS,
    Aggregate,
    Answering,
    Measure,
    Reader,
    Returned,
)

_NUMBERS = frozenset({"Int", "Float", "Decimal", "BigInt"})


def read_aggregate(reader: Reader) -> Aggregate:
    """Adds what is wrong to the reader's problems."""
    item = reader.item
    groups = _groups(reader, reader.get("groupBy"))
    measures = _measures(reader)
    names = (*groups, *(measure.name for measure in measures))
    returned = _returned(reader, groups, measures)
    order: tuple[Order, ...] = ()
    sorting = reader.get("orderBy")
    if sorting is not None:
        order = parse_order_keys(sorting, names, "a value of this aggregate", reader.problems)
    return Aggregate(
        item, reader.where(required=False), groups, measures, order, reader.number("limit"), returned
    )


def _groups(reader: Reader, expression: Expression | None) -> tuple[str, ...]:
    if expression is None:
        return ()
    items = expression.items if isinstance(expression, Items) else (expression,)
    found: dict[str, None] = {}
    for item in items:
        name = item.value if isinstance(item, Literal) else None
        if not isinstance(name, str) or name not in reader.item.columns:
            hint = did_you_mean(str(name), reader.item.columns)
            reader.problems.add(item.at, f'"{name}" is not a field of {reader.item.name}.', hint)
        elif not sortable(reader.item.columns[name].type):
            reader.problems.add(item.at, f'Rows cannot be grouped by "{name}".')
        else:
            found[name] = None
    return tuple(found)


def _measures(reader: Reader) -> tuple[Measure, ...]:
    values = reader.get("values")
    if not isinstance(values, Record) or not values.fields:
        at = reader.body.at if values is None else values.at
        reader.problems.add(at, '"aggregate" needs values.', "Write values: { tickets: count, oldest: { min: createdAt } }.")
        return ()
    return tuple(
        measure for name, value in values.fields.items() if (measure := _measure(reader, name, value)) is not None
    )


def _measure(reader: Reader, name: str, value: Expression) -> Measure | None:
    problems, item = reader.problems, reader.item
    if isinstance(value, Literal):
        if value.value == "count":
            return Measure(name, "count", None, value.at)
        hint = did_you_mean(str(value.value), FUNCTIONS)
        if value.value in FUNCTIONS:
            hint = f"Write {{ {value.value}: field }}."
        problems.add(value.at, f'"{value.value}" alone is not a value: only count is.', hint)
        return None
    if not isinstance(value, Record) or len(value.fields) != 1:
        problems.add(value.at, f'"{name}" is count, or one function of one field.', "Write { max: createdAt }.")
        return None
    ((function, operand),) = value.fields.items()
    place = value.keys.get(function, value.at)
    if function not in FUNCTIONS:
        problems.add(place, f'"{function}" is not a function of an aggregate.', did_you_mean(function, FUNCTIONS))
        return None
    field = operand.value if isinstance(operand, Literal) else None
    column = item.columns.get(field) if isinstance(field, str) else None
    if column is None:
        hint = did_you_mean(str(field), item.columns)
        problems.add(operand.at, f'"{field}" is not a field of {item.name}.', hint)
        return None
    type = nullable(column.type)
    countable = function == "count" or sortable(type)
    numeric = function not in ("sum", "avg") or (isinstance(type, Named) and type.name in _NUMBERS)
    if not countable or not numeric:
        problems.add(place, f'There is no {function} of "{field}": it is {type}.')
        return None
    return Measure(name, function, column.field, place)


def _returned(reader: Reader, groups: tuple[str, ...], measures: tuple[Measure, ...]) -> Returned:
    promised = reader.declaration.returns
    names = {*groups, *(measure.name for measure in measures)}
    if promised is None:
        return Returned(Answering.ROWS, False, "")
    type = reader.surroundings.types.get(named(promised))
    row = nullable(promised)
    if not isinstance(type, ObjectType) or (not isinstance(row, ListOf) and reader.get("groupBy") is not None):
        reader.problems.add(
            reader.declaration.at,
            f'"aggregate" cannot return {promised}.',
            "It returns a list of a type whose fields are the groups and the values.",
        )
        return Returned(Answering.ROWS, True, named(promised))
    for name, field in type.fields.items():
        if name not in names:
            sentence = f'The aggregate has no value for "{name}" of {type.name}.'
            reader.problems.add(reader.declaration.at, sentence, did_you_mean(name, names))
        elif isinstance(reader.surroundings.types.get(named(field.type)), ObjectType):
            reader.problems.add(reader.declaration.at, f'"{name}" of {type.name} cannot be an object in an aggregate.')
    answering = Answering.ROWS if isinstance(row, ListOf) else Answering.ROW
    return Returned(answering, True, type.name)
