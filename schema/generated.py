"""The types that a project gets without writing them: pages, filters and orders of its objects.

They exist only where the project refers to them: for an object of the type `T`, `TConnection`, `TEdge`, `TFilter` and
`TOrder`; for every leaf type, its comparisons, such as `StringComparison`; and `PageInfo`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from tidegate.core.filters import Operator
from tidegate.core.location import Location
from tidegate.core.objects import DataObject
from tidegate.core.problems import Problems
from tidegate.core.query import comparison_type, filter_type, operators_for, order_type, order_values
from tidegate.core.types import (
    SCALARS,
    Argument,
    EnumType,
    Field,
    InputType,
    ListOf,
    Named,
    NonNull,
    ObjectType,
    TypeDefinition,
    TypeRef,
    named,
    nullable,
)

_NULLS: Final = (Operator.IS_NULL, Operator.IS_NOT_NULL)
_LISTS: Final = (Operator.IN, Operator.NOT_IN, Operator.BETWEEN)
_MEANINGS: Final = {
    Operator.EQ: "Equal.",
    Operator.NE: "Not equal, or null.",
    Operator.GT: "Greater.",
    Operator.GTE: "Greater or equal.",
    Operator.LT: "Less.",
    Operator.LTE: "Less or equal.",
    Operator.IN: "One of these.",
    Operator.NOT_IN: "None of these, or null.",
    Operator.BETWEEN: "From the first to the second, both included.",
    Operator.CONTAINS: "Holds this text.",
    Operator.STARTS_WITH: "Begins with this text.",
    Operator.ENDS_WITH: "Ends with this text.",
    Operator.IS_NULL: "Null, or not null.",
    Operator.IS_NOT_NULL: "Not null, or null.",
    Operator.EQ_ANY_CASE: "Equal, whatever the case.",
    Operator.NE_ANY_CASE: "Not equal, whatever the case, or null.",
    Operator.CONTAINS_ANY_CASE: "Holds this text, whatever the case.",
    Operator.STARTS_WITH_ANY_CASE: "Begins with this text, whatever the case.",
    Operator.ENDS_WITH_ANY_CASE: "Ends with this text, whatever the case.",
}


class Generator:
    """Makes the types that are asked for, and those that they refer to."""

    def __init__(self, objects: Mapping[str, DataObject], types: Mapping[str, TypeDefinition]) -> None:
        self._objects = objects
        self._types = types
        self._by_type = {built.type: built for built in objects.values()}
        self.made: dict[str, TypeDefinition] = {}

    def names(self) -> frozenset[str]:
        """Every name that can be asked for."""
        kinds = ("Connection", "Edge", "Filter", "Order")
        leaves = (*SCALARS, *(name for name, type in self._types.items() if isinstance(type, EnumType)))
        return frozenset(
            {
                "PageInfo",
                *(f"{type}{kind}" for type in self._by_type for kind in kinds),
                *(f"{leaf}{middle}Comparison" for leaf in leaves for middle in ("", "List")),
            }
        )

    def refuse_taken(self, problems: Problems) -> None:
        """Adds a problem for every type of the project that has the name of a generated one."""
        for name in self.names() & self._types.keys():
            sentence = f'"{name}" is the name of a generated type.'
            problems.add(self._types[name].at, sentence, "Choose another name; the generated one can be used as it is.")

    def ask(self, type: TypeRef) -> None:
        """Makes what `type` names, if it is one of ours and not there yet."""
        name = named(type)
        if name in self.made or name in self._types or name in SCALARS:
            return
        made = self._make(name)
        if made is None:
            return
        self.made[name] = made
        fields: Iterable[Field | Argument] = () if isinstance(made, EnumType) else made.fields.values()
        for field in fields:
            self.ask(field.type)

    def _make(self, name: str) -> TypeDefinition | None:
        if name == "PageInfo":
            return self._page_info()
        if name.endswith("Comparison"):
            return self._comparison(name)
        for ending, make in (
            ("Connection", self._connection),
            ("Edge", self._edge),
            ("Filter", self._filter),
            ("Order", self._order),
        ):
            built = self._by_type.get(name.removesuffix(ending)) if name.endswith(ending) else None
            if built is not None:
                return make(built)
        return None

    def _page_info(self) -> ObjectType:
        at = min((built.at for built in self._objects.values()), default=Location("types.graphql"))
        fields = (
            Field("hasNextPage", _required("Boolean"), at, "Whether rows follow."),
            Field("hasPreviousPage", _required("Boolean"), at, "Whether rows stand before."),
            Field("startCursor", Named("String"), at, "The cursor of the first row."),
            Field("endCursor", Named("String"), at, "The cursor of the last row: ask for what is after it."),
        )
        return _object("PageInfo", fields, at, "Where a page lies among all rows.")

    def _connection(self, built: DataObject) -> ObjectType:
        row, at = built.type, built.at
        fields = (
            Field("nodes", NonNull(ListOf(_required(row))), at, "The rows."),
            Field("edges", NonNull(ListOf(_required(f"{row}Edge"))), at, "The rows with their cursors."),
            Field("pageInfo", _required("PageInfo"), at, "Where the page lies."),
            Field(
                "totalCount", _required("Int"), at, "How many rows there are on all pages; counted only if asked for."
            ),
        )
        return _object(f"{row}Connection", fields, at, f"A page of {built.name}.")

    def _edge(self, built: DataObject) -> ObjectType:
        fields = (
            Field("cursor", _required("String"), built.at, "Where the row stands in the order."),
            Field("node", _required(built.type), built.at, "The row."),
        )
        return _object(f"{built.type}Edge", fields, built.at, f"One of {built.name}, with its cursor.")

    def _filter(self, built: DataObject) -> InputType:
        name, at = filter_type(built), built.at
        several = ListOf(_required(name))
        fields = [
            Argument("and", several, at, description="All of these."),
            Argument("or", several, at, description="At least one of these."),
            Argument("not", Named(name), at, description="Not this."),
        ]
        fields.extend(
            Argument(field, Named(comparison_type(column.type)), at) for field, column in built.columns.items()
        )
        for field, relation in built.relations.items():
            target = self._objects.get(relation.target)
            if target is not None:
                description = "Some related row is like this." if relation.many else "The related row is like this."
                fields.append(Argument(field, Named(filter_type(target)), at, description=description))
        described = f"Which of {built.name}: those for which everything here is true."
        return InputType(name, {field.name: field for field in fields}, at, described)

    def _order(self, built: DataObject) -> EnumType:
        values = dict.fromkeys(order_values(built), "")
        return EnumType(order_type(built), values, built.at, f"A sort key of {built.name}.")

    def _comparison(self, name: str) -> InputType | None:
        leaf = name.removesuffix("Comparison")
        type: TypeRef = Named(leaf)
        if not self._is_leaf(leaf) and leaf.endswith("List"):
            leaf = leaf.removesuffix("List")
            type = ListOf(_required(leaf))
        if not self._is_leaf(leaf):
            return None
        at = self._types[leaf].at if leaf in self._types else Location("types.graphql")
        fields: dict[str, Argument] = {}
        for operator in operators_for(type, self._types):
            wanted = _operand(operator, type)
            fields[operator] = Argument(operator, wanted, at, description=_MEANINGS[operator])
        return InputType(name, fields, at, f"Comparisons with {type}. All that are given must be true.")

    def _is_leaf(self, name: str) -> bool:
        return name in SCALARS or isinstance(self._types.get(name), EnumType)


def _operand(operator: Operator, type: TypeRef) -> TypeRef:
    if operator in _NULLS:
        return Named("Boolean")
    leaf = nullable(type)
    return ListOf(NonNull(leaf)) if operator in _LISTS else leaf


def _object(name: str, fields: Iterable[Field], at: Location, description: str) -> ObjectType:
    return ObjectType(name, {field.name: field for field in fields}, at, description)


def _required(name: str) -> NonNull:
    return NonNull(Named(name))
