"""Steps that run a block several times, or several blocks at once."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from tidegate.core.errors import Code, OperationError
from tidegate.core.expressions import resolve
from tidegate.core.flow import Block, Each, Filter, Join, Mode, names_of
from tidegate.core.json import Json, frozen
from tidegate.resolvers.concurrent import run_all
from tidegate.resolvers.conditions import holds, is_true
from tidegate.resolvers.returned import Returned

if TYPE_CHECKING:
    from tidegate.resolvers.course import Course


async def run_each(course: Course, each: Each) -> Json | Returned:
    """What each iteration gave, in the order of the items."""
    items = course.items(each.items)
    most = course.frame.limits.parallel
    size = min(each.size or most, most)
    # A transaction is one connection: what is in it is done in turn.
    if each.mode is Mode.SEQUENTIAL or course.frame.joined or size == 1:
        return await _in_turn(course, items, each)
    results: list[Json] = []
    batch = size if each.mode is Mode.BATCH else len(items)
    for start in range(0, len(items), batch or 1):
        if start and each.delay:
            await asyncio.sleep(each.delay)
        indices = range(start, min(start + batch, len(items)))
        # Made when their turn comes: a list may be longer than what one call may do.
        works = (partial(course.of(items[index], index).give, each.body) for index in indices)
        results += await run_all(works, min(size, len(indices)))
    return results


async def _in_turn(course: Course, items: Sequence[Json], each: Each) -> Json | Returned:
    results: list[Json] = []
    for index, item in enumerate(items):
        if index and each.delay:
            await asyncio.sleep(each.delay)
        await course.frame.allowance.pace.keep()
        value = await course.of(item, index).run_block(each.body)
        if isinstance(value, Returned):
            return value
        results.append(value)
    return results


async def run_filter(course: Course, filter: Filter) -> Json | Returned:
    """The items that stay."""
    kept: list[Json] = []
    for index, item in enumerate(course.items(filter.items)):
        await course.frame.allowance.pace.keep()
        one = course.of(item, index)
        if filter.condition is not None:
            stays = holds(filter.condition, one.variables)
        else:
            value = await one.run_block(filter.body)
            if isinstance(value, Returned):
                return value
            stays = is_true(value)
        if stays:
            kept.append(item)
    return kept


async def run_parallel(course: Course, branches: Sequence[Block]) -> Json:
    """What each branch gave, in the order written. Each has names of its own until all have ended."""
    courses = [replace(course, variables=dict(course.variables)) for _ in branches]
    works = [partial(one.give, block) for one, block in zip(courses, branches, strict=True)]
    results = await run_all(works, 1 if course.frame.joined else course.frame.limits.parallel)
    for one, block in zip(courses, branches, strict=True):
        for name in names_of(block):
            if name in one.variables:
                course.variables[name] = one.variables[name]
    return results


async def run_join(course: Course, join: Join) -> Json:
    """The items with what belongs to each."""
    whole = course.value(join.items)
    if whole is None:
        return None
    records = [whole] if isinstance(whole, Mapping) else course.items(join.items)
    asked: dict[Hashable, Mapping[str, Json]] = {}
    keys: list[Hashable] = []
    for index, record in enumerate(records):
        await course.frame.allowance.pace.keep()
        if not isinstance(record, Mapping):
            message = f"A step of {course.runnable.operation.name} joins to records, and was given something else."
            raise OperationError(Code.ACTION_FAILED, message)
        given = resolve(join.given, course.of(record, index).variables)
        assert isinstance(given, Mapping)
        keys.append(frozen(given))
        asked.setdefault(keys[-1], given)
    answers = await course.around.calls.call_many(join.operation, list(asked.values()), course.frame.within())
    found = dict(zip(asked, answers, strict=True))
    joined = [{**record, join.into: found[key]} for record, key in zip(records, keys, strict=True)]  # type: ignore[dict-item]
    return joined[0] if isinstance(whole, Mapping) else joined
