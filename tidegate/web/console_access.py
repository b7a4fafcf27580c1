"""Who may look into the gateway, and how far. What no rule allows is allowed to nobody.

In development: a page of this server in a browser on this machine, without a token; and whoever has the highest role.
Otherwise nobody; with `TIDEGATE_CONSOLE=admins` whoever has the highest role, and they see less.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from starlette.types import Scope

from tidegate.core.errors import Code, OperationError
from tidegate.core.user import CurrentUser
from tidegate.web.answers import Refusal
from tidegate.web.gateway import Gateway
from tidegate.web.nearness import is_page_near, is_same_origin

MARK: Final = b"x-tidegate-console"
"""Every request has this header. No page of another origin can send it: its browser would have to ask first, and is
not told yes."""

_NOT_OURS: Final = "This is for the console's own page."
_NOT_ALLOWED: Final = OperationError(Code.FORBIDDEN, "Only the highest role may use the console.")


@dataclass(frozen=True, slots=True)
class Visitor:
    """`author`: may see what is inside, and call as anybody: in development alone."""

    user: CurrentUser
    author: bool
    near: bool


class Access:
    """With `development` authors may look, and otherwise operators."""

    def __init__(self, gateway: Gateway, *, development: bool) -> None:
        self._gateway = gateway
        self.development = development

    async def admit(self, scope: Scope, fields: Mapping[bytes, bytes]) -> Visitor:
        """Raises `Refusal` and `OperationError`."""
        check_page(fields)
        near = self.development and is_page_near(scope, fields)
        authenticator = self._gateway.authenticator
        user = await authenticator.authenticate(scope["headers"])
        while authenticator is not self._gateway.authenticator:
            authenticator = self._gateway.authenticator
            user = await authenticator.authenticate(scope["headers"])
        return self.judge(user, near=near)

    def judge(self, user: CurrentUser, *, near: bool) -> Visitor:
        """Raises `OperationError`."""
        catalog = self._gateway.catalog
        if not near:
            if not user.verified:
                raise OperationError(Code.UNAUTHENTICATED, "The console needs a token.")
            # Where every token has the highest role, it says nothing.
            if user.role != catalog.roles[-1] or user.role == catalog.auth.default_role:
                raise _NOT_ALLOWED
        return Visitor(user, self.development, near)


def check_page(fields: Mapping[bytes, bytes]) -> None:
    """Raises `Refusal` where a page of somebody else's may have asked."""
    if MARK not in fields or not is_same_origin(fields):
        raise Refusal(HTTPStatus.FORBIDDEN, _NOT_OURS, Code.FORBIDDEN)
