"""What is selected of a function's answer -> where in it something may have to be looked up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from tidegate.core.call import Place
from tidegate.core.catalog import Catalog
from tidegate.core.objects import DataObject
from tidegate.core.operation import Operation
from tidegate.core.selection import Selected, Selection
from tidegate.core.types import ObjectType, named
from tidegate.resolvers.wholeness import Wholeness

TYPENAME: Final = "__typename"


class Places:
    """Of one catalog."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._rows = frozenset(built.type for built in catalog.objects.values())
        self._whole: dict[str, bool] = {}

    def find(
        self, operation: Operation, selection: Selection | None, rank: int
    ) -> tuple[Selection | None, Mapping[Selection, Place]]:
        """What is to be there, and where something of it may be missing. With no selection, that is every plain field
        that the role may read. Rows that a function gives whole lack nothing but relations."""
        places: dict[Selection, Place] = {}
        if not operation.plan.lookups:
            return None, places
        whole = self._is_whole(operation)
        if selection is None and not whole:
            selection = self._plain(named(operation.returns), rank, frozenset())
        for inner in _selections(selection):
            lookup = operation.plan.lookups.get(inner.type)
            if lookup is None or (whole and not any(each.selection for each in inner.fields)):
                continue
            wanted = [each for each in inner.fields if each.field != TYPENAME]
            if wanted:
                asked = with_key(lookup.target, wanted)
                places[inner] = Place(lookup, lookup.request.prepared.compile(asked, rank))
        return selection, places

    def _is_whole(self, operation: Operation) -> bool:
        found = self._whole.get(operation.name)
        if found is None:
            catalog = self._catalog
            found = Wholeness(catalog.operations, catalog.types, self._rows).of(operation)
            self._whole[operation.name] = found
        return found

    def _plain(self, type: str, rank: int, above: frozenset[str]) -> Selection | None:
        """Of rows their plain fields; of anything else what is in it, too."""
        definition = self._catalog.types.get(type)
        if not isinstance(definition, ObjectType):
            return None
        fields: list[Selected] = []
        for field in definition.fields.values():
            name = named(field.type)
            if field.rank > rank:
                continue
            if not isinstance(self._catalog.types.get(name), ObjectType):
                fields.append(Selected(field.name, field.name, field.type))
            elif type not in self._rows and name not in above:
                inner = self._plain(name, rank, above | {type})
                fields.append(Selected(field.name, field.name, field.type, {}, inner))
        return Selection(type, tuple(fields))


def with_key(target: DataObject, fields: Sequence[Selected]) -> Selection:
    """The key comes under names that no client can use."""
    key = (Selected(key_name(number), name, target.columns[name].type) for number, name in enumerate(target.key))
    return Selection(target.type, (*key, *fields))


def key_name(number: int) -> str:
    return f"/{number}"


def _selections(selection: Selection | None) -> Iterator[Selection]:
    if selection is not None:
        yield selection
        for each in selection.fields:
            yield from _selections(each.selection)
