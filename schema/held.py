"""What a function gave to another one, held against what it says it returns.

The same rules as for a client's answer (schema/completion.py), but that nothing is selected: what is there is held and
shown, what is in no type is left out, and what is not there must be allowed not to be. Rows of an object may lack what
their key finds.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from tidegate.core.errors import Code, OperationError
from tidegate.core.expressions import Hold
from tidegate.core.json import Json
from tidegate.core.scalar_forms import Invalid
from tidegate.core.types import EnumType, ListOf, NonNull, ObjectType, TypeDefinition, TypeRef, named
from tidegate.schema.scalars import SCALARS


def make_hold(
    operation: str, returns: TypeRef, types: Mapping[str, TypeDefinition], keys: Mapping[str, tuple[str, ...]]
) -> Hold:
    """`keys`: the fields by which rows of a type are found, where they are. What it gives raises INTERNAL where the
    value is not what was promised, and never tells the value."""
    return partial(_hold, returns, f'the answer of "{operation}"', types, keys)


def _hold(
    type: TypeRef,
    subject: str,
    types: Mapping[str, TypeDefinition],
    keys: Mapping[str, tuple[str, ...]],
    value: Json,
) -> Json:
    if value is None:
        if isinstance(type, NonNull):
            raise _wrong(f"Cannot return null for {subject}, which is {type}.")
        return None
    if isinstance(type, NonNull):
        type = type.of
    if isinstance(type, ListOf):
        if not isinstance(value, list | tuple):
            raise _wrong(f"Expected a list for {subject}.")
        return [_hold(type.of, f"an item of {subject}", types, keys, item) for item in value]
    definition = types.get(type.name)
    if isinstance(definition, ObjectType):
        if not isinstance(value, Mapping):
            raise _wrong(f"Expected an object of type {type} for {subject}.")
        return _hold_object(definition, types, keys, value)
    if isinstance(definition, EnumType):
        if isinstance(value, str) and value in definition.values:
            return value
        raise _wrong(f"Wrong value for {subject}: Not a value of {type}.")
    try:
        return SCALARS[type.name].show(value)
    except Invalid as error:
        raise _wrong(f"Wrong value for {subject}: {error.message}") from None


def _hold_object(
    type: ObjectType,
    types: Mapping[str, TypeDefinition],
    keys: Mapping[str, tuple[str, ...]],
    value: Mapping[str, Json],
) -> Json:
    found = type.name in keys and all(value.get(name) is not None for name in keys[type.name])
    held: dict[str, Json] = {}
    for name, field in type.fields.items():
        subject = f"{type.name}.{name}"
        if name in value:
            held[name] = _hold(field.type, subject, types, keys, value[name])
        elif isinstance(field.type, NonNull) and not found and not isinstance(types.get(named(field.type)), ObjectType):
            raise _wrong(f"Cannot return null for {subject}, which is {field.type}.")
    return held


def _wrong(message: str) -> OperationError:
    return OperationError(Code.INTERNAL, message)
