"""Runs one action: its condition, then its code or its requests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, Literal

import orjson

from tidegate.core.action import Action, Asking, When
from tidegate.core.catalog import Catalog
from tidegate.core.errors import Code, OperationError
from tidegate.core.expressions import Scope
from tidegate.core.integration import Compiled, Prepared
from tidegate.core.json import Json, Missing
from tidegate.core.literals import Misfit, coerce_literal
from tidegate.core.objects import Access, DataObject
from tidegate.core.program import Invocation, Program
from tidegate.core.selection import Selection
from tidegate.core.types import nullable
from tidegate.resolvers.frame import Frame
from tidegate.resolvers.programs import Programs
from tidegate.resolvers.requesting import ask, reads_properties

Row = Mapping[str, Json]


class Skipped(Enum):
    """The type of `SKIPPED`: the action's condition does not hold."""

    SKIPPED = "skipped"


SKIPPED: Final = Skipped.SKIPPED


@dataclass(slots=True)
class Occasion:
    """What an action is run for: one row, or none. `input`: what is about to be written, for programs to change before
    it is. `stored`: `dbRow`, the row as the database has it: before an update or a delete of it, after a create.
    `row` and `prev` are what references mean by these names. `deep`: the row with what it belongs to, for actions that
    are run when it is gone."""

    target: DataObject
    input: dict[str, Json] = field(default_factory=dict)
    stored: Row | None = None
    row: Row = field(default_factory=dict)
    prev: Row = field(default_factory=dict)
    parameters: Row = field(default_factory=dict)
    deep: dict[Action, Row] = field(default_factory=dict)


class Actions:
    """Of one catalog."""

    def __init__(self, programs: Programs, catalog: Catalog) -> None:
        self._programs = programs
        self._types = catalog.types
        self._compiled: dict[tuple[Prepared, int], Compiled] = {}

    async def run(self, action: Action, occasion: Occasion, frame: Frame) -> Json | Literal[Skipped.SKIPPED]:
        """What the action answered. Raises `OperationError`."""
        frame.count_action()
        row = occasion.deep.get(action) or await self.deep(action, occasion, frame)
        parameters = _parameters(action, occasion)
        values: dict[str, Json] = {"args": parameters, "row": row, "prev": occasion.prev}
        if action.where is not None and not await self._holds(action.where, values, frame):
            return SKIPPED
        if isinstance(action.work, Program):
            return await self._program(action, action.work, occasion, parameters, frame)
        for asking in action.work:
            compiled, scope = await self._prepare(asking, values, frame)
            answer = await ask(await frame.transaction.writing(asking.integration), compiled, scope)
            frame.transaction.touches += answer.touches
        return None

    async def deep(self, action: Action, occasion: Occasion, frame: Frame) -> Row:
        """The row with what it belongs to, where the action speaks of that and the row is stored."""
        key = {name: occasion.row.get(name) for name in occasion.target.key}
        if action.deep is None or None in key.values():
            return occasion.row
        compiled = self._compiled_for(action.deep.prepared, frame.user.rank, action.deep.selection)
        async with frame.transaction.reading(occasion.target.integration) as session:
            answer = await ask(session, compiled, await frame.scope({"key": key, "args": {}}))
        found = orjson.loads(answer.json or b"null")
        return {**found, **occasion.row} if isinstance(found, Mapping) else occasion.row

    async def _holds(self, where: Asking, values: Mapping[str, Json], frame: Frame) -> bool:
        compiled, scope = await self._prepare(where, values, frame)
        async with frame.transaction.reading(where.integration) as session:
            answer = await ask(session, compiled, scope)
        return bool(answer.value)

    async def _prepare(self, asking: Asking, values: Mapping[str, Json], frame: Frame) -> tuple[Compiled, Scope]:
        compiled = self._compiled_for(asking.prepared, frame.user.rank)
        return compiled, await frame.scope(values, properties=reads_properties(compiled))

    def _compiled_for(self, prepared: Prepared, rank: int, selection: Selection | None = None) -> Compiled:
        key = prepared, rank
        compiled = self._compiled.get(key)
        if compiled is None:
            compiled = self._compiled[key] = prepared.compile(selection, rank)
        return compiled

    async def _program(
        self, action: Action, program: Program, occasion: Occasion, parameters: Row, frame: Frame
    ) -> Json:
        event = action.when if action.event is None else f"{action.when} {action.event}"
        context: dict[str, Json] = {
            "row": dict(occasion.row),
            "prev": dict(occasion.prev),
            "parameters": dict(parameters),
            "currentUser": dict(frame.user.fields),
            "role": frame.user.role,
            "event": str(event),
            "object": action.owner,
            "action": action.name,
        }
        invocation = Invocation(
            occasion.input, occasion.stored, parameters, self._programs.profile(frame), context, self._programs.settings
        )
        extensions: dict[str, Json] = {"action": action.name, "object": action.owner}
        outcome = await self._programs.run(program, invocation, frame, at_most=action.timeout, extensions=extensions)
        if action.when is When.BEFORE and action.event in (Access.CREATE, Access.UPDATE):
            self._keep(action, occasion, outcome.input)
        return outcome.value

    def _keep(self, action: Action, occasion: Occasion, left: Mapping[str, Json]) -> None:
        """What the program made of the input, as far as the object has columns for it."""
        kept: dict[str, Json] = {}
        for name, value in left.items():
            column = occasion.target.columns.get(name)
            if column is None:
                continue
            if name in occasion.input and occasion.input[name] == value:
                kept[name] = value
                continue
            try:
                kept[name] = coerce_literal(value, nullable(column.type), self._types)
            except Misfit as misfit:
                message = f'What {action.title} made of "{name}" does not fit: {misfit.sentence}'
                extensions: dict[str, Json] = {"action": action.name, "object": action.owner}
                raise OperationError(Code.ACTION_FAILED, message, extensions) from misfit
        occasion.input.clear()
        occasion.input.update(kept)
        # Not the row so far: a field that is not in the input any more is not written.
        occasion.row = {**(occasion.stored or {}), **kept}


def _parameters(action: Action, occasion: Occasion) -> Row:
    """What was given, and the defaults of what was not."""
    defaults = {
        name: parameter.default
        for name, parameter in action.parameters.items()
        if not isinstance(parameter.default, Missing)
    }
    return {**defaults, **occasion.parameters} if defaults else occasion.parameters
