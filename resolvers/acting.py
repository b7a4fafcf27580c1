"""Writes with actions around them: before, the write itself, during; what comes after is left for afterwards.

For each row, in the order of the rows: all its actions of a phase, in the order written. A phase is over for all rows
before the next one begins.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import orjson

from tidegate.core.action import ActedWrite, Answers, Demand, When
from tidegate.core.call import Runnable
from tidegate.core.errors import Code, OperationError
from tidegate.core.expressions import Scope, resolve
from tidegate.core.integration import Answer, Compiled, Session
from tidegate.core.json import Json
from tidegate.core.objects import Access
from tidegate.core.selection import Selection
from tidegate.resolvers.actions import SKIPPED, Actions, Occasion, Row
from tidegate.resolvers.frame import Frame
from tidegate.resolvers.requesting import ask, values_of


def compile_parts(acted: ActedWrite | Demand, selection: Selection | None, rank: int) -> dict[str, Compiled]:
    """What an acted step is run by, for a role and a client's selection."""
    if isinstance(acted, Demand):
        return {"find": acted.find.compile(None, rank)}
    parts = {"write": acted.write.compile(None, rank)}
    if When.DURING in acted.actions:
        parts["stored"] = acted.stored.compile(None, rank)
    if acted.find is not None and When.BEFORE in acted.actions:
        parts["find"] = acted.find.compile(None, rank)
    if acted.claim is not None:
        parts["claim"] = acted.claim.compile(None, rank)
    if acted.answer is not None:
        parts["answer"] = acted.answer.compile(selection, rank)
    return parts


class ActedWriting:
    """One acted write of one call."""

    def __init__(self, runnable: Runnable, acted: ActedWrite, actions: Actions, scope: Scope, frame: Frame) -> None:
        self._parts = runnable.parts
        self._acted = acted
        self._actions = actions
        self._scope = scope
        self._frame = frame
        self._integration = acted.target.integration

    async def run(self) -> Answer:
        self._refuse()
        match self._acted.access:
            case Access.CREATE:
                return await self._create()
            case Access.DELETE:
                return await self._delete()
            case _:
                return await self._update()

    def _refuse(self) -> None:
        """A role that no rule reaches is told so before anything of the author's is run."""
        acted = self._acted
        if not any(rule.rank <= self._frame.user.rank for rule in acted.target.access.get(acted.access, ())):
            raise OperationError(Code.FORBIDDEN, f"Your role may not {acted.access} {acted.target.name}.")

    async def _create(self) -> Answer:
        acted = self._acted
        parameters = self._parameters()
        occasions = [
            Occasion(acted.target, row, None, row=dict(row), parameters=parameters) for row in self._new_rows()
        ]
        await self._phase(When.BEFORE, occasions)
        session = await self._session()
        for occasion in occasions:
            written = await self._write(session, occasion, {})
            row = written.value
            assert isinstance(row, Mapping), "a create answers its row"
            occasion.stored = occasion.row = row
        await self._phase(When.DURING, occasions)
        return await self._conclude(session, occasions)

    async def _update(self) -> Answer:
        changes = self._changes()
        occasions: list[Occasion] = []
        if When.BEFORE in self._acted.actions:
            occasions = [self._of(row, dict(changes)) for row in await self._find()]
            await self._phase(When.BEFORE, occasions)
        session = await self._session()
        occasions = await self._meet(session, occasions, changes)
        written: list[Occasion] = []
        for occasion in occasions:
            assert occasion.stored is not None
            rows = (await self._write(session, occasion, self._key(occasion.stored))).value
            if isinstance(rows, Sequence) and rows and isinstance(rows[0], Mapping):
                occasion.row = rows[0]
                written.append(occasion)
        await self._phase(When.DURING, written)
        return await self._conclude(session, written)

    async def _delete(self) -> Answer:
        occasions: list[Occasion] = []
        if When.BEFORE in self._acted.actions:
            occasions = [self._of(row, {}) for row in await self._find()]
            await self._phase(When.BEFORE, occasions)
        session = await self._session()
        occasions = await self._meet(session, occasions, {})
        answer = await self._answer(session, occasions)
        deleted: list[Occasion] = []
        for occasion in occasions:
            await self._remember(occasion)
            assert occasion.stored is not None
            count = (await self._write(session, occasion, self._key(occasion.stored))).value
            if count:
                deleted.append(occasion)
        await self._phase(When.DURING, deleted)
        if len(deleted) != len(occasions):
            # Somebody else was faster; what is gone already was not deleted by this call.
            answer = self._counted(len(deleted)) or answer
        self._afterwards(deleted)
        return answer

    async def _remember(self, occasion: Occasion) -> None:
        """What is asked of a row that is about to go."""
        for when in (When.DURING, When.AFTER):
            for action in self._acted.actions.get(when, ()):
                if action.deep is not None:
                    occasion.deep[action] = await self._actions.deep(action, occasion, self._frame)

    def _new_rows(self) -> list[dict[str, Json]]:
        acted = self._acted
        assert acted.input is not None
        given = resolve(acted.input, self._scope)
        fixed = {} if acted.fixed is None else resolve(acted.fixed, self._scope)
        rows = given if acted.many and isinstance(given, Sequence) else [given]
        most = self._frame.limits.batchSize
        if len(rows) > most:
            raise OperationError(Code.LIMIT, f"At most {most} rows can be created at once.")
        merged: list[dict[str, Json]] = []
        for row in rows:
            assert isinstance(fixed, Mapping)
            merged.append({**(row if isinstance(row, Mapping) else {}), **fixed})
        return merged

    def _changes(self) -> Row:
        assert self._acted.input is not None
        given = resolve(self._acted.input, self._scope)
        return given if isinstance(given, Mapping) else {}

    def _parameters(self) -> Row:
        given = self._scope["args"]
        return given if isinstance(given, Mapping) else {}

    def _of(self, row: Row, input: dict[str, Json]) -> Occasion:
        return Occasion(self._acted.target, input, row, {**row, **input}, row, self._parameters())

    def _key(self, row: Row) -> Row:
        return {name: row[name] for name in self._acted.target.key}

    async def _session(self) -> Session:
        return await self._frame.transaction.writing(self._integration)

    async def _find(self) -> Sequence[Row]:
        async with self._frame.transaction.reading(self._integration) as session:
            return await self._rows(session, "find")

    async def _rows(self, session: Session, part: str) -> Sequence[Row]:
        rows = (await ask(session, self._parts[part], self._scope)).value
        found = [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, Sequence) else []
        most = self._frame.limits.pageSize
        if len(found) >= most and self._acted.many:
            raise OperationError(Code.LIMIT, f"{most} rows or more would be changed. Nothing was changed.")
        return found

    async def _meet(self, session: Session, known: Sequence[Occasion], changes: Row) -> list[Occasion]:
        """What is there to be written now, with what was made of it before; what has gone since then is left out. From
        here on nobody else writes these rows: what is said of them stays true."""
        before = {_hashable(self._key(each.stored or {})): each for each in known}
        met: list[Occasion] = []
        for row in await self._rows(session, "claim"):
            occasion = before.get(_hashable(self._key(row)))
            if occasion is None:
                if When.BEFORE in self._acted.actions:
                    # It came after the others were asked about: what was to be decided before was not.
                    continue
                occasion = self._of(row, dict(changes))
            occasion.stored = occasion.prev = row
            occasion.row = {**row, **occasion.input}
            met.append(occasion)
        return met

    async def _write(self, session: Session, occasion: Occasion, key: Row) -> Answer:
        answer = await ask(session, self._parts["write"], {**self._scope, "input": occasion.input, "key": key})
        self._frame.transaction.touches += answer.touches
        return answer

    async def _phase(self, when: When, occasions: Sequence[Occasion]) -> None:
        for occasion in occasions:
            for action in self._acted.actions.get(when, ()):
                await self._actions.run(action, occasion, self._frame)

    async def _conclude(self, session: Session, occasions: Sequence[Occasion]) -> Answer:
        if When.DURING in self._acted.actions:
            for occasion in occasions:
                # What came after the write may have changed the row again.
                key = self._key(occasion.row)
                row = (await ask(session, self._parts["stored"], {**self._scope, "key": key})).value
                if isinstance(row, Mapping):
                    occasion.row = row
                    if self._acted.access is Access.CREATE:
                        occasion.stored = row
        answer = await self._answer(session, occasions)
        self._afterwards(occasions)
        return answer

    def _counted(self, count: int) -> Answer | None:
        match self._acted.answers:
            case Answers.COUNT:
                return Answer(count, str(count).encode())
            case Answers.WHETHER:
                return Answer(count > 0, b"true" if count else b"false")
            case _:
                return None

    async def _answer(self, session: Session, occasions: Sequence[Occasion]) -> Answer:
        counted = self._counted(len(occasions))
        if counted is not None:
            return counted
        answer = self._parts["answer"]
        scopes = [{**self._scope, "key": self._key(occasion.row)} for occasion in occasions]
        found = await session.execute_many(answer, [values_of(answer, scope) for scope in scopes])
        for each in found:
            if isinstance(each, OperationError):
                raise each
        answers = [each for each in found if isinstance(each, Answer)]
        if self._acted.answers is Answers.ROWS:
            return _together([each for each in answers if not _is_nothing(each)])
        if not answers:
            if self._acted.required:
                raise OperationError(Code.NOT_FOUND, "There is no such row.")
            return Answer(None, b"null")
        if _is_nothing(answers[0]) and self._acted.required:
            message = f"Your role may not read the row of {self._acted.target.name} that results."
            raise OperationError(Code.FORBIDDEN, message)
        return answers[0]

    def _afterwards(self, occasions: Sequence[Occasion]) -> None:
        for occasion in occasions:
            for action in self._acted.actions.get(When.AFTER, ()):
                self._frame.transaction.afterwards.append(partial(self._actions.run, action, occasion))


def _is_nothing(answer: Answer) -> bool:
    return answer.json == b"null" if answer.json is not None else answer.value is None


def _together(answers: Sequence[Answer]) -> Answer:
    """A list of rows, from an answer for each."""
    bodies = [each.json for each in answers if each.json is not None]
    if len(bodies) == len(answers):
        return Answer(json=b"[" + b",".join(bodies) + b"]", keyed=True)
    return Answer([each.value for each in answers], keyed=any(each.keyed for each in answers))


def _hashable(key: Row) -> bytes:
    return orjson.dumps(key, option=orjson.OPT_SORT_KEYS)


async def run_demand(runnable: Runnable, demand: Demand, actions: Actions, scope: Scope, frame: Frame) -> Answer:
    """An action asked for by name, for the row whose key was given, or for none."""
    target, action = demand.target, demand.action
    given = scope["args"]
    assert isinstance(given, Mapping)
    parameters = {name: given[name] for name in action.parameters if name in given}
    key = {name: given[name] for name in target.key if given.get(name) is not None}
    row: Row | None = None
    if key:
        if len(key) < len(target.key):
            missing = ", ".join(name for name in target.key if name not in key)
            raise OperationError(Code.BAD_USER_INPUT, f"The key of a row is whole or absent: {missing} is missing.")
        async with frame.transaction.reading(target.integration) as session:
            found = (await ask(session, runnable.parts["find"], {**scope, "key": key})).value
        if not isinstance(found, Mapping):
            raise OperationError(Code.NOT_FOUND, "There is no such row.")
        row = found
    # What a client sent is for the action that it asked for, not for those that this one calls.
    sent = (frame.call.input or {}) if frame.depth == 0 else {}
    input = {name: value for name, value in sent.items() if name in target.columns}
    occasion = Occasion(target, input, row, row or {}, row or {}, parameters)
    value = await actions.run(action, occasion, frame)
    if value is SKIPPED:
        message = f'The action "{action.name}" did not run: its condition does not hold.'
        raise OperationError(Code.REFUSED, message, {"skipped": True})
    return Answer(value)
