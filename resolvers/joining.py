"""Rows of one integration with what queries of others give for them: no question is asked twice."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final

from tidegate.core.call import Runnable
from tidegate.core.errors import Code, OperationError
from tidegate.core.expressions import Literal, Record, Reference, as_text, references, resolve
from tidegate.core.flow import Join, Joined, all_steps
from tidegate.core.json import Json, alike, frozen
from tidegate.core.location import Location
from tidegate.core.operation import Operation
from tidegate.core.selection import Selected, Selection
from tidegate.core.types import Named
from tidegate.resolvers.concurrent import run_all

if TYPE_CHECKING:
    from tidegate.resolvers.course import Course

_NOWHERE: Final = Location("")

Compile = Callable[[str, Selection | None], Runnable]
"""An operation, by its name, for what is selected of it."""


def compile_joins(operation: Operation, selection: Selection | None, compiling: Compile) -> Mapping[Joined, Runnable]:
    """Where the client's selection says which fields are joined, these, for what it selects of them."""
    flow = operation.plan.flow
    found: dict[Joined, Runnable] = {}
    if flow is None or selection is None:
        return found
    for step in all_steps(flow):
        for joined in step.work.fields if isinstance(step.work, Join) and step.work.chosen else ():
            selected = [each for each in selection.fields if each.field == joined.field]
            if selected:
                found[joined] = compiling(joined.operation, _wanted(joined, selected))
    return found


def _wanted(joined: Joined, selected: Sequence[Selected]) -> Selection | None:
    merged = merge(each.selection for each in selected)
    if merged is None or joined.match is None:
        return merged
    there = {each.field for each in merged.fields}
    more = (Selected(name, name, Named("JSON")) for name in joined.match.fields if name not in there)
    return replace(merged, fields=(*merged.fields, *more))


def merge(selections: Iterator[Selection | None] | Sequence[Selection | None]) -> Selection | None:
    """All of them as one whose fields have their own names. A field that is wanted with different arguments is left
    out: it has no one value."""
    there = [each for each in selections if each is not None]
    if not there:
        return None
    fields: dict[str, list[Selected]] = {}
    for selection in there:
        for each in selection.fields:
            fields.setdefault(each.field, []).append(each)
    merged: list[Selected] = []
    for name, group in fields.items():
        first = group[0]
        if all(_same_arguments(first, each) for each in group[1:]):
            merged.append(replace(first, key=name, selection=merge([each.selection for each in group])))
    return Selection(there[0].type, tuple(merged))


def _same_arguments(one: Selected, other: Selected) -> bool:
    return {name: _said(value) for name, value in one.arguments.items()} == {
        name: _said(value) for name, value in other.arguments.items()
    }


def _said(value: object) -> object:
    """Without the place where it stands."""
    return replace(value, at=_NOWHERE) if isinstance(value, Literal | Reference) else value


async def run_join(course: Course, join: Join) -> Json:
    """The rows with what is joined to each; one row for one."""
    whole = course.value(join.items)
    if whole is None:
        return None
    rows = [whole] if isinstance(whole, Mapping) else course.items(join.items)
    name = course.runnable.operation.name
    if not all(isinstance(row, Mapping) for row in rows):
        message = f"A step of {name} joins to rows, and was given something else."
        raise OperationError(Code.ACTION_FAILED, message)
    chosen = course.runnable.joined if join.chosen and course.runnable.selection is not None else None
    asked = [joined for joined in join.fields if chosen is None or joined in chosen]
    works = [partial(_Joining(course, joined).values, rows) for joined in asked]  # type: ignore[arg-type]
    columns = await run_all(works, 1 if course.frame.joined else course.frame.limits.parallel)
    fields = [joined.field for joined in asked]
    given = [{**row, **dict(zip(fields, values, strict=True))} for row, *values in zip(rows, *columns, strict=True)]
    return given[0] if isinstance(whole, Mapping) else given


class _Values:
    """What records say of a row: all else in them is the same for all rows."""

    def __init__(self, *records: Record) -> None:
        found = (each for record in records for each in references(record) if each.root == "row")
        self._references = tuple(dict.fromkeys(found))

    def of(self, row: Mapping[str, Json]) -> Hashable:
        """None where one of them is null."""
        values: list[Hashable] = []
        for reference in self._references:
            path = reference.path
            value = row.get(path[0]) if len(path) == 1 else resolve(reference, {"row": row})
            if value is None:
                return None
            values.append(value if isinstance(value, str) else frozen(value))
        return tuple(values)


@dataclass(frozen=True, slots=True)
class _Joining:
    """One field of all rows."""

    course: Course
    joined: Joined

    async def values(self, rows: Sequence[Mapping[str, Json]]) -> Sequence[Json]:
        found = await (self._for_each(rows) if self.joined.keys is None else self._for_all(rows))
        if self.joined.required and None in found:
            raise OperationError(Code.NOT_FOUND, self._missing(rows[found.index(None)]))
        return found

    async def _for_each(self, rows: Sequence[Mapping[str, Json]]) -> list[Json]:
        asked: dict[Hashable, Mapping[str, Json]] = {}
        places: list[Hashable] = []
        values = _Values(self.joined.given)
        for row in rows:
            place = values.of(row)
            places.append(place)
            if place is not None and place not in asked:
                asked[place] = self._resolved(self.joined.given, row)
            await self.course.frame.allowance.pace.keep()
        self._bound(len(asked))
        answers = await self._ask(list(asked.values()))
        found: dict[Hashable, Json] = {None: [] if self.joined.many else None}
        found.update(zip(asked, answers, strict=True))
        return [found[place] for place in places]

    async def _for_all(self, rows: Sequence[Mapping[str, Json]]) -> list[Json]:
        keys, match = self.joined.keys, self.joined.match
        assert keys is not None
        assert match is not None
        lists: dict[str, dict[Hashable, Json]] = {name: {} for name in keys.fields}
        places: list[Hashable] = []
        known: dict[Hashable, Hashable] = {None: None}
        values = _Values(keys, match)
        for row in rows:
            key = values.of(row)
            if key not in known:
                matched = self._resolved(match, row)
                known[key] = tuple(alike(matched[name]) for name in match.fields)
                for name, value in self._resolved(keys, row).items():
                    lists[name].setdefault(alike(value), value)
            places.append(known[key])
            await self.course.frame.allowance.pace.keep()
        self._bound(max(map(len, lists.values()), default=0))
        found: dict[Hashable, list[Json]] = {}
        if all(lists.values()):
            arguments = {name: list(values.values()) for name, values in lists.items()}
            common = resolve(self.joined.given, self.course.variables)
            assert isinstance(common, Mapping)
            (answer,) = await self._ask([{**common, **arguments}])
            for item in self._items(answer):
                if all(item.get(name) is not None for name in match.fields):
                    found.setdefault(tuple(alike(item[name]) for name in match.fields), []).append(item)
        if self.joined.many:
            return [found.get(place, []) for place in places]
        return [found[place][0] if place in found else None for place in places]

    async def _ask(self, given: Sequence[Mapping[str, Json]]) -> Sequence[Json]:
        if not given:
            return ()
        course, name = self.course, self.joined.operation
        return await course.around.calls.call_many(
            name, given, course.frame.within(), course.runnable.joined.get(self.joined)
        )

    def _resolved(self, record: Record, row: Mapping[str, Json]) -> Mapping[str, Json]:
        given = resolve(record, {**self.course.variables, "row": row})
        assert isinstance(given, Mapping)
        return given

    def _items(self, answer: Json) -> Iterator[Mapping[str, Json]]:
        if answer is None:
            return
        if isinstance(answer, str) or not isinstance(answer, Sequence):
            message = f"{self.joined.operation} gives no list, of which items could be joined."
            raise OperationError(Code.ACTION_FAILED, message)
        yield from (item for item in answer if isinstance(item, Mapping))

    def _bound(self, count: int) -> None:
        most = self.course.frame.limits.joinKeys
        if count > most:
            name, field = self.course.runnable.operation.name, self.joined.field
            message = f'{name} joins "{field}" for more than {most} different values.'
            raise OperationError(Code.LIMIT, message)

    def _missing(self, row: Mapping[str, Json]) -> str:
        if self.joined.missing is not None:
            return as_text(resolve(self.joined.missing, {**self.course.variables, "row": row}))
        return f'{self.joined.operation} gives nothing for "{self.joined.field}" of a row.'
