"""Requests to another server, by the verbs of HTTP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from hashlib import sha256
from logging import getLogger
from urllib.parse import urlsplit

from tidegate.core.change import Outside, unheard
from tidegate.core.errors import Code, OperationError
from tidegate.core.expressions import Reference, as_text
from tidegate.core.integration import Answer, Compiled, Declaration, Experience, Prepared, Session, Surroundings
from tidegate.core.json import Given, Json
from tidegate.core.problems import Problem
from tidegate.core.selection import Selection
from tidegate.resolvers.integrations.http.addresses import fill_path, fill_query
from tidegate.resolvers.integrations.http.answers import Misfit, readable
from tidegate.resolvers.integrations.http.bodies import FORMS, write_body
from tidegate.resolvers.integrations.http.kept import Kept
from tidegate.resolvers.integrations.http.request import Wish, read_wish
from tidegate.resolvers.integrations.upstream import Asked, Reply, Upstream, failed
from tidegate.resolvers.integrations.upstream.asking import CompiledAsking, PreparedAsking
from tidegate.resolvers.integrations.upstream.calling import UpstreamSession
from tidegate.resolvers.integrations.upstream.written import refuse_object

log = getLogger("tidegate.upstream")


@dataclass(frozen=True, slots=True, eq=False)
class PreparedHttp(PreparedAsking[Wish]):
    def compile(self, selection: Selection | None, rank: int) -> Compiled:
        # What a client selects was held against the role with the document.
        return CompiledHttp(self.wish, self.source, None if selection is not None else rank)


@dataclass(frozen=True, slots=True, eq=False)
class CompiledHttp(CompiledAsking[Wish]):
    """`rank`: of whom every field is for that it may read; none: those that were selected."""

    rank: int | None

    def describe(self) -> str:
        return self.wish.describe()


class HttpIntegration:
    """Implements core's `Integration`. `params` go with every request, `poll` is for those that do not say theirs."""

    irrevocable = True

    def __init__(
        self, name: str, base: str, upstream: Upstream, params: Mapping[str, Json], poll: float | None
    ) -> None:
        self.name = name
        # Of the address nothing.
        self.source = f"http {sha256(_server(base).encode()).hexdigest()[:16]}"
        self.base = base
        self.params = params
        self.upstream = upstream
        self.kept = Kept()
        self.outside: Outside = unheard
        self._poll = poll

    def prepare(self, declaration: Declaration, surroundings: Surroundings) -> Prepared:
        refuse_object(declaration, self.name)
        return PreparedHttp(read_wish(declaration, surroundings, self._poll), self.source)

    async def open(self, outside: Outside = unheard) -> None:
        self.outside = outside
        await self.upstream.open()

    async def check(self, surroundings: Surroundings) -> Sequence[Problem]:  # noqa: ARG002 - nobody is asked unasked
        return ()

    @property
    def experience(self) -> Experience:
        return self.upstream.experience

    def session(self, *, writes: bool) -> AbstractAsyncContextManager[Session]:
        return _Session(self, writes=writes).telling(self.outside)

    async def close(self) -> None:
        await self.upstream.close()


class _Session(UpstreamSession):
    def __init__(self, integration: HttpIntegration, *, writes: bool) -> None:
        super().__init__(writes=writes)
        self._integration = integration

    async def execute(self, compiled: Compiled, values: Sequence[Given]) -> Answer:
        assert isinstance(compiled, CompiledHttp)
        wish = compiled.wish
        if not (wish.reads or self.writes):
            raise OperationError(Code.REFUSED, "Nothing may be written here.")
        asked = _asked(wish, values, self._integration)
        if wish.reads:
            reply = await self._read(asked)
        else:
            try:
                reply = await self._integration.upstream.ask(asked, safe=False)
            except BaseException:
                # It may have arrived.
                self.lost.append(compiled.touch)
                raise
            if reply.status < 400:
                self.written.append(compiled.touch)
            elif reply.status >= 500:
                self.lost.append(compiled.touch)
        touches = () if wish.reads else (compiled.touch,)
        return Answer(_value(reply, compiled, self._integration.name), touches=touches)

    async def _read(self, asked: Asked) -> Reply:
        kept = self._integration.kept
        conditioned, known = kept.condition(asked)
        reply = await self._integration.upstream.ask(conditioned, safe=True)
        return kept.settle(asked, known, reply)


def _server(base: str) -> str:
    """The same for addresses that lead to one, whatever their paths."""
    parts = urlsplit(base)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return f"{parts.scheme}://{parts.hostname}:{port}"


def _asked(wish: Wish, values: Sequence[Given], integration: HttpIntegration) -> Asked:
    """Raises `OperationError`: BAD_USER_INPUT."""
    url = integration.base + fill_path(wish.path, values)
    given = values[wish.params] if wish.params is not None else None
    # Whose names are a client's does not write over the integration's own, a key say.
    foreign = wish.params is not None and isinstance(wish.inputs[wish.params], Reference)
    query = fill_query(given, integration.params) if foreign else fill_query(integration.params, given)
    headers: dict[str, str] = {}
    body = write_body(wish.form, values[wish.body]) if wish.body is not None else None
    if body is not None:
        headers["content-type"] = FORMS[wish.form]
    named = values[wish.headers] if wish.headers is not None else None
    for name, value in named.items() if isinstance(named, Mapping) else ():
        if value is not None:
            headers[name.lower()] = as_text(value)
    return Asked(wish.verb.upper(), f"{url}?{query}" if query else url, headers, body)


def _value(reply: Reply, compiled: CompiledHttp, name: str) -> Json:
    wish = compiled.wish
    reading = wish.reading
    try:
        if reply.status in wish.missing:
            value = reading.missing(reply)
        elif reply.status >= 300:
            raise failed(reply.status)
        else:
            value = reading.read(reply)
    except Misfit as misfit:
        log.warning("%s: what %s is answered does not fit: %s.", name, wish.operation, misfit)
        message = "What another server answered is not what was to be expected."
        raise OperationError(Code.UPSTREAM_FAILED, message, {"status": reply.status}) from misfit
    return value if compiled.rank is None else readable(value, reading.type, reading.types, compiled.rank)
