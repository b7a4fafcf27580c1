"""The actions that an operation runs, for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tidegate.core.action import ActedWrite, Action, Asking, Demand, When
from tidegate.core.operation import Operation, Request
from tidegate.core.program import Program
from tidegate.core.reach import requests_of, speaks_of_calls, steps_code


def actions_of(operation: Operation) -> Iterator[Action]:
    """Those of its own requests, in the order in which they are run for a row."""
    for request in requests_of(operation, {}):
        yield from _actions_of(request)


def askings_of(request: Request) -> Iterator[Asking]:
    """What the actions around a request ask of integrations."""
    for action in _actions_of(request):
        if not isinstance(action.work, Program):
            yield from action.work


def may_call(operation: Operation, operations: Mapping[str, Operation]) -> bool:
    """Whether code of its steps or its actions speaks of calling operations: which ones, nobody can tell."""
    works = (each.work for request in requests_of(operation, operations) for each in _actions_of(request))
    programs = (*steps_code(operation, operations), *(work for work in works if isinstance(work, Program)))
    return any(speaks_of_calls(program) for program in programs)


def describe_action(action: Action) -> str:
    """`before update: tidy, actions/tidy.js, where its condition holds`."""
    event = str(action.when) if action.event is None else f"{action.when} {action.event}"
    if isinstance(action.work, Program):
        work = action.work.file
    else:
        work = f"asks {', '.join(each.integration for each in action.work)}"
    condition = "" if action.where is None else ", where its condition holds"
    return f"{event}: {action.name}, {work}{condition}"


def _actions_of(request: Request) -> Iterator[Action]:
    match request.acted:
        case ActedWrite(actions=actions):
            for when in (When.BEFORE, When.DURING, When.AFTER):
                yield from actions.get(when, ())
        case Demand(action=action):
            yield action
