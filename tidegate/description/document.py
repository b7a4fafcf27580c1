"""An operation's name -> a GraphQL document that calls it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tidegate.core.catalog import Catalog
from tidegate.core.operation import Operation
from tidegate.core.types import Field, ObjectType, TypeRef, named


def document_text(operation: Operation, arguments: Iterable[str], selection: str) -> str:
    """A document with one root field. Each of `arguments` is a variable of the same name."""
    sent = [operation.arguments[name] for name in arguments]
    variables = ", ".join(f"${argument.name}: {argument.type}" for argument in sent)
    passed = ", ".join(f"{argument.name}: ${argument.name}" for argument in sent)
    head = f"{operation.kind} {operation.name}" + (f"({variables})" if variables else "")
    field = operation.name + (f"({passed})" if passed else "") + (f" {selection}" if selection else "")
    return f"{head} {{ {field} }}"


def plain_selection(catalog: Catalog, returns: TypeRef, rank: int) -> str:
    """Every field of a result that is not a relation and that a role may read; the nodes of a connection. Empty where
    the result has no fields."""
    root = catalog.types.get(named(returns))
    return _selection(catalog, root, rank, frozenset()) if isinstance(root, ObjectType) else ""


def _selection(catalog: Catalog, type: ObjectType, rank: int, above: frozenset[str]) -> str:
    chosen = list(_choose(catalog, type, rank, above | {type.name}))
    return f"{{ {' '.join(chosen)} }}" if chosen else "{ __typename }"


def _choose(catalog: Catalog, type: ObjectType, rank: int, above: frozenset[str]) -> Iterator[str]:
    tables = {data_object.type for data_object in catalog.objects.values()}
    for field in type.fields.values():
        if field.rank > rank or _needs_arguments(field):
            continue
        inner = catalog.types.get(named(field.type))
        if not isinstance(inner, ObjectType):
            yield field.name
        # What leads to a table is a relation, or an edge: only a connection's `nodes` are followed.
        elif inner.name not in above and (inner.name not in tables or field.name == "nodes") and field.name != "edges":
            yield f"{field.name} {_selection(catalog, inner, rank, above)}"


def _needs_arguments(field: Field) -> bool:
    return any(argument.required for argument in field.arguments.values())
