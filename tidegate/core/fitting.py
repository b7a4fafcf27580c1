"""Whether what an author wrote where a value is wanted can be of the type that is wanted there.

Literals are held against the type and brought into the form in which values travel; arguments by their declared
types, and so is what a step is known to give. What else a step gives is held against the type in the call. What comes
from the token has no declared type and is left to the integration.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from tidegate.core.errors import Code, OperationError
from tidegate.core.expressions import Expression, Items, Literal, Record, Reference, Text
from tidegate.core.json import Json
from tidegate.core.literals import Misfit, article, coerce_literal
from tidegate.core.objects import DataObject
from tidegate.core.problems import Problems
from tidegate.core.types import Argument, EnumType, InputType, ListOf, Named, NonNull, TypeDefinition, TypeRef, nullable

_ALSO_FITS: Final[Mapping[str, frozenset[str]]] = {
    "Int": frozenset({"Float", "Decimal", "BigInt", "ID"}),
    "Float": frozenset({"Decimal"}),
    "BigInt": frozenset({"Decimal", "ID", "Int"}),
    "Decimal": frozenset({"Float"}),
    "String": frozenset({"ID"}),
    "ID": frozenset({"String", "Int", "BigInt", "UUID"}),
    "UUID": frozenset({"ID", "String"}),
}
"""Which other scalars a scalar may stand for. Whether the ID that a client sent really is a number is seen in the
call, and is BAD_USER_INPUT there."""

_TEXTS: Final = frozenset({"String", "ID", "JSON"})

_OURS: Final = frozenset({"args", "variables", "input", "key", "row", "prev", "currentUser", "config"})
"""Roots that are no steps, nor what steps go through."""


@dataclass(frozen=True, slots=True)
class Sendable:
    """What a reference into the arguments or a step can be. `optional`: the client may leave it out or send null."""

    type: TypeRef
    optional: bool


def sendable(
    reference: Reference, arguments: Mapping[str, Argument], types: Mapping[str, TypeDefinition]
) -> Sendable | None:
    """The declared type of `$args.x.y`; of anything inside a JSON value, JSON; what a step is known to give. None if
    there is no such argument or nothing is known."""
    if reference.type is not None:
        return Sendable(reference.type, optional=False)
    if reference.root != "args" or not reference.path:
        return None
    declared, optional = arguments, False
    type: TypeRef = Named("JSON")
    for name in reference.path:
        argument = declared.get(name)
        if argument is None:
            return None
        type = argument.type
        optional = optional or not isinstance(type, NonNull)
        inner = nullable(type)
        if inner == Named("JSON"):
            return Sendable(inner, optional or len(reference.path) > 1)
        definition = types.get(inner.name) if isinstance(inner, Named) else None
        declared = definition.fields if isinstance(definition, InputType) else {}
    return Sendable(type, optional)


def fits(given: TypeRef, wanted: TypeRef, types: Mapping[str, TypeDefinition]) -> bool:
    """Whether a value of the type `given` can stand where `wanted` is. Null is not looked at: what may be null is
    decided by the caller."""
    given, wanted = nullable(given), nullable(wanted)
    if isinstance(given, ListOf) or isinstance(wanted, ListOf):
        if isinstance(given, ListOf) and isinstance(wanted, ListOf):
            return fits(given.of, wanted.of, types)
        return wanted == Named("JSON")
    if given == wanted or wanted.name == "JSON":
        return True
    if wanted.name == "String" and isinstance(types.get(given.name), EnumType):
        return True
    return wanted.name in _ALSO_FITS.get(given.name, frozenset())


def fit(
    expression: Expression,
    wanted: TypeRef,
    subject: str,
    types: Mapping[str, TypeDefinition],
    problems: Problems,
    arguments: Mapping[str, Argument],
) -> Expression:
    """`expression` with its literals in travelling form, for a place where a `wanted` stands. `subject` names that
    place in a sentence: `"status" of tickets`. What cannot fit is added to `problems`."""
    wanted = nullable(wanted)
    match expression:
        case Literal(value=value, at=at):
            try:
                return Literal(coerce_literal(value, wanted, types), at)
            except Misfit as misfit:
                problems.add(at, f"{subject} is {article(wanted)}; {misfit.sentence}", misfit.hint)
        case Reference(at=at):
            sent = sendable(expression, arguments, types)
            if sent is not None and not fits(sent.type, wanted, types):
                whole = expression.root == "args" and len(expression.path) == 1
                problems.add(
                    at,
                    f"{subject} is {article(wanted)}; ${expression} is {article(sent.type)}.",
                    f"Declare the argument as {wanted}." if whole else "",
                )
            elif is_of_step(expression) and wanted != Named("JSON"):
                return replace(expression, hold=partial(_hold, wanted, subject, types))
        case Items(items=items, at=at) if isinstance(wanted, ListOf):
            of = wanted.of
            return Items(tuple(fit(item, of, subject, types, problems, arguments) for item in items), at)
        case Items(at=at) if wanted != Named("JSON"):
            problems.add(at, f"{subject} is {article(wanted)}; a list is not.")
        case Record(at=at) if isinstance(wanted, ListOf) or not _takes_mapping(wanted, types):
            problems.add(at, f"{subject} is {article(wanted)}; a mapping is not.")
        case Text(at=at) if isinstance(wanted, ListOf) or wanted.name not in _TEXTS:
            problems.add(
                at,
                f"{subject} is {article(wanted)}; a text with holes is a String.",
                "Take the value whole: $args.name.",
            )
        case _:
            pass
    return expression


def is_of_step(reference: Reference) -> bool:
    """Whether it names what a step gave, or goes through."""
    return reference.root not in _OURS


def hold_rows(target: DataObject, types: Mapping[str, TypeDefinition], value: Json) -> Json:
    """Rows of `target` as a step gave them, with their values as they travel. Raises `OperationError`."""
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise OperationError(Code.BAD_USER_INPUT, f"The new rows of {target.name} are not a list.")
    return [_hold_row(target, types, row) for row in value]


def _hold_row(target: DataObject, types: Mapping[str, TypeDefinition], row: Json) -> Json:
    if not isinstance(row, Mapping):
        raise OperationError(Code.BAD_USER_INPUT, f"A new row of {target.name} is not an object.")
    held: dict[str, Json] = {}
    for name, value in row.items():
        column = target.columns.get(name)
        if column is None:
            raise OperationError(Code.BAD_USER_INPUT, f"A new row of {target.name} has a field that they have not.")
        subject = f'"{name}" of {target.name}'
        held[name] = None if value is None else _hold(nullable(column.type), subject, types, value)
    return held


def _hold(wanted: TypeRef, subject: str, types: Mapping[str, TypeDefinition], value: Json) -> Json:
    """Never tells the value: it may be one that the client must not see."""
    try:
        return coerce_literal(value, _loose(wanted), types)
    except Misfit as misfit:
        message = f"{subject} is {article(wanted)}, and what is given is not."
        raise OperationError(Code.BAD_USER_INPUT, message) from misfit


def _loose(type: TypeRef) -> TypeRef:
    """Nulls in a list are for whoever takes it to judge."""
    inner = nullable(type)
    return ListOf(_loose(inner.of)) if isinstance(inner, ListOf) else inner


def _takes_mapping(wanted: Named, types: Mapping[str, TypeDefinition]) -> bool:
    return wanted.name == "JSON" or isinstance(types.get(wanted.name), InputType)
