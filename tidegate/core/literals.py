"""A value written in a file, held against a type: what it is on the wire, or why it does not fit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from json import dumps
from typing import Final

from tidegate.core import scalar_inputs as inputs
from tidegate.core.json import Json, Missing
from tidegate.core.problems import did_you_mean
from tidegate.core.scalar_forms import Invalid
from tidegate.core.types import SCALARS, EnumType, InputType, ListOf, Named, NonNull, TypeDefinition, TypeRef


class Misfit(ValueError):
    """The value is not of the type. `sentence` ends with a full stop and begins with the value; `hint` may be empty."""

    def __init__(self, sentence: str, hint: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.hint = hint


def coerce_literal(value: Json, type: TypeRef, types: Mapping[str, TypeDefinition]) -> Json:
    """`value` in the form in which values of `type` travel (core/json.py). A single value fits a list of one, and
    anything a type that does not exist: that is another mistake. Raises `Misfit`."""
    match type:
        case NonNull(of=of):
            if value is None:
                raise Misfit(f"null is not {article(type)}.", "Leave the value out, or remove the exclamation mark.")
            return coerce_literal(value, of, types)
        case _ if value is None:
            return None
        case ListOf(of=of):
            items = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
            return [coerce_literal(item, of, types) for item in items]
        case Named(name=name):
            match types.get(name):
                case EnumType() as enum:
                    return _member(value, enum)
                case InputType() as input:
                    return _input(value, input, types)
                case None:
                    return _scalar(value, name) if name in SCALARS else value
                case _:
                    raise Misfit(f"{shown(value)} cannot be {article(type)}: it is not an input type.")


def shown(value: Json) -> str:
    """A value as an error message shows it: JSON, cut when long."""
    text = dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "..."


def article(type: TypeRef) -> str:
    """`an Int`, `a String!`, `a list [Int!]`."""
    name = str(type)
    if name.startswith("["):
        return f"a list {name}"
    return f"an {name}" if name[0] in "AEIO" else f"a {name}"


def _member(value: Json, enum: EnumType) -> Json:
    if isinstance(value, str) and value in enum.values:
        return value
    raise Misfit(f"{shown(value)} is not a value of {enum.name}.", did_you_mean(str(value), enum.values))


def _input(value: Json, input: InputType, types: Mapping[str, TypeDefinition]) -> Json:
    if not isinstance(value, Mapping):
        raise Misfit(f"{shown(value)} is not {article(Named(input.name))}: a mapping is wanted.")
    for name in value:
        if name not in input.fields:
            raise Misfit(f'"{name}" is not a field of {input.name}.', did_you_mean(name, input.fields))
    coerced: dict[str, Json] = {}
    for name, field in input.fields.items():
        if name in value:
            coerced[name] = coerce_literal(value[name], field.type, types)
        elif field.required:
            raise Misfit(f'{shown(value)} lacks the field "{name}" of {input.name}.')
        elif not isinstance(field.default, Missing):
            coerced[name] = field.default
    return coerced


def _scalar(value: Json, name: str) -> Json:
    try:
        return _SCALARS[name](value)
    except Invalid:
        raise Misfit(f"{shown(value)} is not {article(Named(name))}.", _scalar_hint(value, name)) from None


def _scalar_hint(value: Json, name: str) -> str:
    if name == "String" and not isinstance(value, Mapping | Sequence):
        return f'For text, put it in quotes: "{shown(value)}".'
    if name == "Boolean" and isinstance(value, str) and value.lower() in {"yes", "no", "on", "off", "true", "false"}:
        return "Booleans are written true and false."
    return _FORMS.get(name, "")


_FORMS: Final = {
    "Int": "A whole number between -2147483648 and 2147483647 is wanted.",
    "DateTime": "Write a date, a time and an offset: 2026-11-21T05:47:00Z.",
    "Date": "Write it as 2026-11-21.",
    "Time": "Write it as 05:47:00, in quotes.",
    "Decimal": 'Write digits, best in quotes: "12.50".',
    "BigInt": "Write digits.",
    "UUID": "Write it as 01234567-89ab-cdef-0123-456789abcdef.",
    "Bytes": "Write the bytes in base64.",
}

_SCALARS: Final[Mapping[str, Callable[[Json], Json]]] = {
    "Int": inputs.take_int,
    "Float": inputs.take_float,
    "String": inputs.take_text,
    "Boolean": inputs.take_boolean,
    "ID": inputs.take_id,
    "DateTime": inputs.take_moment,
    "Date": inputs.take_date,
    "Time": inputs.take_time,
    "Decimal": inputs.take_decimal,
    "BigInt": inputs.take_bigint,
    "UUID": inputs.take_uuid,
    "Bytes": inputs.take_bytes,
    "JSON": inputs.take_json,
}
