"""Requests to another GraphQL server: its operations as steps of ours."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Final

import orjson

from tidegate.core.change import Outside, unheard
from tidegate.core.errors import Code, OperationError
from tidegate.core.expressions import Record, as_text
from tidegate.core.integration import Answer, Compiled, Declaration, Experience, Prepared, Session, Surroundings
from tidegate.core.json import Given, Json, Missing, frozen
from tidegate.core.problems import Problem
from tidegate.core.selection import Selection
from tidegate.resolvers.integrations.graphql.answers import read_answer, read_several
from tidegate.resolvers.integrations.graphql.comparing import Comparison
from tidegate.resolvers.integrations.graphql.fields import Stitched
from tidegate.resolvers.integrations.graphql.following import Follower
from tidegate.resolvers.integrations.graphql.request import Wish, read_wish
from tidegate.resolvers.integrations.graphql.upstream_schema import UpstreamSchema
from tidegate.resolvers.integrations.http.answers import readable
from tidegate.resolvers.integrations.upstream import Asked, Upstream, failed
from tidegate.resolvers.integrations.upstream.asking import CompiledAsking, PreparedAsking
from tidegate.resolvers.integrations.upstream.calling import UpstreamSession
from tidegate.resolvers.integrations.upstream.written import refuse_object

TOGETHER: Final = 20
"""Of a field, asked for by one document: no more than Tidegate itself takes."""
ACCEPT: Final = "application/graphql-response+json, application/json;q=0.9"


@dataclass(frozen=True, slots=True, eq=False)
class PreparedGraphql(PreparedAsking[Wish]):
    def compile(self, selection: Selection | None, rank: int) -> Compiled:
        if self.wish.stitched is not None:
            inner = self.wish.stitched.inner(selection, rank)
            document = self.wish.stitched.document(inner)
            return CompiledGraphql(self.wish, self.source, document, selection is not None, None, inner)
        assert self.wish.document is not None
        # What a client selects was held against the role with its own document.
        return CompiledGraphql(
            self.wish, self.source, self.wish.document.text, False, None if selection is not None else rank
        )


@dataclass(frozen=True, slots=True, eq=False)
class CompiledGraphql(CompiledAsking[Wish]):
    """`keyed`: its answer has the client's names. `rank`: of whom every field is for that it may
    read; none: what the document asks for."""

    document: str
    keyed: bool
    rank: int | None
    inner: str = ""
    """What a field is asked for, where there is one."""

    def describe(self) -> str:
        """Names, and no value of a header."""
        lines = [self.document.strip()]
        for noun, place in (("variables", self.wish.variables), ("headers", self.wish.headers)):
            written = self.wish.inputs[place] if place is not None else None
            if written is not None:
                lines.append(f"{noun}: {', '.join(written.fields) if isinstance(written, Record) else '…'}")
        if self.wish.data is not None:
            lines.append(f"data: {self.wish.data}")
        return "\n".join(lines)


class GraphqlIntegration:
    """Implements core's `Integration`. `show`: clients are told what the other server says of errors."""

    irrevocable = True

    def __init__(
        self,
        name: str,
        url: str,
        upstream: Upstream,
        schema: UpstreamSchema | None,
        follower: Follower | None,
        *,
        poll: float | None,
        show: bool,
    ) -> None:
        self.name = name
        # The same for two that lead to one server; of its address nothing.
        self.source = f"graphql {sha256(url.encode()).hexdigest()[:16]}"
        self.url = url
        self.upstream = upstream
        self.show = show
        self.outside: Outside = unheard
        self._schema = schema
        self._follower = follower
        self._poll = poll
        self._comparison = Comparison(name, url, upstream)

    def prepare(self, declaration: Declaration, surroundings: Surroundings) -> Prepared:
        refuse_object(declaration, self.name)
        wish = read_wish(declaration, surroundings, self._schema, self._poll)
        self._comparison.add(wish, declaration.at)
        return PreparedGraphql(wish, self.source)

    async def open(self, outside: Outside = unheard) -> None:
        self.outside = outside
        await self.upstream.open()
        if self._follower is not None:
            self._follower.start(self.source, outside)

    async def check(self, surroundings: Surroundings) -> Sequence[Problem]:  # noqa: ARG002 - the schema is enough
        return await self._comparison.problems()

    @property
    def experience(self) -> Experience:
        heard = None if self._follower is None else self._follower.is_there
        return replace(self.upstream.experience, heard=heard)

    def session(self, *, writes: bool) -> AbstractAsyncContextManager[Session]:
        return _Session(self, writes=writes).telling(self.outside)

    async def close(self) -> None:
        if self._follower is not None:
            await self._follower.close()
        await self.upstream.close()


class _Session(UpstreamSession):
    def __init__(self, integration: GraphqlIntegration, *, writes: bool) -> None:
        super().__init__(writes=writes)
        self._integration = integration

    async def execute(self, compiled: Compiled, values: Sequence[Given]) -> Answer:
        assert isinstance(compiled, CompiledGraphql)
        wish, integration = compiled.wish, self._integration
        if not (wish.reads or self.writes):
            raise OperationError(Code.REFUSED, "Nothing may be written here.")
        asked = asked_of(integration.url, compiled.document, *_filled(wish, values))
        if wish.reads:
            reply = await integration.upstream.ask(asked, safe=True)
            value = read_answer(reply, wish, integration.name, show=integration.show)
        else:
            try:
                reply = await integration.upstream.ask(asked, safe=False)
                value = read_answer(reply, wish, integration.name, show=integration.show)
            except BaseException:
                # Some of it may have been done.
                self.lost.append(compiled.touch)
                raise
            self.written.append(compiled.touch)
        if compiled.rank is not None:
            value = readable(value, wish.returns, wish.types, compiled.rank)
        return Answer(value, keyed=compiled.keyed, touches=() if wish.reads else (compiled.touch,))

    async def execute_many(
        self, compiled: Compiled, batch: Sequence[Sequence[Given]]
    ) -> Sequence[Answer | OperationError]:
        """Several by one document where that can be written, some at the same time, and equal ones once."""
        keys = [tuple(map(frozen, values)) for values in batch]
        distinct = dict(zip(keys, batch, strict=True))
        answers: dict[tuple[Hashable, ...], Answer | OperationError] = {}
        assert isinstance(compiled, CompiledGraphql)
        wish = compiled.wish
        if wish.stitched is not None and wish.reads and wish.variables is not None and wish.headers is None:
            names = list(distinct)
            chunks = [names[start : start + TOGETHER] for start in range(0, len(names), TOGETHER)]
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(self._several(compiled, wish.stitched, {key: distinct[key] for key in chunk}))
                    for chunk in chunks
                ]
            for task in tasks:
                answers |= task.result()
        left = {key: values for key, values in distinct.items() if key not in answers}
        answers |= await self.each(compiled, left)
        return [answers[key] for key in keys]

    async def _several(
        self, compiled: CompiledGraphql, stitched: Stitched, batch: Mapping[tuple[Hashable, ...], Sequence[Given]]
    ) -> Mapping[tuple[Hashable, ...], Answer | OperationError]:
        """Those that one document could ask for."""
        if len(batch) < 2:
            return {}
        variables: dict[str, Json] = {}
        try:
            for number, values in enumerate(batch.values()):
                given, _ = _filled(compiled.wish, values)
                variables |= {f"v{number}_{name}": value for name, value in given.items()}
            asked = asked_of(self._integration.url, stitched.several(compiled.inner, len(batch)), variables, {})
            reply = await self._integration.upstream.ask(asked, safe=True)
        except OperationError as error:
            # Who cannot be reached is not asked for each. One alone may be sent, or be small enough.
            return {} if error.code in (Code.BAD_USER_INPUT, Code.LIMIT) else dict.fromkeys(batch, error)
        if reply.status >= 500:
            return dict.fromkeys(batch, failed(reply.status))
        found = read_several(reply, compiled.wish, len(batch))
        if found is None:
            return {}
        return {key: Answer(value, keyed=compiled.keyed) for key, value in zip(batch, found, strict=True)}


def asked_of(url: str, document: str, variables: Mapping[str, Json], headers: Mapping[str, str]) -> Asked:
    """Raises `OperationError`: BAD_USER_INPUT for what is no JSON."""
    body: dict[str, Json] = {"query": document}
    if variables:
        body["variables"] = variables
    try:
        content = orjson.dumps(body)
    except (TypeError, ValueError) as error:
        raise OperationError(Code.BAD_USER_INPUT, "A value cannot be sent.") from error
    return Asked("POST", url, {"accept": ACCEPT, **headers, "content-type": "application/json"}, content)


def _filled(wish: Wish, values: Sequence[Given]) -> tuple[Mapping[str, Json], Mapping[str, str]]:
    given = values[wish.variables] if wish.variables is not None else None
    if given is not None and not isinstance(given, Missing | Mapping):
        raise OperationError(Code.BAD_USER_INPUT, "Variables are an object.")
    variables = given if isinstance(given, Mapping) else {}
    said = values[wish.headers] if wish.headers is not None else None
    headers = {
        name.lower(): as_text(value)
        for name, value in (said.items() if isinstance(said, Mapping) else ())
        if value is not None
    }
    return variables, headers
