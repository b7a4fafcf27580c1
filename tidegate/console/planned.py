"""What an operation will ask of the outside world, as a tree: its steps, and the SQL of those that ask a database.

It is the author's to see, and the operator's: no client ever does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tidegate.console.described import place
from tidegate.core.action import Action
from tidegate.core.call import Runnable
from tidegate.core.operation import Operation, Request
from tidegate.description.actions import describe_action
from tidegate.description.compiled import runnable_of
from tidegate.description.document import document_text, plain_selection
from tidegate.description.moments import PARTS, moments_of
from tidegate.diagram.drawing import draw
from tidegate.diagram.mermaid import as_mermaid
from tidegate.diagram.outline import Box, Chain, Part
from tidegate.diagram.svg import as_svg
from tidegate.edition import Edition


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
    for moment in moments_of(operation, runnable):
        if isinstance(moment, Action):
            yield _shown(describe_action(moment), "code", place(moment.at))
        else:
            words, asked = moment
            yield _told(words, "ask", request, [{"words": "", "text": asked.describe().strip()}])


def _told(title: str, tone: str, request: Request, asked: Sequence[Mapping[str, str]]) -> Mapping[str, Any]:
    return _shown(title, tone, place(request.at), asked)


def _shown(title: str, tone: str, at: str, asked: Sequence[Mapping[str, str]] = ()) -> Mapping[str, Any]:
    return {"title": title, "tone": tone, "place": at, "notes": [], "asked": list(asked), "arms": []}


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
