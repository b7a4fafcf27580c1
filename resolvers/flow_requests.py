"""What functions ask of integrations, compiled."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from tidegate.core.call import Runnable
from tidegate.core.expressions import references
from tidegate.core.flow import Ask, all_steps, expressions_of
from tidegate.core.operation import Operation, Plan, Request


def compile_flow(
    operation: Operation, compiling: Callable[[Operation], Runnable]
) -> tuple[Mapping[Request, Runnable], bool]:
    """Everything that the function asks, and whether it needs the user's properties, whatever it calls."""
    flow = operation.plan.flow
    assert flow is not None
    requests: dict[Request, Runnable] = {}
    needs = False
    for step in all_steps(flow):
        if isinstance(step.work, Ask):
            request = step.work.request
            requests[request] = compiling(replace(operation, plan=Plan((request,), request.integration)))
            needs = needs or requests[request].needs_properties
        for expression in expressions_of(step.work):
            needs = needs or any(
                each.root == "currentUser" and each.path[:1] == ("properties",) for each in references(expression)
            )
    return requests, needs
