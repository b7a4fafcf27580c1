"""A server on a real port, in front of a gateway that answers from a small schema of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from graphql import GraphQLError, execute, parse, validate
from graphql.execution import ExecutionResult

from tests.web.fake_clients import SCHEMA, FakeClient, connect
from tidegate.auth import Authenticator
from tidegate.core.catalog import Auth, Catalog, Cors, Jwt
from tidegate.core.change import Change
from tidegate.core.errors import Code, OperationError
from tidegate.core.json import Json
from tidegate.core.limits import Limits
from tidegate.core.user import CurrentUser
from tidegate.schema.demanded import Asked, Demanded
from tidegate.schema.invoked import Invoked
from tidegate.schema.request_errors import DocumentError
from tidegate.settings import Settings
from tidegate.web.server import Server, build_server, listen

SECRET = "a secret for tests that has more than 32 bytes"
ROLES = ("anonymous", "customer", "admin")
PATIENT = Limits(headTimeout=60.0, bodyTimeout=60.0, initTimeout=60.0)
"""A busy machine is no mistake."""


@dataclass(frozen=True)
class Answered:
    body: bytes
    errors: tuple[Mapping[str, Any], ...]
    data_present: bool


class NoEvents:
    """Nobody asks for `/socket.io`."""

    async def __call__(self, _scope: Any, _receive: Any, _send: Any, /) -> None:
        raise AssertionError

    def stop(self) -> None:
        pass


@dataclass
class FakeGateway:
    """Answers like the real one; `written` counts what was done."""

    catalog: Catalog
    authenticator: Authenticator
    events: NoEvents = field(default_factory=NoEvents)
    written: int = 0
    opened: int = 0
    closed: int = 0
    users: list[CurrentUser] = field(default_factory=list)
    clients: dict[FakeClient, None] = field(default_factory=dict)
    release: asyncio.Event = field(default_factory=asyncio.Event)
    followers: dict[asyncio.Queue[Mapping[str, Json] | None], bool] = field(default_factory=dict)

    async def open(self) -> None:
        self.opened += 1

    async def close(self, patience: float | None = None) -> None:
        self.closed += 1

    async def execute(
        self, text: str, operation_name: str | None, variables: Mapping[str, Any] | None, user: CurrentUser, /
    ) -> Answered:
        self.users.append(user)
        if "crash" in text:
            raise RuntimeError("the password is hunter2")
        if "slow" in text:
            await self.release.wait()
        if "fail" in text:
            raise OperationError(Code.TIMEOUT, "It took too long.")
        try:
            document = parse(text, max_tokens=1000)
        except GraphQLError as error:
            raise DocumentError([{"message": error.message, "extensions": {"code": "GRAPHQL_PARSE_FAILED"}}]) from None
        if errors := validate(SCHEMA, document):
            raise DocumentError(
                [{"message": error.message, "extensions": {"code": "GRAPHQL_VALIDATION_FAILED"}} for error in errors]
            )
        root = {
            "hello": "world",
            "echo": lambda _info, **given: orjson.dumps(given).decode(),
            "write": self.write,
        }
        result = execute(SCHEMA, document, root, variable_values=dict(variables or {}), operation_name=operation_name)
        assert isinstance(result, ExecutionResult)
        formatted: Any = result.formatted
        if result.data is None:
            raise DocumentError(formatted["errors"])
        return Answered(orjson.dumps(formatted), tuple(formatted.get("errors", ())), True)

    async def demand(self, _asked: Asked, _user: CurrentUser, /) -> Demanded:
        raise AssertionError

    async def invoke(
        self, _operation: str, _arguments: Mapping[str, Json], _user: CurrentUser, _origin: str, /
    ) -> Invoked:
        raise AssertionError

    def touch(self, _change: Change, /) -> Sequence[str]:
        raise AssertionError

    async def connect(
        self, headers: Iterable[tuple[bytes, bytes]], ended: Callable[[OperationError], None], /
    ) -> FakeClient:
        return await connect(self, headers, ended)

    async def follow(self, *, unmoved: bool) -> AsyncGenerator[Mapping[str, Json]]:
        """What a test puts into the queues of `followers`, until it puts none."""
        records: asyncio.Queue[Mapping[str, Json] | None] = asyncio.Queue()
        self.followers[records] = unmoved
        try:
            while (record := await records.get()) is not None:
                yield record
        finally:
            del self.followers[records]

    def write(self, _info: object) -> int:
        self.written += 1
        return self.written


def make_gateway(limits: Limits | None = None, cors: Cors | None = None) -> FakeGateway:
    jwt = Jwt(("HS256",), secret=SECRET)
    auth = Auth(jwt, {"id": ("sub",), "role": ("role",)}, "customer", None)
    catalog = Catalog(
        name="fake <project>",
        folder=Path(),
        roles=ROLES,
        auth=auth,
        cors=cors or Cors(),
        limits=limits or PATIENT,
        config={},
        integrations={},
        types={},
        objects={},
        operations={},
    )
    return FakeGateway(catalog, Authenticator(auth, ROLES))


@dataclass
class Running:
    """A server under test."""

    gateway: FakeGateway
    server: Server
    host: str
    port: int
    client: httpx.AsyncClient

    async def ask(self, query: str, **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.client.post("/graphql", json={"query": query}, headers=named)

    async def send(self, content: bytes | str, **headers: str) -> httpx.Response:
        """A body as it stands, of type JSON unless `headers` say otherwise."""
        named = {"content-type": "application/json", **{key.replace("_", "-"): headers[key] for key in headers}}
        return await self.client.post("/graphql", content=content, headers=named)

    async def raw(self, *parts: bytes) -> bytes:
        """Writes `parts` as they stand, and reads until the server closes."""
        reader, writer = await asyncio.open_connection(self.host, self.port)
        try:
            for part in parts:
                writer.write(part)
                await writer.drain()
            return await reader.read()
        finally:
            writer.close()


Serving = Callable[..., Awaitable[Running]]


@asynccontextmanager
async def running(gateway: FakeGateway, settings: Settings, **pages: Any) -> AsyncIterator[Running]:
    with listen(settings.host, settings.port) as listener:
        host, port = listener.getsockname()[:2]
        started = asyncio.Event()
        server = build_server(gateway, settings, started.set, **pages)
        task = asyncio.create_task(server.serve(sockets=[listener]))
        await started.wait()
        # The certificates of the world, which nobody here shows, would be read for each.
        client = httpx.AsyncClient(base_url=f"http://{host}:{port}", trust_env=False, verify=False, timeout=60)
        async with client:
            yield Running(gateway, server, host, port, client)
        server.stop()
        await task


@pytest.fixture
async def serving() -> AsyncIterator[Serving]:
    """Starts a server: `await serving(limits=..., cors=..., **settings)`."""
    async with AsyncExitStack() as stack:

        async def start(
            limits: Limits | None = None, cors: Cors | None = None, gateway: FakeGateway | None = None, **settings: Any
        ) -> Running:
            chosen = replace(Settings(port=0), **settings)
            return await stack.enter_async_context(running(gateway or make_gateway(limits, cors), chosen))

        yield start


@pytest.fixture
async def site(serving: Serving) -> Running:
    """A server with everything as it comes."""
    return await serving()
