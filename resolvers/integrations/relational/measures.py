"""The groups and the values of an aggregate as its author wrote them -> what is grouped by, and what is computed."""

from __future__ import annotations

from collections.abc import Iterator, Set
from typing import Final

from tidegate.core.expressions import Expression, Literal, Record
from tidegate.core.location import Location
from tidegate.core.objects import DataObject
from tidegate.core.problems import Problems, did_you_mean
from tidegate.core.query import parse_order_keys
from tidegate.core.types import ObjectType, nullable
from tidegate.resolvers.integrations.relational.verbs import Function, Measure

_NUMERIC: Final = frozenset({"Int", "Float", "Decimal", "BigInt"})


def parse_groups(written: Expression | None, target: DataObject, problems: Problems) -> Iterator[str]:
    """The fields of `groupBy`."""
    if written is None:
        return
    for key in parse_order_keys(written, target.columns, f"a field of {target.name}", problems):
        if key.descending:
            problems.add(key.at, "A group has no direction.", "Order the groups with orderBy.")
        yield key.field


def parse_measures(written: Expression | None, target: DataObject, problems: Problems) -> Iterator[tuple[str, Measure]]:
    """The names in `values`, each with what it is of the rows."""
    if not isinstance(written, Record):
        if written is not None:
            problems.add(written.at, '"values" is a mapping.', "Write values: { tickets: count }.")
        return
    for name, value in written.fields.items():
        if isinstance(value, Literal) and value.value == Function.COUNT:
            yield name, Measure(Function.COUNT, None)
        elif isinstance(value, Record) and len(value.fields) == 1:
            measure = _measure(value, target, problems)
            if measure is not None:
                yield name, measure
        else:
            hint = f"Write {name}: count, or {name}: {{ max: field }}."
            problems.add(value.at, f'"{name}" is not a function of the rows.', hint)


def compare_with_type(returned: Set[str], type: ObjectType, at: Location, problems: Problems) -> None:
    """What an aggregate returns is what its type says, no more and no less."""
    for name in sorted(type.fields.keys() - returned):
        hint = "Add it to groupBy or values, or remove the field."
        problems.add(at, f'Nothing gives "{name}" of {type.name}.', hint)
    for name in sorted(returned - type.fields.keys()):
        problems.add(at, f'"{name}" is not a field of {type.name}.', did_you_mean(name, type.fields))


def _measure(value: Record, target: DataObject, problems: Problems) -> Measure | None:
    word, of = next(iter(value.fields.items()))
    if word not in list(Function):
        problems.add(value.keys[word], f'"{word}" is not a function.', did_you_mean(word, Function))
        return None
    field = of.value if isinstance(of, Literal) and isinstance(of.value, str) else ""
    column = target.columns.get(field)
    if column is None:
        problems.add(of.at, f'"{field}" is not a field of {target.name}.', did_you_mean(field, target.columns))
        return None
    leaf = str(nullable(column.type))
    if word in (Function.SUM, Function.AVG) and leaf not in _NUMERIC:
        problems.add(of.at, f'There is no {word} of "{field}": it is not a number but {leaf}.')
    return Measure(Function(word), field)
