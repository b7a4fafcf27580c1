"""Steps that run a block several times, or several blocks at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from tidegate.core.flow import Block, Each, Filter, Mode, names_of
from tidegate.core.json import Json
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
