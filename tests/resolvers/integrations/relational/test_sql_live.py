"""Authors' SQL on the screens of people who watch: with relations of its rows, and written beside triggers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.realtime.screens import SECRET, change, connect, copy_desk, quiet, watch
from tidegate.app import Gateway

OPERATIONS = """
one:
  kind: query
  minRole: support
  args: { id: ID! }
  returns: Ticket
  run: { use: db, sql: "select * from tickets where id = {{ args.id }}" }
changed:
  kind: query
  minRole: support
  returns: "[Changed!]!"
  run: { use: db, sql: "select id, updated_at from tickets where id = 1" }
retitle:
  kind: mutation
  minRole: support
  args: { id: ID!, title: String! }
  returns: Int!
  run: { use: db, sql: "update tickets set title = {{ args.title }} where id = {{ args.id }}" }
rename:
  kind: mutation
  minRole: support
  args: { email: String!, name: String! }
  returns: Int!
  run: { use: db, sql: "update users set name = {{ args.name }} where email = {{ args.email }}" }
"""
RELATED = "subscription($id: ID!) { one(id: $id) { id author { name } comments { text } } }"
RETITLE = 'mutation($id: ID!) { retitle(id: $id, title: "Another") }'
RENAME = 'mutation($email: String!) { rename(email: $email, name: "Countess") }'
COMMENT = 'mutation($id: ID!) { addComment(ticketId: $id, text: "New") { id } }'


@pytest_asyncio.fixture(params=["sqlite", "postgres"])
async def gateway(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Gateway]:
    postgres = request.getfixturevalue("postgres_database") if request.param == "postgres" else None
    folder = copy_desk(tmp_path / "desk", postgres=postgres is not None)
    (folder / "operations" / "own.yaml").write_text(OPERATIONS)
    types = folder / "types.graphql"
    types.write_text(types.read_text() + "\ntype Changed { id: ID! updatedAt: DateTime! }\n")
    gateway = Gateway.load(folder, {"JWT_SECRET": SECRET, "DATABASE_URL": postgres or ""})
    await gateway.open()
    yield gateway
    await gateway.close()


async def test_relations_of_its_rows_are_watched(gateway: Gateway) -> None:
    sam = await connect(gateway, "sam")
    screen, _ = watch(sam, RELATED, id="1")
    before = (await screen.next(1))["data"]["one"]
    answer = await change(sam, COMMENT, id="1")
    assert "one" in answer["extensions"]["refreshed"]
    after = (await screen.next(2))["data"]["one"]
    assert [each["text"] for each in after["comments"]] == [*(each["text"] for each in before["comments"]), "New"]
    await change(sam, RENAME, email="ada@acme.example")
    assert (await screen.next(3))["data"]["one"]["author"] == {"name": "Countess"}
    # Neither another ticket's comments nor what is not shown of this one.
    await change(sam, COMMENT, id="2")
    await quiet()
    assert len(screen.shown) == 3


async def test_columns_that_a_trigger_sets_are_changed_as_well(gateway: Gateway) -> None:
    sam = await connect(gateway, "sam")
    screen, _ = watch(sam, "subscription { changed { id updatedAt } }")
    before = await screen.next(1)
    await change(sam, RETITLE, id="1")
    assert await screen.next(2) != before
    await change(sam, RETITLE, id="2")
    await quiet()
    assert len(screen.shown) == 2
