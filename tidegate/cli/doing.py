"""The actions that an operation runs, for people."""

from __future__ import annotations

from collections.abc import Iterator

from tidegate.core.action import ActedWrite, Action, Asking, Demand, When
from tidegate.core.operation import Operation
from tidegate.core.program import Program


def actions_of(operation: Operation) -> Iterator[Action]:
    """In the order in which they are run for a row."""
    match operation.plan.acted:
        case ActedWrite(actions=actions):
            for when in (When.BEFORE, When.DURING, When.AFTER):
                yield from actions.get(when, ())
        case Demand(action=action):
            yield action


def askings_of(operation: Operation) -> Iterator[Asking]:
    """What its actions ask of integrations."""
    for action in actions_of(operation):
        if not isinstance(action.work, Program):
            yield from action.work


def may_call(operation: Operation) -> bool:
    """Whether a program of its actions speaks of calling operations: which ones, nobody can tell."""
    return any(isinstance(each.work, Program) and "gateway" in each.work.text for each in actions_of(operation))


def describe_action(action: Action) -> str:
    """`before update: tidy, actions/tidy.js, where its condition holds`."""
    event = str(action.when) if action.event is None else f"{action.when} {action.event}"
    if isinstance(action.work, Program):
        work = action.work.file
    else:
        work = f"asks {', '.join(each.integration for each in action.work)}"
    condition = "" if action.where is None else ", where its condition holds"
    return f"{event}: {action.name}, {work}{condition}"
