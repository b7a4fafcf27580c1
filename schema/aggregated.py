"""What an aggregate gives in the middle of a function, where no type of the project says so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tidegate.core.expressions import Expression, Items, Literal, Record
from tidegate.core.objects import DataObject
from tidegate.core.types import Field, ListOf, Named, NonNull, ObjectType, TypeRef, nullable

NAME: Final = "what an aggregate gives"
"""No author can write such a name."""

_FRACTIONS: Final = {"Int": "Float", "BigInt": "Decimal"}


def aggregated(body: Expression, target: DataObject) -> tuple[ObjectType, TypeRef] | None:
    """The type of a row of it, and of the whole: one row where there are no groups. None where the body is wrong."""
    if not isinstance(body, Record):
        return None
    groups = list(_groups(body.fields.get("groupBy")))
    if not all(group in target.columns for group in groups):
        return None
    fields = {name: Field(name, nullable(target.columns[name].type), body.at) for name in groups}
    values = body.fields.get("values")
    for name, value in values.fields.items() if isinstance(values, Record) else ():
        type = _measured(value, target)
        if type is None:
            return None
        fields[name] = Field(name, type, body.at)
    row = Named(NAME)
    return ObjectType(NAME, fields, body.at), NonNull(ListOf(NonNull(row))) if groups else row


def _groups(written: Expression | None) -> Iterator[str]:
    for each in written.items if isinstance(written, Items) else () if written is None else (written,):
        yield each.value if isinstance(each, Literal) and isinstance(each.value, str) else ""


def _measured(value: Expression, target: DataObject) -> TypeRef | None:
    if isinstance(value, Literal):
        return Named("Int")
    if not isinstance(value, Record) or len(value.fields) != 1:
        return None
    word, of = next(iter(value.fields.items()))
    column = target.columns.get(str(of.value)) if isinstance(of, Literal) else None
    if column is None:
        return None
    type = nullable(column.type)
    match word:
        case "count" | "countDistinct":
            return Named("Int")
        case "sum" if type == Named("Int"):
            # More than one Int can hold.
            return Named("Float")
        case "avg":
            return Named(_FRACTIONS.get(str(type), str(type)))
        case _:
            return type
