"""An operation and a role -> what calling it asks of the outside world, with all fields that are not relations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tidegate.core.call import Runnable
from tidegate.core.operation import Operation
from tidegate.description.document import document_text, plain_selection

if TYPE_CHECKING:
    from tidegate.edition import Edition


def runnable_of(edition: Edition, operation: Operation, rank: int) -> Runnable:
    """Raises `OperationError`."""
    # Not at the top: it imports much, which most commands do without.
    from tidegate.schema.document import compile_document

    fields = plain_selection(edition.catalog, operation.returns, rank)
    text = document_text(operation, operation.arguments, fields)
    (call,) = compile_document(edition.api, text, None).shape({}).calls
    return edition.runner.compile(operation, call.selection, rank)
