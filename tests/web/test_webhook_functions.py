"""Functions run by webhooks: what they answer, and when; and what is kept of their runs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import pytest
import pytest_asyncio

from tests.web.conftest import SECRET as JWT_SECRET
from tests.web.conftest import FakeGateway, Running, running
from tests.web.test_webhooks import KEY, SECRET, encoded, post, refused, signed
from tidegate.app import Gateway
from tidegate.core.runs import NoRecorder, Run
from tidegate.settings import Settings

pytestmark = pytest.mark.asyncio(loop_scope="module")

FILES = {
    "tidegate.yaml": f"""
name: hooks
roles: [anonymous, support, admin]
auth:
  jwt: {{ algorithms: HS256, secret: "{JWT_SECRET}" }}
integrations:
  db: {{ kind: sqlite, file: desk.db, migrations: migrations }}
""",
    "types.graphql": "type Entry { id: Int! kind: String! }\n",
    "migrations/0001_entries.sql": "create table entries (id integer primary key, kind text not null);\n",
    "objects/entries.yaml": """
entries:
  integration: db
  table: entries
  key: id
  type: Entry
  access: { read: { support: all }, create: { support: all } }
""",
    "operations/functions.yaml": """
how:
  kind: query
  minRole: support
  args: { kind: String! }
  returns: Int!
  steps:
    - { as: found, use: entries, count: { where: { kind: $args.kind } } }
    - { return: $found }
  webhook: { path: how, secret: "${HOOK}" }
take:
  kind: mutation
  minRole: support
  args: { kind: String!, password: { type: String, private: true } }
  returns: Entry!
  steps:
    - { as: made, use: entries, create: { kind: $args.kind } }
    - { respond: $made }
    - { use: entries, create: { kind: later } }
  webhook: { path: take, secret: "${HOOK}" }
no:
  kind: mutation
  minRole: support
  args: { kind: String! }
  returns: Int
  steps:
    - { use: entries, create: { kind: $args.kind } }
    - { refuse: "Not today." }
  webhook: { path: "no", secret: "${HOOK}" }
""",
}


class Kept(NoRecorder):
    def __init__(self) -> None:
        self.runs: list[Run] = []
        self.news = asyncio.Event()

    def ended(self, run: Run) -> None:
        self.runs.append(run)
        self.news.set()


@pytest.fixture(scope="module")
def kept() -> Kept:
    return Kept()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory, kept: Kept) -> AsyncIterator[Running]:
    folder: Path = tmp_path_factory.mktemp("functions")
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    gateway = Gateway.load(folder, {"HOOK": SECRET}, recorder=kept)
    await gateway.open()
    async with running(cast(FakeGateway, gateway), Settings(port=0)) as site:
        yield site
    await gateway.close()


async def test_a_function_that_answers_early(site: Running, kept: Kept) -> None:
    kept.runs.clear()
    kept.news.clear()
    body = encoded({"kind": "first", "password": "hidden"})
    response = await post(site, "take", body, {"x-signature": signed(KEY, body)})
    assert (response.status_code, response.json()["data"]["kind"]) == (200, "first")
    await kept.news.wait()
    (run,) = kept.runs
    assert (run.function, run.origin, run.role, run.user) == (
        "take",
        "webhook",
        "support",
        {"id": None, "role": "support"},
    )
    assert (run.arguments, run.masked) == ({"kind": "first"}, ("password",))
    assert run.responded is not None
    body = encoded({"kind": "later"})
    assert (await post(site, "how", body, {"x-signature": signed(KEY, body)})).json() == {"data": 1}


async def test_a_function_that_refuses(site: Running) -> None:
    body = encoded({"kind": "a"})
    response = await post(site, "no", body, {"x-signature": signed(KEY, body)})
    assert refused(response, 422, "REFUSED") == "Not today."
