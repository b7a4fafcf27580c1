"""What an operation returns, held against what its verb can answer."""

from __future__ import annotations

from typing import Final

from tidegate.core.integration import Declaration, Surroundings
from tidegate.core.objects import DataObject
from tidegate.core.problems import Problems
from tidegate.core.types import ListOf, Named, NonNull, ObjectType, TypeRef, nullable
from tidegate.resolvers.integrations.relational.verbs import Outcome, Shape

_LEAVES_OF_WRITES: Final = {"Int": Shape.COUNT, "Boolean": Shape.WHETHER}


def outcome_of(declaration: Declaration, surroundings: Surroundings, problems: Problems) -> Outcome:
    """The outcome of any verb but `sql`. A request in the middle of an operation answers whole rows."""
    target = declaration.target
    assert target is not None
    match declaration.verb:
        case "list" | "claim":
            return _listing(declaration, target, problems)
        case "get":
            return _expected(declaration, Named(target.type), (Shape.ROW,), problems)
        case "count":
            return _expected(declaration, NonNull(Named("Int")), (Shape.VALUE,), problems)
        case "aggregate":
            return _aggregate(declaration, surroundings, problems)
        case _:
            return _write(declaration, target, problems)


def shape_of(type: TypeRef, surroundings: Surroundings) -> Outcome:
    """A row, rows, a value or values, by what the type is."""
    inner = nullable(type)
    of = nullable(inner.of) if isinstance(inner, ListOf) else inner
    is_object = isinstance(of, Named) and isinstance(surroundings.types.get(of.name), ObjectType)
    if isinstance(inner, ListOf):
        return Outcome(Shape.ROWS if is_object else Shape.VALUES, type, of, False)
    return Outcome(Shape.ROW if is_object else Shape.VALUE, type, of, is_object and isinstance(type, NonNull))


def _rows(target: DataObject) -> NonNull:
    return NonNull(ListOf(NonNull(Named(target.type))))


def _listing(declaration: Declaration, target: DataObject, problems: Problems) -> Outcome:
    returns = declaration.returns or _rows(target)
    if nullable(returns) == Named(f"{target.type}Connection"):
        return Outcome(Shape.PAGE, returns, nullable(returns), False)
    return _expected(declaration, _rows(target), (Shape.ROWS, Shape.PAGE), problems)


def _expected(declaration: Declaration, wanted: TypeRef, shapes: tuple[Shape, ...], problems: Problems) -> Outcome:
    """The promise may be weaker or stronger about null than `wanted`, and is the same otherwise."""
    returns = declaration.returns or wanted
    inner = nullable(returns)
    of = nullable(inner.of) if isinstance(inner, ListOf) else inner
    if not _alike(returns, wanted):
        hint = f"Write returns: {_written(wanted)}"
        if Shape.PAGE in shapes:
            hint += f", or {_page_of(wanted)}! for pages"
        problems.add(declaration.at, f'"{declaration.verb}" does not answer {returns}.', f"{hint}.")
    required = shapes[0] is Shape.ROW and isinstance(returns, NonNull)
    return Outcome(shapes[0], returns, of, required)


def _aggregate(declaration: Declaration, surroundings: Surroundings, problems: Problems) -> Outcome:
    returns = declaration.returns or NonNull(ListOf(NonNull(Named("JSON"))))
    outcome = shape_of(returns, surroundings)
    if declaration.returns is not None and outcome.shape not in (Shape.ROW, Shape.ROWS):
        hint = "Declare a type with a field for each key of groupBy and values."
        problems.add(declaration.at, f'"aggregate" answers objects, which {returns} is not.', hint)
    return outcome


def _write(declaration: Declaration, target: DataObject, problems: Problems) -> Outcome:
    many = declaration.verb.endswith("Many")
    row = NonNull(Named(target.type))
    returns = declaration.returns or (_rows(target) if many else row)
    inner = nullable(returns)
    if isinstance(inner, Named) and inner.name in _LEAVES_OF_WRITES:
        return Outcome(_LEAVES_OF_WRITES[inner.name], returns, inner, False)
    if many and _alike(returns, _rows(target)):
        return Outcome(Shape.ROWS, returns, Named(target.type), False)
    if not many and inner == Named(target.type):
        return Outcome(Shape.ROW, returns, inner, isinstance(returns, NonNull))
    wanted = _written(_rows(target)) if many else _written(row)
    hint = f"Write returns: {wanted}, Int! (how many) or Boolean! (whether any)."
    problems.add(declaration.at, f'"{declaration.verb}" does not answer {returns}.', hint)
    return Outcome(Shape.COUNT, returns, inner, False)


def _alike(type: TypeRef, wanted: TypeRef) -> bool:
    """Whether two types are the same but for exclamation marks."""
    one, other = nullable(type), nullable(wanted)
    if isinstance(one, ListOf) and isinstance(other, ListOf):
        return _alike(one.of, other.of)
    return one == other


def _written(type: TypeRef) -> str:
    """As it stands in YAML, where a list needs quotes."""
    return f'"{type}"' if str(type).startswith("[") else str(type)


def _page_of(rows: TypeRef) -> str:
    inner = nullable(rows)
    return f"{nullable(inner.of)}Connection" if isinstance(inner, ListOf) else f"{inner}Connection"
