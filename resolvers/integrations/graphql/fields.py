"""A field of another server's schema, and what a client selects of our type -> the document that asks for just that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from graphql import GraphQLField, GraphQLOutputType, get_named_type, is_leaf_type

from tidegate.core.problems import did_you_mean
from tidegate.core.selection import Selection
from tidegate.core.types import ListOf, ObjectType, TypeDefinition, TypeRef, named, nullable
from tidegate.resolvers.integrations.graphql.upstream_schema import fields_of, list_depth, needs_arguments

TYPENAME = "__typename"


@dataclass(frozen=True, slots=True, eq=False)
class Stitched:
    """`name` is the other server's field, with `variables` for its arguments (name -> GraphQL's type). `returns`: our
    type for it; none where nobody says, and then `select` or every plain field is asked for."""

    verb: str
    name: str
    field: GraphQLField
    variables: Mapping[str, str]
    returns: TypeRef | None
    types: Mapping[str, TypeDefinition]
    select: str

    def document(self, inner: str) -> str:
        """That asks for `inner` of the field."""
        declared = ", ".join(f"${name}: {type}" for name, type in self.variables.items())
        head = f"{self.verb}({declared})" if declared else self.verb
        return f"{head} {{ {self._asked('', inner)} }}"

    def several(self, inner: str, count: int) -> str:
        """The same so many times, answered as `v0`, `v1` ..., each with variables of its own: `v0_id`."""
        prefixes = [f"v{number}" for number in range(count)]
        declared = ", ".join(f"${each}_{name}: {type}" for each in prefixes for name, type in self.variables.items())
        asked = " ".join(f"{each}: {self._asked(f'{each}_', inner)}" for each in prefixes)
        return f"{self.verb}({declared}) {{ {asked} }}"

    def _asked(self, prefix: str, inner: str) -> str:
        given = ", ".join(f"{name}: ${prefix}{name}" for name in self.variables)
        return f"{self.name}{f'({given})' if given else ''}{f' {{ {inner} }}' if inner else ''}"

    def inner(self, selection: Selection | None, rank: int) -> str:
        """What is asked for of the field; nothing of a leaf. With a selection, answers have the client's names."""
        if is_leaf_type(get_named_type(self.field.type)):
            return ""
        ours = self.types.get(named(self.returns)) if self.returns is not None else None
        if selection is not None and isinstance(ours, ObjectType):
            return _selected(selection, self.field.type)
        if self.select:
            return self.select
        plain = plain_fields(self.field.type)
        if isinstance(ours, ObjectType):
            plain = [name for name in plain if name in ours.fields and ours.fields[name].rank <= rank]
        return " ".join(plain) or TYPENAME


def plain_fields(type: GraphQLOutputType) -> list[str]:
    """Those that can be asked for by their name alone."""
    return [
        name
        for name, field in (fields_of(type) or {}).items()
        if is_leaf_type(get_named_type(field.type)) and not needs_arguments(field)
    ]


def _selected(selection: Selection, type: GraphQLOutputType) -> str:
    known = fields_of(type) or {}
    parts: list[str] = []
    for each in selection.fields:
        field = known.get(each.field)
        if each.field == TYPENAME or field is None:
            # What is joined, or found otherwise.
            continue
        name = each.field if each.key == each.field else f"{each.key}: {each.field}"
        inner = f" {{ {_selected(each.selection, field.type)} }}" if each.selection is not None else ""
        parts.append(f"{name}{inner}")
    return " ".join(parts) or TYPENAME


def differences(
    ours: TypeRef,
    theirs: GraphQLOutputType,
    types: Mapping[str, TypeDefinition],
    subject: str,
    seen: set[tuple[str, str]],
) -> Sequence[tuple[str, str]]:
    """What cannot be asked of a field for our type of it: sentences with hints. `subject` is the field in a sentence;
    `seen`: types, ours and theirs, that have been looked at, and are not again."""
    return list(_differences(ours, theirs, types, subject, seen))


def _differences(
    ours: TypeRef,
    theirs: GraphQLOutputType,
    types: Mapping[str, TypeDefinition],
    subject: str,
    seen: set[tuple[str, str]],
) -> Iterator[tuple[str, str]]:
    definition = types.get(named(ours))
    if not isinstance(definition, ObjectType):
        if named(ours) != "JSON" and not is_leaf_type(get_named_type(theirs)):
            yield f"{subject} is {theirs} there, which is no {ours}.", "Return a type with its fields, or JSON."
        elif named(ours) != "JSON" and _depth(ours) != list_depth(theirs):
            yield f"{subject} is {theirs} there, and {ours} here.", ""
        return
    if _depth(ours) != list_depth(theirs):
        yield f"{subject} is {theirs} there, and {ours} here.", ""
        return
    known = fields_of(theirs)
    if known is None:
        yield f"{subject} is {theirs} there, which has no fields.", "Write a document with ... on Type { … }."
        return
    pair = (definition.name, get_named_type(theirs).name)
    if pair in seen:
        return
    seen.add(pair)
    for name, field in definition.fields.items():
        inner = f'"{name}" of {definition.name}'
        if name not in known:
            hint = did_you_mean(name, known)
            yield f"{inner} is no field of {pair[1]} there.", hint if hint.startswith("Did") else ""
        elif needs_arguments(known[name]):
            yield f"{inner} needs arguments there.", "Write a document."
        else:
            yield from _differences(field.type, known[name].type, types, inner, seen)


def _depth(type: TypeRef) -> int:
    depth = 0
    while isinstance(inner := nullable(type), ListOf):
        depth, type = depth + 1, inner.of
    return depth
