"""Live queries as clients see them: what a subscription's document asks for, and an answer -> the result they get.

The first result of a subscription, and every other one, is what the query of the same name answers.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tidegate.core.errors import Code, OperationError
from tidegate.core.integration import Answer
from tidegate.core.json import Json
from tidegate.core.live import Encode, Result
from tidegate.schema.document import Document
from tidegate.schema.execution import compose, failed, settle
from tidegate.schema.refreshed import REFRESHED
from tidegate.schema.shape import FieldCall, Inputs

_log = logging.getLogger("tidegate.schema")

TRANSIENT: Final = frozenset({Code.TIMEOUT, Code.UPSTREAM_FAILED, Code.INTERNAL})
"""What may pass by itself."""


@dataclass(frozen=True, slots=True, eq=False)
class Opened:
    """A subscription with its values. `call` is the live query, none where the client asks for `refreshed`: then
    `names` are those it gave, each once. Nobody has looked at who is asking."""

    call: FieldCall | None
    inputs: Inputs
    names: tuple[str, ...]
    root: FieldCall
    """The field itself, whichever it is."""


def open_subscription(document: Document, raw_variables: Mapping[str, Json] | None) -> Opened:
    """Of a document whose kind is `subscription`. Raises `DocumentError`, and `OperationError` where an argument cannot
    be used."""
    variables = document.coerce(raw_variables) if document.variables else {}
    (root,) = document.shape(variables).calls
    inputs = root.inputs(variables)
    if root.operation.name != REFRESHED:
        return Opened(root, inputs, (), root)
    names = inputs.arguments["queries"]
    assert isinstance(names, list)
    return Opened(None, inputs, tuple(dict.fromkeys(map(str, names))), root)


def encode(call: FieldCall) -> Encode:
    """Makes the same body as `execute` does of a query with this one field."""
    head = b'{"data":{' + call.prefix
    tail = b"}}"
    required = call.required

    def make(answer: Answer | OperationError) -> Result:
        if isinstance(answer, OperationError):
            body = compose(call, failed(call, answer.message, str(answer.code), answer.extensions))
            return Result(body, transient=answer.code in TRANSIENT, answer=answer)
        json = answer.json
        if json is not None and not (required and json == b"null"):
            return Result(head + json + tail)
        try:
            return Result(compose(call, settle(call, answer)))
        except Exception:  # noqa: BLE001 (the last line of defence)
            _log.exception("A result of %s could not be encoded.", call.operation.name)
            body = compose(call, failed(call, "Internal error.", str(Code.INTERNAL)))
            return Result(body, transient=True, answer=answer)

    return make


def encode_refreshed(opened: Opened, name: str) -> Result:
    """That the query `name` may answer otherwise now. A newer result replaces the older one of the same query."""
    answer = Answer(value={"query": name})
    return Result(compose(opened.root, settle(opened.root, answer)), name)
