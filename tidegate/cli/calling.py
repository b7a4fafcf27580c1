"""One call of one operation from the command line, with its steps shown and its run kept."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import click
from rich.text import Text

from tidegate.cli.console import note, say
from tidegate.cli.exits import Exit
from tidegate.cli.kept import kept_in
from tidegate.cli.operations import find_operation
from tidegate.cli.program_lines import programs_shown
from tidegate.cli.project import environment, runs_weak
from tidegate.cli.steps_shown import StepsShown
from tidegate.core.catalog import Catalog
from tidegate.core.errors import Code
from tidegate.core.json import Json
from tidegate.core.user import CurrentUser
from tidegate.description.document import document_text, plain_selection

_OUTSIDE: Final = frozenset({Code.UPSTREAM_FAILED, Code.TIMEOUT})

_PATIENCE: Final = 0.5
"""Seconds until somebody who watches wonders what is being done."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """`who` makes the caller of what the project says. `selection`: none for all fields that are not relations.
    `origin`: as in `core.runs.Run`."""

    folder: Path
    operation: str
    arguments: Mapping[str, Json]
    who: Callable[[Catalog], CurrentUser]
    origin: str
    selection: str | None = None
    verbose: bool = False


def call_and_print(wanted: Wanted) -> Exit:
    """The answer goes to standard output. Raises usage errors, and what loading and opening a project raise."""
    answer = asyncio.run(_call(wanted))
    say(json.dumps(answer, indent=2, ensure_ascii=False))
    errors = answer.get("errors", [])
    codes = {error.get("extensions", {}).get("code") for error in errors}
    return Exit.OK if not errors else Exit.OUTSIDE if codes & _OUTSIDE else Exit.PROJECT


async def _call(wanted: Wanted) -> dict[str, Any]:
    """A GraphQL response. Any: its JSON."""
    from tidegate.app import Gateway
    from tidegate.runs.audit import AuditLog
    from tidegate.runs.history import History
    from tidegate.runs.several import Several
    from tidegate.schema.document import compile_document
    from tidegate.schema.request_errors import DocumentError

    environ = environment(wanted.folder)
    # Only where somebody watches: what is written into a file is the same each time.
    steps = StepsShown(patience=_PATIENCE if sys.stderr.isatty() else None)
    history = History(kept_in(wanted.folder, environ), lambda: gateway.catalog.limits)
    recorder = Several(steps, history, *([AuditLog()] if wanted.verbose else []))
    gateway = Gateway.load(wanted.folder, environ, weak=runs_weak(environ), recorder=recorder)
    operation = find_operation(gateway.catalog, wanted.operation)
    user = wanted.who(gateway.catalog)
    unknown = sorted(set(wanted.arguments) - set(operation.arguments))
    if unknown:
        raise click.BadParameter(f"{operation.name} has no argument {', '.join(unknown)}.", param_hint="--args")
    fields = wanted.selection
    if fields is None:
        fields = plain_selection(gateway.catalog, operation.returns, user.rank)
    text = document_text(operation, wanted.arguments, fields)
    note(Text(text, "dim"))
    try:
        # The author may be told what they may have meant; clients are not.
        compile_document(gateway.api, text, None, suggestions=True)
    except DocumentError as error:
        return {"errors": list(error.errors)}
    traced = operation.plan.flow is not None
    with nullcontext() if wanted.verbose else programs_shown(elsewhere=traced):
        async with history:
            await gateway.open()
            try:
                started = perf_counter()
                response = await gateway.execute(text, None, wanted.arguments, user, origin=wanted.origin)
                took = f"{(perf_counter() - started) * 1000:.1f} ms, as {user.role}"
            finally:
                # What goes on behind an early answer is waited for.
                await gateway.close()
    note(Text(took if steps.run is None else f"{took}, run {steps.run.id}", "dim"))
    answer: dict[str, Any] = json.loads(response.body)
    return answer
