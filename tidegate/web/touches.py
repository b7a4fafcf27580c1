"""`POST /touch`: whoever writes past the gateway tells of it, and live queries are asked again.

As with webhooks, nothing of the body is looked at before the secret is shown. Nothing is read or written here: the
worst that somebody can do who knows the secret is to have questions asked again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from logging import getLogger
from typing import Any, Final

import orjson
from starlette.types import Receive, Scope, Send

from tidegate.core.catalog import Catalog
from tidegate.core.change import Change
from tidegate.core.errors import Code
from tidegate.core.footprint import Touch
from tidegate.core.operation import Kind
from tidegate.core.problems import did_you_mean
from tidegate.core.reach import reach_of
from tidegate.core.triggers import Touching
from tidegate.web import answers
from tidegate.web.answers import Media, Refusal, Reply, answer, bad_request, refusal_reply
from tidegate.web.bodies import Gone, read_body, read_json
from tidegate.web.failures import failed
from tidegate.web.fields import merged
from tidegate.web.gateway import Gateway
from tidegate.web.shortcuts import write_whole
from tidegate.web.signatures import Forged, verify

log = getLogger(__name__)

PATH: Final = "/touch"
METHODS: Final = b"POST"
KEYS: Final[Mapping[str, str]] = {
    "integration": "where something was written; alone: anything of it may be another now",
    "resource": ("what was written there: a table, an object of the project, or what requests call their `resource`"),
    "queries": "a list of queries and groups, which are asked again whatever they read",
}
MOST: Final = 100
"""Touches in one request, and names in one of them."""
LONGEST_NAME: Final = 200
_QUIET: Final = 10.0
"""Seconds between two lines of the log about refused requests."""
_JSON: Final = answers.HEADERS[Media.JSON]


class TouchEndpoint:
    """Goes by the gateway's newest edition. `now` gives seconds since the epoch."""

    def __init__(self, gateway: Gateway, now: Callable[[], float] = time.time) -> None:
        self._gateway = gateway
        self._now = now
        self._told = -_QUIET
        self._known: Known | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            reply = await self._answer(scope, receive)
        except Gone:
            return
        except Refusal as refusal:
            reply = refusal_reply(refusal)
        except Exception as error:  # noqa: BLE001 - logged there
            reply = failed(error, Media.JSON, _JSON)
        if not write_whole(send, reply):
            await answer(send, reply)

    async def _answer(self, scope: Scope, receive: Receive) -> Reply:
        self._touching()
        if scope["method"] != "POST":
            message = f"{scope['method']} is not a method of this address."
            raise Refusal(HTTPStatus.METHOD_NOT_ALLOWED, message, Code.BAD_USER_INPUT, (b"allow", METHODS))
        fields = merged(scope["headers"])
        body = await read_body(receive, fields.get(b"content-length"), self._gateway.catalog.limits)
        # The project may have been reloaded while we waited.
        try:
            verify(self._touching(), fields, body, self._now())
        except Forged as error:
            self._tell(error)
            message = "The request does not show the secret as it must."
            raise Refusal(HTTPStatus.UNAUTHORIZED, message, Code.UNAUTHENTICATED) from None
        change = read_change(read_json(body), self._names())
        names = list(self._gateway.touch(change))
        return Reply(HTTPStatus.OK, _JSON, orjson.dumps({"data": {"queries": names}}))

    def _touching(self) -> Touching:
        touching = self._gateway.catalog.touching
        if touching is None:
            raise Refusal(HTTPStatus.NOT_FOUND, "There is nothing at this address.", Code.NOT_FOUND)
        return touching

    def _names(self) -> Known:
        if self._known is None or self._known.catalog is not self._gateway.catalog:
            self._known = Known(self._gateway.catalog)
        return self._known

    def _tell(self, error: Forged) -> None:
        now = time.monotonic()
        if now - self._told >= _QUIET:
            self._told = now
            log.warning("A request for %s was refused: %s.", PATH, error)


class Known:
    """What can be named, of one catalog, whose integrations are open."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        queries = [each for each in catalog.operations.values() if each.kind is Kind.QUERY]
        self.queries: dict[str, frozenset[str]] = {}
        """By name: of a query itself, of a group its members."""
        for query in queries:
            for group in query.live.groups if query.live is not None else ():
                self.queries[group] = self.queries.get(group, frozenset()) | {query.name}
        self.queries |= {query.name: frozenset({query.name}) for query in queries}
        self._read: dict[str, set[str]] = {}
        """By source, what queries read of it."""
        for query in queries:
            for read in reach_of(query, catalog):
                if read.table is not None:
                    self._read.setdefault(read.source, set()).add(read.table)

    def touches(self, integration: str, resource: str | None) -> Iterator[Touch]:
        """Raises `Refusal`."""
        found = self.catalog.integrations.get(integration)
        if found is None:
            raise _unknown(f'There is no integration "{integration}".', integration, self.catalog.integrations)
        if resource is None:
            yield Touch(found.source, None)
            return
        read = self._read.get(found.source, set())
        # The author's name for a table may lack its schema.
        tables = {table for table in read if table == resource or table.endswith(f".{resource}")}
        declared = {each.name: each.table for each in self.catalog.objects.values() if each.integration == integration}
        if not tables and resource in {*declared, *declared.values()}:
            table = declared.get(resource, resource)
            tables = {known for known in read if known == table or known.endswith(f".{table}")}
            if not tables:
                # A view, say, whose rows are those of other tables.
                yield Touch(found.source, None)
                return
        if not tables:
            message = f'No query reads "{resource}" of {integration}.'
            raise _unknown(message, resource, read | declared.keys())
        yield from (Touch(found.source, table) for table in sorted(tables))


@dataclass(frozen=True, slots=True)
class _Named:
    integration: str | None
    resource: str | None
    queries: tuple[str, ...]


def read_change(sent: Any, known: Known) -> Change:
    """What is told by a body. Raises `Refusal`. Any: it is the sender's JSON."""
    items = sent if isinstance(sent, list) else [sent]
    if not items or len(items) > MOST:
        raise bad_request(f"The body is a touch, or a list of 1 to {MOST}.")
    touches: dict[Touch, None] = {}
    queries: frozenset[str] = frozenset()
    causes: dict[str, None] = {}
    for named in [_read_named(item) for item in items]:
        if named.integration is not None:
            touches |= dict.fromkeys(known.touches(named.integration, named.resource))
            causes[named.integration] = None
        for name in named.queries:
            if name not in known.queries:
                raise _unknown(f'There is no query or group "{name}".', name, known.queries)
            queries |= known.queries[name]
    return Change(f"outside: {', '.join(causes) or 'touch'}", tuple(touches), queries)


def _read_named(item: Any) -> _Named:
    """Any: it is the sender's JSON."""
    if not isinstance(item, Mapping):
        raise bad_request("A touch is a JSON object.")
    for key in item:
        if key not in KEYS:
            raise bad_request(f'"{key[:LONGEST_NAME]}" is not a key of a touch. {did_you_mean(key, KEYS)}'.strip())
    integration, resource, queries = (item.get(key) for key in KEYS)
    for key, value in (("integration", integration), ("resource", resource)):
        if value is not None:
            _check_name(key, value)
    if queries is not None and (not isinstance(queries, list) or not queries or len(queries) > MOST):
        raise bad_request(f'"queries" is a list of 1 to {MOST} names.')
    for name in queries or ():
        _check_name("queries", name)
    if integration is None and (resource is not None or queries is None):
        raise bad_request('A touch names an "integration", with its "resource" or without, or "queries".')
    return _Named(integration, resource, tuple(queries or ()))


def _check_name(key: str, value: object) -> None:
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_NAME:
        raise bad_request(f'"{key}" holds names, which are texts of 1 to {LONGEST_NAME} characters.')


def _unknown(message: str, name: str, names: Collection[str]) -> Refusal:
    hint = did_you_mean(name, names)
    return Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, f"{message} {hint}".strip(), Code.BAD_USER_INPUT)
