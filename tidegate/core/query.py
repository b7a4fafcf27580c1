"""`where:` and `orderBy:` as written, and access rules, become the filter tree and the sort keys of core/filters.py.

    parse_filter(body.fields["where"], target, surroundings, problems, declaration.arguments) -> Filter
    parse_order(body.fields["orderBy"], target, surroundings, problems, declaration.arguments) -> OrderBy

Both add what is wrong to `problems` and still return something, so that one run finds every mistake.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from tidegate.core.expressions import Expression, Items, Literal, Record, Reference
from tidegate.core.filters import (
    EVERY_ROW,
    NO_ROW,
    All,
    AnyOf,
    Comparison,
    Filter,
    Not,
    Operator,
    Order,
    Related,
    Sent,
)
from tidegate.core.fitting import fit, sendable
from tidegate.core.integration import Surroundings
from tidegate.core.literals import article
from tidegate.core.location import Location
from tidegate.core.objects import Column, DataObject
from tidegate.core.problems import Problems, did_you_mean
from tidegate.core.types import Argument, EnumType, ListOf, Named, NonNull, TypeDefinition, TypeRef, nullable

OrderBy: TypeAlias = tuple[Order, ...] | Reference
"""Sort keys, or the client's own: a list of values like `createdAt_DESC` (see `sent_order`)."""

JOINS: Final[Mapping[str, str]] = {
    "and": "a list of filters, which all hold",
    "or": "a list of filters, of which one holds",
    "not": "a filter that does not hold",
}
"""Keys of a filter that are not fields. No field of an object may have such a name."""

_NULLS: Final = (Operator.IS_NULL, Operator.IS_NOT_NULL)
_EQUALITY: Final = (Operator.EQ, Operator.NE)
_MEMBERSHIP: Final = (*_EQUALITY, Operator.IN, Operator.NOT_IN)
_RANGE: Final = (Operator.GT, Operator.GTE, Operator.LT, Operator.LTE, Operator.BETWEEN)
_LISTS: Final = (Operator.IN, Operator.NOT_IN, Operator.BETWEEN)
_TEXT: Final = (
    *(Operator.CONTAINS, Operator.STARTS_WITH, Operator.ENDS_WITH, Operator.EQ_ANY_CASE, Operator.NE_ANY_CASE),
    *(Operator.CONTAINS_ANY_CASE, Operator.STARTS_WITH_ANY_CASE, Operator.ENDS_WITH_ANY_CASE),
)


def operators_for(type: TypeRef, types: Mapping[str, TypeDefinition]) -> tuple[Operator, ...]:
    """The operators that make sense for a column of this type, in the order they are shown."""
    leaf = nullable(type)
    if isinstance(leaf, ListOf):
        return (*_EQUALITY, *_NULLS)
    if isinstance(types.get(leaf.name), EnumType):
        return (*_MEMBERSHIP, *_NULLS)
    match leaf.name:
        case "JSON":
            return _NULLS
        case "Boolean":
            return (*_EQUALITY, *_NULLS)
        case "Bytes" | "UUID":
            return (*_MEMBERSHIP, *_NULLS)
        case "String":
            return (*_MEMBERSHIP, *_RANGE, *_TEXT, *_NULLS)
        case _:
            return (*_MEMBERSHIP, *_RANGE, *_NULLS)


def sortable(type: TypeRef) -> bool:
    """Whether rows can be ordered by a column of this type."""
    leaf = nullable(type)
    return isinstance(leaf, Named) and leaf.name not in {"JSON", "Bytes"}


def filter_type(target: DataObject) -> str:
    """The generated input type of a filter that a client sends."""
    return f"{target.type}Filter"


def order_type(target: DataObject) -> str:
    """The generated enum of the sort keys that a client sends."""
    return f"{target.type}Order"


def comparison_type(type: TypeRef) -> str:
    """The generated input type of the comparisons with a column of this type."""
    leaf = nullable(type)
    return f"{_spelled(leaf)}Comparison"


def sent_order(value: str, at: Location) -> Order:
    """`createdAt_DESC`, already known to be a value of the generated enum, as a sort key."""
    field, _, direction = value.rpartition("_")
    return Order(field, direction == "DESC", at)


def order_values(target: DataObject) -> tuple[str, ...]:
    """The values of the generated enum, in the order of the columns."""
    fields = (name for name, column in target.columns.items() if sortable(column.type))
    return tuple(f"{field}_{direction}" for field in fields for direction in ("ASC", "DESC"))


def parse_filter(
    expression: Expression,
    target: DataObject,
    surroundings: Surroundings,
    problems: Problems,
    arguments: Mapping[str, Argument] | None = None,
) -> Filter:
    """The filter that `expression` says for rows of `target`. `arguments` are the operation's; none in access rules.

    Literals are checked against the columns' types and brought into travelling form (core/json.py). A comparison is
    `optional` where its value is, whole, an argument that the client may leave out or send as null; `between` with
    such an end becomes two comparisons. A whole argument of the type `filter_type(target)` becomes `Sent`."""
    return _FilterParser(surroundings, problems, arguments or {}).filter(expression, target)


def parse_order(
    expression: Expression,
    target: DataObject,
    surroundings: Surroundings,
    problems: Problems,
    arguments: Mapping[str, Argument] | None = None,
) -> OrderBy:
    """The sort keys that `expression` says (`-createdAt`, or a list of such), or a reference to an argument of the type
    `[TOrder!]`."""
    if isinstance(expression, Reference):
        sent = sendable(expression, arguments or {}, surroundings.types)
        wanted = order_type(target)
        if sent is not None and _plain(sent.type) == ListOf(Named(wanted)):
            return expression
        if sent is not None or expression.root != "args":
            problems.add(
                expression.at,
                f"The order of {target.name} cannot be taken from ${expression}.",
                f"Declare an argument of the type [{wanted}!].",
            )
        return ()
    order = parse_order_keys(expression, target.columns, f"a field of {target.name}", problems)
    for key in order:
        if not sortable(target.columns[key.field].type):
            type = nullable(target.columns[key.field].type)
            problems.add(key.at, f'Rows cannot be ordered by "{key.field}": it is {article(type)}.')
    return order


def parse_order_keys(expression: Expression, fields: Iterable[str], noun: str, problems: Problems) -> tuple[Order, ...]:
    """Sort keys over any set of names, such as the values of an aggregate. `noun` says what a name must be:
    "a field of tickets"."""
    known = frozenset(fields)
    items = expression.items if isinstance(expression, Items) else (expression,)
    order: dict[str, Order] = {}
    for item in items:
        if not isinstance(item, Literal) or not isinstance(item.value, str):
            problems.add(item.at, "A sort key is the name of a field, with - before it for descending.")
            continue
        name = item.value.removeprefix("-")
        if name not in known:
            problems.add(item.at, f'"{name}" is not {noun}.', did_you_mean(name, known))
        elif name in order:
            problems.add(item.at, f'"{name}" is a sort key twice.')
        else:
            order[name] = Order(name, item.value.startswith("-"), item.at)
    return tuple(order.values())


@dataclass(frozen=True, slots=True)
class _FilterParser:
    surroundings: Surroundings
    problems: Problems
    arguments: Mapping[str, Argument]

    def filter(self, expression: Expression, target: DataObject) -> Filter:
        match expression:
            case Record(fields=fields, keys=keys):
                parts: list[Filter] = []
                for name, value in fields.items():
                    part = self._entry(name, value, keys.get(name, value.at), target)
                    parts.extend(part.filters if isinstance(part, All) else (part,))
                return parts[0] if len(parts) == 1 else All(tuple(parts))
            case Reference():
                return self._sent(expression, target)
            case _:
                self.problems.add(
                    expression.at,
                    "A filter is a mapping of fields to values.",
                    "Write { field: value } or { field: { gt: value } }.",
                )
                return NO_ROW

    def _sent(self, reference: Reference, target: DataObject) -> Filter:
        wanted = filter_type(target)
        sent = sendable(reference, self.arguments, self.surroundings.types)
        if sent is None and reference.root == "args":
            return NO_ROW  # No such argument: said where references are checked.
        if sent is None:
            self.problems.add(
                reference.at,
                f"A whole filter cannot be taken from ${reference}.",
                f"Name the fields, or take an argument of the type {wanted}.",
            )
        elif nullable(sent.type) != Named(wanted):
            self.problems.add(
                reference.at,
                f"A filter of {target.name} is {article(Named(wanted))}; ${reference} is {article(sent.type)}.",
                f"Name the field it is compared with: {{ field: ${reference} }}.",
            )
        return Sent(reference)

    def _entry(self, name: str, value: Expression, at: Location, target: DataObject) -> Filter:
        if name in ("and", "or"):
            filters = self._filters(name, value, target)
            return All(filters) if name == "and" else filters[0] if len(filters) == 1 else AnyOf(filters)
        if name == "not":
            return Not(self.filter(value, target))
        column, relation = target.columns.get(name), target.relations.get(name)
        if column is not None:
            return self._comparisons(column, value, at, target)
        if relation is not None:
            other = self.surroundings.objects.get(relation.target)
            return Related(name, self.filter(value, other) if other is not None else EVERY_ROW, at)
        known = (*target.columns, *target.relations, *JOINS)
        self.problems.add(at, f'"{name}" is not a field of {target.name}.', did_you_mean(name, known))
        return NO_ROW

    def _filters(self, name: str, value: Expression, target: DataObject) -> tuple[Filter, ...]:
        if isinstance(value, Items) and value.items:
            return tuple(self.filter(item, target) for item in value.items)
        self.problems.add(value.at, f'"{name}" takes a list of filters.', f"Write {name}: [{{ … }}, {{ … }}].")
        return (NO_ROW,)

    def _comparisons(self, column: Column, value: Expression, at: Location, target: DataObject) -> Filter:
        if not isinstance(value, Record):
            return self._comparison(column, Operator.EQ, value, at, target, short=True)
        if not value.fields:
            self.problems.add(value.at, f'"{column.field}" is compared with nothing.', "Write { gt: value }.")
        permitted = operators_for(column.type, self.surroundings.types)
        parts: list[Filter] = []
        for word, operand in value.fields.items():
            place = value.keys.get(word, operand.at)
            if word not in permitted:
                exists = word in list(Operator)
                self.problems.add(
                    place,
                    f'"{word}" cannot compare "{column.field}": it is {article(nullable(column.type))}.'
                    if exists
                    else f'"{word}" is not an operator.',
                    did_you_mean("", permitted) if exists else did_you_mean(word, Operator),
                )
                continue
            part = self._comparison(column, Operator(word), operand, place, target, short=False)
            parts.extend(part.filters if isinstance(part, All) else (part,))
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def _comparison(
        self, column: Column, operator: Operator, value: Expression, at: Location, target: DataObject, *, short: bool
    ) -> Filter:
        field, types = column.field, self.surroundings.types
        subject = f'"{field}" of {target.name}'
        leaf = nullable(column.type)
        if isinstance(value, Literal) and value.value is None:
            word = "isNotNull" if operator in (Operator.NE, Operator.NOT_IN) else "isNull"
            self.problems.add(value.at, "A comparison with null finds nothing.", f"Write {field}: {{ {word}: true }}.")
            return NO_ROW
        if short and operator not in operators_for(leaf, types):
            self.problems.add(at, f'"{field}" cannot be compared: it is {article(leaf)}.')
            return NO_ROW
        sent = sendable(value, self.arguments, types) if isinstance(value, Reference) else None
        lists = isinstance(value, Items) or (sent is not None and isinstance(nullable(sent.type), ListOf))
        if not isinstance(leaf, ListOf) and lists and operator not in _LISTS:
            self.problems.add(value.at, f"{subject} is compared with a list.", f"Write {field}: {{ in: [ … ] }}.")
            return NO_ROW
        wanted: TypeRef
        if operator in _LISTS:
            if not lists and (sent is not None or not isinstance(value, Reference)):
                self.problems.add(value.at, f'"{operator}" takes a list.', f"Write {operator}: [ … ].")
                return NO_ROW
            wanted = ListOf(NonNull(leaf))
        else:
            wanted = Named("Boolean") if operator in _NULLS else leaf
        value = fit(value, wanted, subject, types, self.problems, self.arguments)
        if operator is Operator.BETWEEN and isinstance(value, Items):
            return self._between(field, value, at)
        return Comparison(field, operator, value, sent is not None and sent.optional, at)

    def _between(self, field: str, value: Items, at: Location) -> Filter:
        if len(value.items) != 2:
            self.problems.add(value.at, '"between" takes two values: the lowest and the highest.')
            return NO_ROW
        ends = tuple(
            Comparison(field, operator, end, self._optional(end), at)
            for operator, end in zip((Operator.GTE, Operator.LTE), value.items, strict=True)
        )
        if any(end.optional for end in ends):
            return All(ends)
        return Comparison(field, Operator.BETWEEN, value, False, at)

    def _optional(self, value: Expression) -> bool:
        sent = sendable(value, self.arguments, self.surroundings.types) if isinstance(value, Reference) else None
        return sent is not None and sent.optional


def _plain(type: TypeRef) -> TypeRef:
    inner = nullable(type)
    return ListOf(_plain(inner.of)) if isinstance(inner, ListOf) else inner


def _spelled(type: TypeRef) -> str:
    inner = nullable(type)
    return f"{_spelled(inner.of)}List" if isinstance(inner, ListOf) else inner.name
