"""What an operation may read, whoever asks, with whatever values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tidegate.core.catalog import Catalog
from tidegate.core.flow import Ask, Run, all_steps, calls_of
from tidegate.core.footprint import Read
from tidegate.core.operation import Kind, Operation, Request
from tidegate.core.program import Program


def reach_of(operation: Operation, catalog: Catalog) -> tuple[Read, ...]:
    """Of a function: of all its steps, and of the queries it calls. Opened integrations only."""
    return tuple(dict.fromkeys(_reach(operation, catalog)))


def everything(catalog: Catalog) -> tuple[Read, ...]:
    """What code reads that calls operations: nobody knows which. Opened integrations only."""
    return tuple(Read(each.source, None) for each in catalog.integrations.values())


def speaks_of_calls(program: Program) -> bool:
    """Whether its text has the word by which code calls operations. In a query, code without it may not."""
    return "gateway" in program.text


def requests_of(operation: Operation, operations: Mapping[str, Operation]) -> Iterator[Request]:
    """Everything it asks of integrations, in the order written, what it calls by name included."""
    yield from _requests(operation, operations, set())


def steps_code(operation: Operation, operations: Mapping[str, Operation]) -> Iterator[Program]:
    """The code of its steps, and of those of the functions that it calls by name."""
    for each in _called(operation, operations, set()):
        for step in all_steps(each.plan.flow) if each.plan.flow is not None else ():
            if isinstance(step.work, Run):
                yield step.work.program


def _requests(operation: Operation, operations: Mapping[str, Operation], seen: set[str]) -> Iterator[Request]:
    if operation.name in seen:
        return
    seen.add(operation.name)
    yield from operation.plan.run
    for step in all_steps(operation.plan.flow) if operation.plan.flow is not None else ():
        if isinstance(step.work, Ask):
            yield step.work.request
        for name in calls_of(step.work):
            if name in operations:
                yield from _requests(operations[name], operations, seen)


def _called(operation: Operation, operations: Mapping[str, Operation], seen: set[str]) -> Iterator[Operation]:
    if operation.name in seen:
        return
    seen.add(operation.name)
    yield operation
    for step in all_steps(operation.plan.flow) if operation.plan.flow is not None else ():
        for name in calls_of(step.work):
            if name in operations:
                yield from _called(operations[name], operations, seen)


def _reach(operation: Operation, catalog: Catalog) -> Iterator[Read]:
    for request in requests_of(operation, _queries(catalog)):
        yield from request.prepared.reach()
    for each in _called(operation, _queries(catalog), set()):
        for lookup in each.plan.lookups.values():
            yield from lookup.request.prepared.reach()
    if any(speaks_of_calls(program) for program in steps_code(operation, _queries(catalog))):
        yield from everything(catalog)


def _queries(catalog: Catalog) -> Mapping[str, Operation]:
    return {name: each for name, each in catalog.operations.items() if each.kind is Kind.QUERY}
