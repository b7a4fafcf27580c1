"""Everything that the console asks of a gateway. What it may be told to whom is `tidegate.web.console_access`'s."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import inf
from typing import Any, Final

from tidegate import __version__
from tidegate.app import Gateway
from tidegate.auth.claims import anonymous, user_of
from tidegate.auth.refusal import Refused
from tidegate.console.described import describe_operation, describe_triggers, describe_types
from tidegate.console.news import News, news
from tidegate.console.planned import plan_of
from tidegate.console.refreshing import Refreshing
from tidegate.console.standing import Health, standing_of
from tidegate.core.errors import Code, OperationError
from tidegate.core.json import Json
from tidegate.core.operation import Operation
from tidegate.core.runs import Look, looking
from tidegate.core.user import CurrentUser
from tidegate.description.document import document_text, plain_selection
from tidegate.following import as_record
from tidegate.insight import Follower, Insight
from tidegate.runs.records import read_record
from tidegate.runs.store import RunStore, StoreFailed
from tidegate.schema.execution import Response, refused
from tidegate.schema.request_errors import DocumentError

ENTRIES: Final = 200
"""Of the journal, told to whoever begins to follow."""

DemoUsers = Callable[[], Sequence[Mapping[str, Any]]]
"""Name, role, claims and a token for each. Any: JSON."""


class Inside:
    """Implements the web's `Inside`. `insight` is what the gateway tells of itself to; `store` has the history of runs;
    `demo` gives the users of a demonstration."""

    def __init__(self, gateway: Gateway, insight: Insight, store: RunStore, demo: DemoUsers | None = None) -> None:
        self._gateway = gateway
        self._insight = insight
        self._store = store
        self._demo = demo
        self._refreshing = Refreshing()
        self._health = Health(gateway)

    # Any, here and below: JSON.
    def project(self) -> Mapping[str, Any]:
        catalog = self._gateway.catalog
        return {
            "name": catalog.name,
            "version": __version__,
            "roles": list(catalog.roles),
            "tokens": catalog.auth.jwt is not None,
            "claims": {field: ".".join(path) for field, path in catalog.auth.current_user.items()},
            "operations": [describe_operation(each) for each in catalog.operations.values()],
            "types": describe_types(catalog),
            "triggers": list(describe_triggers(catalog)),
        }

    def demo_users(self) -> Sequence[Mapping[str, Any]]:
        return self._demo() if self._demo is not None else ()

    def operation(self, name: str, role: str | None) -> Mapping[str, Any]:
        edition = self._gateway.edition
        operation = self._find(name)
        roles = edition.catalog.roles
        if role is not None and role not in roles[operation.rank :]:
            raise OperationError(Code.BAD_USER_INPUT, f'The role "{role}" cannot call {name}.')
        rank = operation.rank if role is None else roles.index(role)
        with edition.in_use:
            return plan_of(edition, operation, rank)

    async def refreshing(self, name: str) -> Mapping[str, Any]:
        edition = self._gateway.edition
        self._find(name)
        with edition.in_use:
            return await self._refreshing.of(edition, name)

    def standing(self) -> Mapping[str, Any]:
        return {**standing_of(self._gateway), "counts": self._insight.counts}

    async def health(self) -> Mapping[str, Any]:
        return await self._health.tell()

    def recent(self) -> Sequence[Mapping[str, Any]]:
        edition = self._gateway.edition
        entries = edition.live.journal.entries()[-ENTRIES:]
        return [*(as_record(entry, edition.catalog) for entry in entries), *self._insight.recent()]

    def news(self, mark: object, most: int = 0) -> News:
        return news(self._gateway, mark, most)

    def follow(self, follower: Follower) -> Callable[[], None]:
        return self._insight.follow(follower)

    async def runs(self, function: str | None, most: int) -> Sequence[Mapping[str, Any]]:
        try:
            return [read_record(record) for record in await self._store.recent(function, most)]
        except StoreFailed as error:
            raise OperationError(Code.UPSTREAM_FAILED, f"The history cannot be read. {error}") from error

    async def run(self, id: str) -> Mapping[str, Any]:
        try:
            found = await self._store.find(id, 1)
        except StoreFailed as error:
            raise OperationError(Code.UPSTREAM_FAILED, f"The history cannot be read. {error}") from error
        if not found or found[0].id != id:
            raise OperationError(Code.NOT_FOUND, "This run is not kept.")
        return read_record(found[0])

    def document(self, name: str, arguments: Mapping[str, Json], selection: str | None, user: CurrentUser) -> str:
        catalog, operation = self._gateway.catalog, self._find(name)
        unknown = sorted(set(arguments) - set(operation.arguments))
        if unknown:
            raise OperationError(Code.BAD_USER_INPUT, f"{name} has no argument {', '.join(unknown)}.")
        fields = plain_selection(catalog, operation.returns, user.rank) if selection is None else selection
        return document_text(operation, arguments, fields)

    def caller(self, claims: Mapping[str, Json] | None, role: str | None) -> CurrentUser:
        """Whoever a token with these claims would be, but for the role; nobody for no claims."""
        catalog = self._gateway.catalog
        auth, roles = catalog.auth, catalog.roles
        if claims is None:
            return anonymous(auth, roles)
        try:
            user = user_of(claims, inf, auth, roles)
        except Refused as reason:
            message = f"A token with these claims would be refused: {reason}."
            raise OperationError(Code.BAD_USER_INPUT, message) from reason
        if role is None or role == user.role:
            return user
        if role not in roles:
            raise OperationError(Code.BAD_USER_INPUT, f'The project has no role "{role}".')
        fields = {**user.fields, "role": role} if "role" in user.fields else user.fields
        return CurrentUser(role, roles.index(role), fields, None, verified=True)

    def kept_caller(self, role: str, fields: Mapping[str, Json]) -> CurrentUser:
        """Whoever has run something before, by what was kept of them."""
        catalog = self._gateway.catalog
        if role not in catalog.roles:
            raise OperationError(Code.BAD_USER_INPUT, f'The project has no role "{role}" any more.')
        nobody = anonymous(catalog.auth, catalog.roles)
        whole = {**nobody.fields, **fields}
        if role == nobody.role and whole == nobody.fields:
            return nobody
        return CurrentUser(role, catalog.roles.index(role), whole, None, verified=True)

    async def execute(
        self, text: str, variables: Mapping[str, Json], user: CurrentUser, origin: str, look: Look | None
    ) -> Response:
        before = looking.set(look)
        try:
            return await self._gateway.execute(text, None, variables, user, origin=origin)
        except DocumentError as error:
            return refused(error)
        finally:
            looking.reset(before)

    def _find(self, name: str) -> Operation:
        operation = self._gateway.catalog.operations.get(name)
        if operation is None:
            raise OperationError(Code.NOT_FOUND, f'There is no operation "{name}".')
        return operation
