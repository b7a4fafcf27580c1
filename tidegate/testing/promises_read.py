"""What an integration promises of requests that read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from tidegate.core.errors import OperationError
from tidegate.core.footprint import UNKNOWN, Read, Unknown
from tidegate.core.json import MISSING, Given, Json
from tidegate.core.types import Argument, ListOf, NonNull, named, nullable
from tidegate.testing.report import Untested
from tidegate.testing.subject import Asked, Made, Subject, seen

_ANYTHING: Final[Sequence[Given]] = (None, MISSING, "", "\0", "'", 0, -1, 2**80, 1.5, True, [], {}, [None], {"a": [{}]})
_HOSTILE: Final[Mapping[str, Sequence[Json]]] = {
    "String": ["", "\0", "'\"%_\\;--", "$args.x {{ args.x }} ${HOME}", "../../etc/passwd", "a\r\nb: c", "é🌊" * 3000],
    "ID": ["", "0", "-1", "x' or 1=1", "9" * 60],
    "Int": [0, -1, 2**31 - 1, -(2**31)],
    "Float": [0.0, -1.5, 1e300],
    "JSON": [None, [], {}, {"a": [1, {"b": None}]}, "text", 1e300],
}


async def reads_told(subject: Subject) -> Sequence[str]:
    found: list[str] = []
    async with subject.opened() as made:
        for asked in _reading(made):
            for call in asked.request.calls:
                found += _of_call(made, asked, call)
            for odd in _ANYTHING:
                try:
                    asked.compiled.reads([odd] * len(asked.compiled.inputs))
                except Exception as error:  # noqa: BLE001 - that is what is looked for
                    found.append(f"reads of {asked.request.verb} raises {type(error).__name__} for {odd!r}")
    return found


def _of_call(made: Made, asked: Asked, call: Mapping[str, Json]) -> Iterator[str]:
    values: Sequence[Given | Unknown] = asked.values(call)
    title = asked.title(call)
    exact = asked.compiled.reads(values)
    if not exact:
        yield f"{title} reads nothing, it says: nobody would ever be told of a change"
    for read in exact:
        if read.source != made.integration.source:
            yield f"{title} reads from {read.source!r}, and the integration is {made.integration.source!r}"
    coarser: list[tuple[str, list[Given | Unknown]]] = [("nothing known of the values", [UNKNOWN for _ in values])]
    coarser += [(f"value {i} unknown", [*values[:i], UNKNOWN, *values[i + 1 :]]) for i in range(len(values))]
    for what, given in coarser:
        yield from _uncovered(exact, asked.compiled.reads(given), f"reads of {title} with {what}")
    yield from _uncovered(exact, asked.prepared.reach(), f"reach of {asked.request.verb}")


def _uncovered(exact: Sequence[Read], wide: Sequence[Read], where: str) -> Iterator[str]:
    for read in exact:
        if not any(covers(other, read) for other in wide):
            yield f"{where} leaves out {read}"


def covers(wide: Read, read: Read) -> bool:
    """Whether every touch that concerns `read` concerns `wide`."""
    if wide.source != read.source:
        return False
    if wide.table is None:
        return True
    if wide.table != read.table:
        return False
    if wide.columns is not None and (read.columns is None or not read.columns <= wide.columns):
        return False
    return all(any(key.column == own.column and own.values <= key.values for own in read.keys) for key in wide.keys)


async def answers(subject: Subject) -> Sequence[str]:
    """One after the other, twice, and for a client's selection."""
    found: list[str] = []
    async with subject.opened() as made:
        for asked in _reading(made):
            async with made.integration.session(writes=False) as session:
                for call in asked.request.calls:
                    title = asked.title(call)
                    first = await subject.see(session, asked, call)
                    if first[0] == "error":
                        found.append(f"{title} fails: {first[1]}")
                        continue
                    if first != await subject.see(session, asked, call):
                        found.append(f"{title} gives something else each time")
                    shown = await subject.see(session, asked, call, shown=True)
                    if shown != first:
                        found.append(f"{title} gives {first[1]!r:.80}, and {shown[1]!r:.80} for a selection of it all")
                    answer = await session.execute(asked.compiled, asked.values(call))
                    if answer.touches:
                        found.append(f"{title} reads, and touches {answer.touches}")
    return found


async def only_operation_errors(subject: Subject) -> Sequence[str]:
    """Whatever values there are. A request that writes is taken back."""
    found: list[str] = []
    async with subject.opened() as made:
        for asked in made.asked:
            for call in hostile(asked):
                try:
                    async with made.integration.session(writes=asked.prepared.writes) as session:
                        await subject.see(session, asked, call)
                        if asked.prepared.writes:
                            raise _TakenBack
                except _TakenBack:
                    pass
                except OperationError as error:
                    subject.heard(asked.title(call), error)
                except Exception as error:  # noqa: BLE001 - that is what is looked for
                    found.append(f"{asked.title(call)} raises {type(error).__name__}: {error!s:.120}")
    return found


class _TakenBack(Exception):
    pass


async def refused_calls(subject: Subject) -> Sequence[str]:
    if not any(request.refused for request in subject.requests):
        raise Untested("no request has calls that are refused")
    found: list[str] = []
    async with subject.opened() as made:
        before = await subject.look(made)
        for asked in made.asked:
            for call in asked.request.refused:
                try:
                    async with made.integration.session(writes=asked.prepared.writes) as session:
                        await session.execute(asked.compiled, asked.values(call))
                except OperationError as error:
                    subject.heard(asked.title(call), error)
                else:
                    found.append(f"{asked.title(call)} is not refused")
        if await subject.look(made) != before:
            found.append("a call that was refused has changed something")
    return found


async def many(subject: Subject) -> Sequence[str]:
    found: list[str] = []
    async with subject.opened() as made:
        for asked in _reading(made):
            calls = [*asked.request.calls, *asked.request.refused]
            calls += list(reversed(calls)) + list(hostile(asked))
            for compiled, what in ((asked.compiled, ""), (asked.shown, " for a selection")):
                async with made.integration.session(writes=False) as session:
                    single: list[object] = []
                    for call in calls:
                        try:
                            single.append(seen(await session.execute(compiled, asked.values(call))))
                        except OperationError as error:
                            single.append(seen(error))
                    batch = [asked.values(call) for call in calls]
                    together = await session.execute_many(compiled, batch)
                    if list(await session.execute_many(compiled, [])):
                        found.append(f"execute_many of {asked.request.verb} gives something for nothing")
                if len(together) != len(calls):
                    found.append(f"execute_many of {asked.request.verb}: {len(together)} answers for {len(calls)}")
                    continue
                for call, one, other in zip(calls, single, together, strict=True):
                    if seen(other) != one:
                        found.append(f"execute_many{what}: {asked.title(call)} gives {other!r:.80}, alone {one!r:.80}")
    return found


async def no_writes_while_reading(subject: Subject) -> Sequence[str]:
    found: list[str] = []
    async with subject.opened() as made:
        if not made.writing:
            raise Untested("no request writes")
        before = await subject.look(made)
        for asked in made.writing:
            call = asked.request.calls[0]
            try:
                async with made.integration.session(writes=False) as session:
                    await session.execute(asked.compiled, asked.values(call))
                found.append(f"{asked.title(call)} is done in a session that may not write")
            except OperationError as error:
                subject.heard(asked.title(call), error)
            if await subject.look(made) != before:
                found.append(f"{asked.title(call)} in a session that may not write has changed something")
    return found


def hostile(asked: Asked) -> Iterator[Mapping[str, Json]]:
    """Calls that clients could make, the types of the arguments being what they are."""
    call = asked.request.calls[0]
    for name, argument in asked.arguments.items():
        if name in call:
            yield from ({**call, name: value} for value in _values(argument))
            if not isinstance(argument.type, NonNull):
                yield {key: value for key, value in call.items() if key != name}


def _values(argument: Argument) -> Sequence[Json]:
    values = list(_HOSTILE.get(named(argument.type), ()))
    if isinstance(nullable(argument.type), ListOf):
        values = [[], values, values * 30]
    if not isinstance(argument.type, NonNull):
        values.append(None)
    elif named(argument.type) == "JSON":
        values = [value for value in values if value is not None]
    return values


def _reading(made: Made) -> Sequence[Asked]:
    if not made.reading:
        raise Untested("no request reads")
    return made.reading
