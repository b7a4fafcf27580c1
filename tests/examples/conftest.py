"""The service desk, opened on SQLite and on PostgreSQL: the same files but for one line, the same tests."""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator, Mapping
from math import inf
from pathlib import Path
from typing import Any

import pytest

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


@pytest.fixture(params=["sqlite", "postgres"])
async def desk(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Desk]:
    folder = copy_example(tmp_path / "desk")
    environ = {"JWT_SECRET": "a secret of the tests, long enough for HS256"}
    if request.param == "postgres":
        environ["DATABASE_URL"] = request.getfixturevalue("postgres_database")
        settings = folder / "tidegate.yaml"
        text = settings.read_text()
        assert SQLITE in text
        settings.write_text(text.replace(SQLITE, POSTGRES))
    gateway = Gateway.load(folder, environ)
    await gateway.open()
    yield Desk(gateway, folder)
    await gateway.close()
