"""Whether a role may call an operation at all: decided before anything else happens."""

from __future__ import annotations

from tidegate.core.errors import Code, OperationError
from tidegate.core.operation import Operation
from tidegate.core.user import CurrentUser


def authorise(operation: Operation, user: CurrentUser) -> None:
    """Raises UNAUTHENTICATED where a token would be needed and there is none, FORBIDDEN where the role is too low."""
    if user.rank >= operation.rank:
        return
    if not user.verified:
        raise OperationError(Code.UNAUTHENTICATED, f"{operation.name} needs a signed-in user.")
    raise OperationError(Code.FORBIDDEN, f"{operation.name} needs the role {operation.min_role} or a higher one.")
