"""What a client selects of a function's answer and the answer does not hold -> what the keys of its rows find.

A function gives values. Where the type of one is that of an object's rows, the client may select relations of it, and
other fields that the function did not give: these are asked for by the key, with the client's own rights, in one
request for each place of the selection, whatever the number of rows there.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Final
from unicodedata import combining, normalize

from tidegate.core.call import Place, Runnable
from tidegate.core.errors import Code, OperationError
from tidegate.core.expressions import Scope
from tidegate.core.integration import Answer, Compiled, Session
from tidegate.core.json import Json, alike
from tidegate.core.limits import Limits
from tidegate.core.literals import Misfit, article, coerce_literal
from tidegate.core.objects import DataObject
from tidegate.core.selection import Selected, Selection
from tidegate.core.types import NonNull, TypeDefinition, nullable
from tidegate.resolvers.places import TYPENAME, key_name, with_key
from tidegate.resolvers.requesting import ask, plain, values_of

Open = Callable[[str], AbstractAsyncContextManager[Session]]
"""A session of an integration that reads."""

MOST_NARROWED: Final = 32
"""Kept of one place: what its rows lack is for the function to say."""


class _Gone:
    """Stands for a row that the client may not read, or that is not there any more."""


_GONE: Final = _Gone()


@dataclass(frozen=True, slots=True)
class _Gap:
    """What one row lacks. `key` has the values as they travel."""

    key: tuple[Json, ...]
    lacking: tuple[Selected, ...]


@dataclass(frozen=True, slots=True)
class Filler:
    """For one answer. `scope` is what references of a request can reach."""

    runnable: Runnable
    scope: Scope
    limits: Limits
    types: Mapping[str, TypeDefinition]
    open: Open
    _gaps: dict[tuple[Selection, int], _Gap] = field(default_factory=dict, init=False)
    """By the place and by which value it is: nothing is changed while they are filled."""
    _found: dict[Selection, Mapping[Hashable, Mapping[str, Json]]] = field(default_factory=dict, init=False)

    async def fill(self, value: Json) -> Answer:
        """Raises `OperationError`."""
        selection = self.runnable.filled
        if selection is not None and self.runnable.places:
            self._look(value, selection)
        if not self._gaps or selection is None:
            return Answer(value)
        for place, target in self.runnable.places.items():
            gaps = [gap for (where, _), gap in self._gaps.items() if where is place]
            if gaps:
                self._found[place] = await self._ask(place, target, gaps)
        filled = self._filled(value, selection)
        return Answer(None if isinstance(filled, _Gone) else filled, keyed=self.runnable.selection is not None)

    def _look(self, value: Json, selection: Selection) -> None:
        if isinstance(value, list | tuple):
            for item in value:
                self._look(item, selection)
        elif isinstance(value, Mapping):
            place = self.runnable.places.get(selection)
            lacking = [each for each in selection.fields if each.field not in value and each.field != TYPENAME]
            if place is not None and lacking:
                key = self._key(value, place.lookup.target, lacking)
                if key is not None:
                    self._gaps[selection, id(value)] = _Gap(key, tuple(lacking))
            for each in selection.fields:
                if each.selection is not None and each.field in value:
                    self._look(value[each.field], each.selection)

    def _key(self, row: Mapping[str, Json], target: DataObject, lacking: Sequence[Selected]) -> tuple[Json, ...] | None:
        """None where there is none and nothing but plain fields is lacking: these are then null."""
        values: list[Json] = []
        name = self.runnable.operation.name
        for part in target.key:
            if row.get(part) is None:
                wanted = next((each.field for each in lacking if each.selection is not None), None)
                if wanted is None:
                    return None
                message = f'"{wanted}" of {target.type} is found by "{part}", which {name} does not give.'
                raise OperationError(Code.INTERNAL, message)
            type = nullable(target.columns[part].type)
            try:
                values.append(coerce_literal(row[part], NonNull(type), self.types))
            except Misfit as misfit:
                message = f'"{part}" of {target.type} is {article(type)}, and what {name} gives is not.'
                raise OperationError(Code.INTERNAL, message) from misfit
        return tuple(values)

    async def _ask(
        self, selection: Selection, place: Place, gaps: Sequence[_Gap]
    ) -> Mapping[Hashable, Mapping[str, Json]]:
        keys = {_same(gap.key): gap.key for gap in gaps}
        most = self.limits.joinKeys
        if len(keys) > most:
            what = f"{self.runnable.operation.name} gives more than {most} rows of {selection.type}"
            raise OperationError(Code.LIMIT, f"{what}, too many to look up what else is selected of them.")
        lacking = {each.key for gap in gaps for each in gap.lacking}
        compiled = self._narrowed(selection, place, frozenset(lacking))
        async with self.open(place.lookup.request.integration) as session:
            if place.lookup.together:
                return await self._ask_together(session, compiled, place, list(keys.values()))
            return await self._ask_each(session, compiled, place, keys)

    async def _ask_together(
        self, session: Session, compiled: Compiled, place: Place, keys: Sequence[tuple[Json, ...]]
    ) -> Mapping[Hashable, Mapping[str, Json]]:
        target, size = place.lookup.target, self.limits.pageSize
        type = target.columns[target.key[0]].type
        found: dict[Hashable, Mapping[str, Json]] = {}
        for start in range(0, len(keys), size):
            among = [key for (key,) in keys[start : start + size]]
            rows = plain(await ask(session, compiled, {**self.scope, "keys": among}))
            assert isinstance(rows, list)
            for row in rows:
                found[_same((coerce_literal(row[key_name(0)], type, self.types),))] = row
        doubtful = self._doubtful(keys, found)
        if doubtful:
            scopes = [{**self.scope, "keys": [key]} for (key,) in doubtful]
            answers = await session.execute_many(compiled, [values_of(compiled, scope) for scope in scopes])
            for key, answer in zip(doubtful, answers, strict=True):
                if isinstance(answer, OperationError):
                    raise answer
                rows = plain(answer)
                assert isinstance(rows, list)
                found |= {_same(key): row for row in rows}
        return found

    def _doubtful(self, keys: Sequence[tuple[Json, ...]], found: Collection[Hashable]) -> Sequence[tuple[Json, ...]]:
        """Keys of which no row has this very one, though the database may take one of another for the same, as most of
        MySQL's texts do with upper and lower case."""
        asked = {_same(key) for key in keys}
        unmet = [key for key in keys if _same(key) not in found]
        if not unmet or any(each not in asked for each in found):
            return unmet
        folded = {_folded(each) for each in asked & set(found)}
        return [key for key in unmet if _folded(_same(key)) in folded]

    async def _ask_each(
        self, session: Session, compiled: Compiled, place: Place, keys: Mapping[Hashable, tuple[Json, ...]]
    ) -> Mapping[Hashable, Mapping[str, Json]]:
        names = place.lookup.target.key
        scopes = [{**self.scope, "key": dict(zip(names, key, strict=True))} for key in keys.values()]
        answers = await session.execute_many(compiled, [values_of(compiled, scope) for scope in scopes])
        found: dict[Hashable, Mapping[str, Json]] = {}
        for same, answer in zip(keys, answers, strict=True):
            if isinstance(answer, OperationError):
                raise answer
            row = plain(answer)
            if isinstance(row, Mapping):
                found[same] = row
        return found

    def _narrowed(self, selection: Selection, place: Place, lacking: frozenset[str]) -> Compiled:
        wanted = [each for each in selection.fields if each.key in lacking]
        if len(wanted) == sum(each.field != TYPENAME for each in selection.fields):
            return place.compiled
        compiled = place.narrowed.get(lacking)
        if compiled is None:
            if len(place.narrowed) >= MOST_NARROWED:
                place.narrowed.clear()
            asked = with_key(place.lookup.target, wanted)
            compiled = place.lookup.request.prepared.compile(asked, self.runnable.rank)
            place.narrowed[lacking] = compiled
        return compiled

    def _filled(self, value: Json, selection: Selection) -> Json | _Gone:
        """As the client names it, or under its own names. Of a list, what is gone is left out, as of relations."""
        if isinstance(value, list | tuple):
            items = [self._filled(item, selection) for item in value]
            return [item for item in items if not isinstance(item, _Gone)]
        if not isinstance(value, Mapping):
            return value
        gap = self._gaps.get((selection, id(value)))
        row: Mapping[str, Json] = {}
        if gap is not None:
            found = self._found[selection].get(_same(gap.key))
            if found is None:
                return _GONE
            row = found
        # Who is within gets everything there is.
        filled: dict[str, Json] = {} if self.runnable.selection is not None else dict(value)
        for each in selection.fields:
            if each.field in value:
                given = value[each.field]
                inner = given if each.selection is None else self._filled(given, each.selection)
                filled[each.key] = None if isinstance(inner, _Gone) else inner
            else:
                filled[each.key] = row.get(each.key)
        return filled


def _same(key: tuple[Json, ...]) -> Hashable:
    """Equal for keys of one row."""
    return tuple(alike(part) for part in key)


def _folded(key: Hashable) -> str:
    """The same for keys that some database takes for equal."""
    return "".join(
        each for each in normalize("NFKD", str(key).casefold()) if not combining(each) and not each.isspace()
    )
