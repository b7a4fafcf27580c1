"""What a function returns -> how what it leaves out of rows is found: by their keys, with the reader's own rights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tidegate.core.expressions import Expression, Record, Reference
from tidegate.core.integration import Declaration, Integration, Surroundings
from tidegate.core.objects import DataObject
from tidegate.core.operation import Lookup, Request
from tidegate.core.problems import ProjectError
from tidegate.core.types import ListOf, Named, NonNull, ObjectType, TypeRef, named
from tidegate.schema.names import Names


class Lookups:
    """Of one project. Mutable: each object's is prepared when it is first wanted."""

    def __init__(self, names: Names, integrations: Mapping[str, Integration], surroundings: Surroundings) -> None:
        self._names = names
        self._integrations = integrations
        self._surroundings = surroundings
        self._owners = {built.type: built for built in surroundings.objects.values()}
        self._made: dict[str, Lookup | None] = {}

    def of(self, returns: TypeRef) -> dict[str, Lookup]:
        """By the name of a row's type: of every object whose rows can be in such an answer. Where something is wrong
        with an object there is none, which has been said."""
        found: dict[str, Lookup] = {}
        for name in sorted(self._reached(named(returns), set())):
            if name not in self._made:
                self._made[name] = self._make(self._owners[name])
            lookup = self._made[name]
            if lookup is not None:
                found[name] = lookup
        return found

    def _reached(self, type: str, seen: set[str]) -> Iterator[str]:
        definition = self._names.types.get(type)
        if type in seen or not isinstance(definition, ObjectType):
            return
        seen.add(type)
        if type in self._owners:
            yield type
        for field in definition.fields.values():
            yield from self._reached(named(field.type), seen)

    def _make(self, target: DataObject) -> Lookup | None:
        ready, kind = self._integrations.get(target.integration), self._names.integrations.get(target.integration)
        if ready is None or kind is None or not {"list", "get"} <= kind.verbs:
            return None
        together = len(target.key) == 1
        at = target.at
        row = Named(target.type)
        where: dict[str, Expression]
        returns: TypeRef
        if together:
            (field,) = target.key
            among = Record({"in": Reference("keys", (), at)}, {"in": at}, at)
            where, verb, returns = {field: among}, "list", NonNull(ListOf(NonNull(row)))
        else:
            where, verb, returns = {field: Reference("key", (field,), at) for field in target.key}, "get", row
        body = Record({"where": Record(where, dict.fromkeys(where, at), at)}, {"where": at}, at)
        declaration = Declaration(target.name, target, verb, body, returns, {}, at)
        try:
            prepared = ready.prepare(declaration, self._surroundings)
        except ProjectError:
            return None
        request = Request(target.integration, prepared, at, asks=f"{verb} {target.name}", gives=target.type)
        return Lookup(target, request, together)
