"""Runs made by hand."""

from __future__ import annotations

from collections.abc import Mapping

from tidegate.core.json import Json
from tidegate.core.runs import Failure, Run, RunLine, StepRun


def made(
    number: int = 1,
    function: str = "triageTicket",
    *,
    arguments: Mapping[str, Json] | None = None,
    failure: Failure | None = None,
) -> Run:
    """A run of two steps, one within the other, that has ended."""
    run = Run(
        id=f"{number:08x}" * 4,
        function=function,
        origin="client",
        began=1_700_000_000.0 + number,
        role="support",
        user={"id": 7, "email": "ada@acme.example"},
        arguments={"id": number} if arguments is None else arguments,
        masked=("password",),
    )
    run.steps += [
        StepRun(1, 0, "attempt", "try", "operations/tickets.yaml:5:7", 0.001, 0.004, size=12),
        StepRun(2, 1, "run", "verdict", "operations/tickets.yaml:6:9", 0.002, 0.002, attempts=3, failure=failure),
    ]
    run.lines.append(RunLine(2, "functions/judge.js", "warn", "It is late."))
    run.seconds, run.size, run.failure = 0.0123, 214, failure
    return run
