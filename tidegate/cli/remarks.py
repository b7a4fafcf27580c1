"""What is in order and yet cannot be what the author of a project wants."""

from __future__ import annotations

from collections.abc import Iterator

from tidegate.core.catalog import Catalog
from tidegate.core.flow import (
    Attempt,
    Block,
    Each,
    Filter,
    Invoke,
    Parallel,
    Refuse,
    Return,
    Step,
    Transaction,
    steps_of,
)


def remarks(catalog: Catalog) -> Iterator[str]:
    """A sentence or two for each."""
    yield from _barred(catalog)
    yield from _refused(catalog)


def _barred(catalog: Catalog) -> Iterator[str]:
    """Operations that nobody can call."""
    auth, roles = catalog.auth, catalog.roles
    if auth.jwt is None:
        highest, reason = 0, "the project takes no tokens. Give auth a jwt."
    elif "role" not in auth.current_user:
        highest = roles.index(auth.default_role)
        reason = "no token names a role. Add role: role to currentUser of auth."
    else:
        return
    triggered = {schedule.operation for schedule in catalog.schedules}
    triggered |= {webhook.operation for webhook in catalog.webhooks.values()}
    others = (operation for operation in catalog.operations.values() if operation.name not in triggered)
    barred = sorted(operation.name for operation in others if operation.rank > highest)
    if barred:
        yield f"Nobody can call {_listed(barred)}: {reason}"


def _refused(catalog: Catalog) -> Iterator[str]:
    """Functions whose lowest callers always come to a step that refuses them."""
    for operation in catalog.operations.values():
        flow = operation.plan.flow
        for step in _certain(flow.steps) if flow is not None else ():
            called = catalog.operations.get(step.work.operation) if isinstance(step.work, Invoke) else None
            if called is not None and called.rank > operation.rank:
                yield (
                    f'{step.at}: {operation.name} is for the role "{operation.min_role}", and calls {called.name}, '
                    f'which needs "{called.min_role}": lower ones are always refused. Raise minRole, or call it in '
                    "an if."
                )


def _certain(block: Block) -> Iterator[Step]:
    """The steps that every call comes to, unless something fails, or a list is empty."""
    for step in block:
        yield step
        match step.work:
            case Each(body=body) | Filter(body=body) | Transaction(body=body) | Attempt(body=body):
                yield from _certain(body)
            case Parallel(branches=branches):
                for branch in branches:
                    yield from _certain(branch)
        if any(isinstance(each.work, Return | Refuse) for each in steps_of((step,))):
            # From here on it may be over for some of them.
            return


def _listed(names: list[str]) -> str:
    """At most three names, and how many more there are."""
    shown = names if len(names) <= 3 else [*names[:2], f"{len(names) - 2} more"]
    return " and ".join(filter(None, (", ".join(shown[:-1]), shown[-1])))
