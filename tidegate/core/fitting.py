"""Whether what an author wrote where a value is wanted can be of the type that is wanted there.

Literals are held against the type and brought into the form in which values travel; arguments by their declared
types; what comes from the token or an earlier step has no declared type and is left to the integration.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tidegate.core.expressions import Expression, Items, Literal, Record, Reference, Text
from tidegate.core.literals import Misfit, article, coerce_literal
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


@dataclass(frozen=True, slots=True)
class Sendable:
    """What a reference into the arguments can be. `optional`: the client may leave it out or send null."""

    type: TypeRef
    optional: bool


def sendable(
    reference: Reference, arguments: Mapping[str, Argument], types: Mapping[str, TypeDefinition]
) -> Sendable | None:
    """The declared type of `$args.x.y`; of anything inside a JSON value, JSON. None if there is no such argument or
    the reference begins elsewhere."""
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
                problems.add(
                    at,
                    f"{subject} is {article(wanted)}; ${expression} is {article(sent.type)}.",
                    f"Declare the argument as {wanted}." if len(expression.path) == 1 else "",
                )
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


def _takes_mapping(wanted: Named, types: Mapping[str, TypeDefinition]) -> bool:
    return wanted.name == "JSON" or isinstance(types.get(wanted.name), InputType)
