"""The service desk, opened on SQLite and on PostgreSQL: the same files but for one line, the same tests."""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from math import inf
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.postgres import Databases
from tidegate.app import Gateway
from tidegate.auth.claims import anonymous, user_of
from tidegate.cli.demo import demo_users

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "servicedesk"
SQLITE = "  db: { kind: sqlite, file: desk.db, migrations: sql/migrations }\n"
POSTGRES = '  db: { kind: postgres, url: "${DATABASE_URL}", migrations: sql/migrations-postgres }\n'


class Desk:
    """Asks as somebody of demo.yaml, or as nobody."""

    def __init__(self, gateway: Gateway, folder: Path) -> None:
        self.gateway = gateway
        catalog = gateway.catalog
        self._users = {
            name: user_of(claims, inf, catalog.auth, catalog.roles) for name, claims in demo_users(folder).items()
        }
        self._nobody = anonymous(catalog.auth, catalog.roles)

    async def ask(self, who: str | None, text: str, **variables: Any) -> Mapping[str, Any]:
        """Any: a GraphQL response."""
        user = self._users[who] if who else self._nobody
        response = await self.gateway.execute(text, None, variables, user)
        answer: Mapping[str, Any] = json.loads(response.body)
        return answer

    async def data(self, who: str | None, text: str, **variables: Any) -> Any:
        answer = await self.ask(who, text, **variables)
        assert "errors" not in answer, answer
        return answer["data"]

    async def codes(self, who: str | None, text: str, **variables: Any) -> list[str]:
        answer = await self.ask(who, text, **variables)
        return [error["extensions"]["code"] for error in answer.get("errors", ())]


def copy_example(target: Path) -> Path:
    ignored = shutil.ignore_patterns("*.db", "*.db-*", ".env", ".tidegate")
    return Path(shutil.copytree(EXAMPLE, target, ignore=ignored))


@asynccontextmanager
async def opened(folder: Path, postgres: str | None) -> AsyncIterator[Desk]:
    """The desk in a folder that is not there yet, on SQLite or in the empty database at `postgres`."""
    copy_example(folder)
    environ = {"JWT_SECRET": "a secret of the tests, long enough for HS256"}
    if postgres is not None:
        environ["DATABASE_URL"] = postgres
        settings = folder / "tidegate.yaml"
        text = settings.read_text()
        assert SQLITE in text
        settings.write_text(text.replace(SQLITE, POSTGRES))
    gateway = Gateway.load(folder, environ)
    await gateway.open()
    try:
        yield Desk(gateway, folder)
    finally:
        await gateway.close()


@pytest_asyncio.fixture(params=["sqlite", "postgres"])
async def desk(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Desk]:
    """A test's own."""
    postgres = request.getfixturevalue("postgres_database") if request.param == "postgres" else None
    async with opened(tmp_path / "desk", postgres) as desk:
        yield desk


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["sqlite", "postgres"])
async def first_day(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    """For the tests of a module that write nothing; they have `@pytest.mark.asyncio(loop_scope="module")`."""
    folder = tmp_path_factory.mktemp("first-day") / "desk"
    everything = "{ allTickets(first: 100) { nodes { id status priority updatedAt comments { id } } } }"
    async with AsyncExitStack() as closing:
        postgres = None
        if request.param == "postgres":
            databases: Databases = request.getfixturevalue("postgres_databases")
            postgres = await databases.take()
            closing.push_async_callback(databases.give_back, postgres)
        desk = await closing.enter_async_context(opened(folder, postgres))
        before = await desk.data("kim", everything)
        yield desk
        assert await desk.data("kim", everything) == before
