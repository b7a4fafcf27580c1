"""What an operation may read, whoever asks, with whatever values."""

from __future__ import annotations

from collections.abc import Iterator

from tidegate.core.catalog import Catalog
from tidegate.core.flow import Ask, Invoke, Run, all_steps
from tidegate.core.footprint import Read
from tidegate.core.operation import Kind, Operation
from tidegate.core.program import Program


def reach_of(operation: Operation, catalog: Catalog) -> tuple[Read, ...]:
    """Of a function: of all its steps, and of the queries it calls. Opened integrations only."""
    return tuple(dict.fromkeys(_reach(operation, catalog, set())))


def everything(catalog: Catalog) -> tuple[Read, ...]:
    """What code reads that calls operations: nobody knows which."""
    return tuple(Read(name, None) for name in catalog.integrations)


def speaks_of_calls(program: Program) -> bool:
    """Whether its text has the word by which code calls operations. In a query, code without it may not."""
    return "gateway" in program.text


def _reach(operation: Operation, catalog: Catalog, seen: set[str]) -> Iterator[Read]:
    if operation.name in seen:
        return
    seen.add(operation.name)
    flow = operation.plan.flow
    if flow is None:
        for request in operation.plan.run:
            yield from request.prepared.reach()
        return
    for step in all_steps(flow):
        match step.work:
            case Ask(request=request):
                yield from request.prepared.reach()
            case Run(program=program) if speaks_of_calls(program):
                yield from everything(catalog)
            case Invoke(operation=name):
                called = catalog.operations.get(name)
                if called is not None and called.kind is Kind.QUERY:
                    yield from _reach(called, catalog, seen)
