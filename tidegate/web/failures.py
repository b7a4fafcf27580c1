"""What becomes of a request that failed as a whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from logging import getLogger
from typing import Any, Final
from uuid import uuid4

from tidegate.core.errors import Code, OperationError
from tidegate.schema.request_errors import DocumentError
from tidegate.web.answers import CHALLENGE, Header, Media, Reply, error_body, errors_body

log = getLogger(__name__)

UNEXPECTED: Final = "Something went wrong on the server."


def failed(error: Exception, media: Media, headers: tuple[Header, ...]) -> Reply:
    """The answer to a request whose document was not executed for this reason."""
    if isinstance(error, DocumentError):
        return Reply(status_without_data(media, error.errors), headers, errors_body(error.errors))
    shown = as_shown(error)
    body = error_body(shown.message, shown.extensions)
    match shown.code:
        case Code.UNAUTHENTICATED:
            return Reply(HTTPStatus.UNAUTHORIZED, (*headers, CHALLENGE), body)
        case Code.INTERNAL:
            return Reply(HTTPStatus.INTERNAL_SERVER_ERROR, headers, body)
        case _:
            return Reply(HTTPStatus.OK if media is Media.JSON else HTTPStatus.BAD_REQUEST, headers, body)


def failed_to_begin(error: Exception, headers: tuple[Header, ...]) -> Reply:
    """The answer to a request whose stream does not begin for this reason. Its status tells, in whatever form it is: a
    client that waits for a stream looks at nothing else."""
    if isinstance(error, OperationError) and error.code in _STATUSES:
        return Reply(_STATUSES[error.code], headers, error_body(error.message, error.extensions))
    return failed(error, Media.GRAPHQL, headers)


_STATUSES: Final = {Code.LIMIT: HTTPStatus.TOO_MANY_REQUESTS, Code.FORBIDDEN: HTTPStatus.FORBIDDEN}


def as_shown(error: Exception) -> OperationError:
    """The last border: whatever happened, the client gets a GraphQL error and nothing of ours."""
    if isinstance(error, OperationError):
        return error
    reference = uuid4().hex
    log.error("Request %s failed.", reference, exc_info=error)
    return OperationError(Code.INTERNAL, UNEXPECTED, {"id": reference})


# Any: errors are JSON objects.
def status_without_data(media: Media, errors: Sequence[Mapping[str, Any]]) -> HTTPStatus:
    """Of a response without data. Under `application/json` a document's fate does not show in the status: clients
    and proxies of that time would hide the body."""
    if media is not Media.GRAPHQL:
        return HTTPStatus.OK
    codes = {error.get("extensions", {}).get("code") for error in errors}
    return HTTPStatus.INTERNAL_SERVER_ERROR if Code.INTERNAL in codes else HTTPStatus.BAD_REQUEST
