"""What an operation will ask of the outside world, as a tree: its steps, and the SQL of those that ask a database.

It is the author's to see, and the operator's: no client ever does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from tidegate.cli.document import document_text, plain_selection
from tidegate.cli.doing import actions_of, describe_action
from tidegate.console.described import place
from tidegate.core.action import When
from tidegate.core.call import Runnable
from tidegate.core.operation import Operation, Request
from tidegate.diagram.drawing import draw
from tidegate.diagram.mermaid import as_mermaid
from tidegate.diagram.outline import Box, Chain, Part
from tidegate.diagram.svg import as_svg
from tidegate.edition import Edition
from tidegate.schema.document import compile_document

PARTS: Final = {
    "find": "the rows, as they are before",
    "claim": "the rows, in the transaction",
    "write": "the write of a row",
    "stored": "the row, once more",
    "answer": "the row, for the client",
}
_MOMENTS: Final = ("find", When.BEFORE, When.DEMAND, "claim", "write", When.DURING, "stored", "answer", When.AFTER)


def plan_of(edition: Edition, operation: Operation, rank: int) -> Mapping[str, Any]:
    """For a caller of this rank, and all fields that are not relations. Any: JSON. Raises `OperationError`."""
    fields = plain_selection(edition.catalog, operation.returns, rank)
    text = document_text(operation, operation.arguments, fields)
    outline = draw(operation)
    runnable = runnable_of(edition, operation, rank)
    return {
        "document": text,
        "selection": fields,
        "role": edition.catalog.roles[rank],
        "steps": _steps(operation, runnable),
        "handler": None if outline.handler is None else _part(outline.handler, runnable),
        "svg": as_svg(outline),
        "mermaid": as_mermaid(outline),
    }


def runnable_of(edition: Edition, operation: Operation, rank: int) -> Runnable:
    """With all fields that are not relations. Raises `OperationError`."""
    fields = plain_selection(edition.catalog, operation.returns, rank)
    text = document_text(operation, operation.arguments, fields)
    (call,) = compile_document(edition.api, text, None).shape({}).calls
    return edition.runner.compile(operation, call.selection, rank)


def _steps(operation: Operation, runnable: Runnable) -> Sequence[Mapping[str, Any]]:
    if operation.plan.flow is not None:
        return [_part(part, runnable) for part in draw(operation).chain[1:]]
    steps: list[Mapping[str, Any]] = []
    for request, step in zip(operation.plan.run, runnable.steps, strict=True):
        if request.acted is None:
            title = f"{request.asks or 'ask'} · {request.integration}"
            steps.append(_told(title, "ask", request, [{"words": "", "text": step.describe().strip()}]))
        else:
            steps += _acted(operation, request, runnable)
    return steps


def _acted(operation: Operation, request: Request, runnable: Runnable) -> Iterator[Mapping[str, Any]]:
    """What is asked and what is run around each row, in this order."""
    actions = list(actions_of(operation))
    for moment in _MOMENTS:
        if moment in runnable.parts:
            text = runnable.parts[moment].describe().strip()
            yield _told(PARTS[moment], "ask", request, [{"words": "", "text": text}])
        for action in actions:
            if action.when == moment:
                yield {
                    "title": describe_action(action),
                    "tone": "code",
                    "place": place(action.at),
                    "notes": [],
                    "asked": [],
                    "arms": [],
                }


def _told(title: str, tone: str, request: Request, asked: Sequence[Mapping[str, str]]) -> Mapping[str, Any]:
    return {"title": title, "tone": tone, "place": place(request.at), "notes": [], "asked": asked, "arms": []}


def _part(part: Part, runnable: Runnable) -> Mapping[str, Any]:
    asked = list(_asked(part.request, runnable)) if isinstance(part, Box) and part.request is not None else []
    arms = () if isinstance(part, Box) else part.arms
    return {
        "title": part.title,
        "tone": str(part.tone),
        "place": part.place,
        "notes": list(part.notes),
        "asked": asked,
        "arms": [{"label": arm.label, "steps": _chain(arm.chain, runnable)} for arm in arms],
    }


def _chain(chain: Chain, runnable: Runnable) -> Sequence[Mapping[str, Any]]:
    return [_part(part, runnable) for part in chain]


def _asked(request: Request, runnable: Runnable) -> Iterator[Mapping[str, str]]:
    asked = runnable.requests.get(request)
    if asked is None:
        return
    if not asked.parts:
        for step in asked.steps:
            yield {"words": "", "text": step.describe().strip()}
    for name, words in PARTS.items():
        if name in asked.parts:
            yield {"words": words, "text": asked.parts[name].describe().strip()}
