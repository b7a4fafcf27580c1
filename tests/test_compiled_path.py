"""The compiled path over a real database against graphql-core's own executor, on random documents: hundreds by default,
and as many as one likes by hand.

Both ask the same gateway with the same user. The compiled path lets the database build the JSON with the client's
aliases; the reference asks for plain fields and lets graphql-core do aliases, fragments, directives, merging and null
propagation. The service desk is the project, on SQLite and on PostgreSQL.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import orjson
import pytest

from tidegate.app import Gateway
from tidegate.core.json import Json
from tidegate.core.operation import Kind
from tidegate.core.user import CurrentUser
from tidegate.schema.reference import Context
from tidegate.testing.documents import DocumentWriter, Written

DESK = Path(__file__).parent.parent / "examples" / "servicedesk"
SECRET = "a secret of at least thirty-two bytes, for tests"
DOCUMENTS = int(os.environ.get("TIDEGATE_TEST_DOCUMENTS", "75"))
"""For each database and role; CONTRIBUTING.md says how to ask for more."""

VALUES: Mapping[tuple[str, str], tuple[Json, ...]] = {
    ("ticket", "id"): ("1", "2", "3", "999", "no number"),
    ("search", "q"): ("a", "%", "the", "'; drop table tickets; --"),
    ("allTickets", "first"): (1, 2, 5, 1000, 1001, -1, None),
    ("myTickets", "first"): (1, 3, 1000, None),
    ("allTickets", "after"): (None, "", "no cursor", "5b5d"),
}
"""Arguments that reach something, and some that must not."""


def someone(role: str, email: str, team: str | None) -> CurrentUser:
    rank = ("anonymous", "customer", "support", "admin").index(role)
    fields: dict[str, Json] = {"id": email, "email": email, "role": role, "team": team}
    return CurrentUser(role, rank, fields, None, verified=True)


PEOPLE = (
    someone("customer", "ada@acme.example", "acme"),
    someone("customer", "nobody@nowhere.example", None),
    someone("support", "sam@desk.example", None),
)


@asynccontextmanager
async def served(folder: Path, database: str | None) -> AsyncIterator[Gateway]:
    """The service desk in a folder of its own, on SQLite or on the PostgreSQL database at `database`."""
    shutil.copytree(DESK, folder, ignore=shutil.ignore_patterns("*.db*", ".env", ".tidegate"))
    if database is not None:
        settings = folder / "tidegate.yaml"
        lines = settings.read_text().splitlines()
        swapped = [line.replace("# db:", "db:") if "kind: postgres" in line else line for line in lines]
        settings.write_text("\n".join(line for line in swapped if "kind: sqlite" not in line))
    gateway = Gateway.load(folder, {"JWT_SECRET": SECRET, "DATABASE_URL": database or ""})
    await gateway.open()
    try:
        yield gateway
    finally:
        await gateway.close()


def queries(gateway: Gateway) -> list[str]:
    """But for the one whose answer depends on the time."""
    return [
        name for name, each in gateway.catalog.operations.items() if each.kind is Kind.QUERY and name != "averageAge"
    ]


def told(path: object, code: object) -> tuple[object, str]:
    """Of several things that are wrong with one field, such as two bad limits, each tells the first it meets."""
    return path, "BAD_USER_INPUT" if code == "LIMIT" else str(code)


async def compare(gateway: Gateway, document: Written, user: CurrentUser) -> tuple[Any, list[tuple[object, str]]]:
    response = await gateway.execute(document.text, document.operation, document.variables, user)
    body = orjson.loads(response.body)
    expected = await gateway.api.schema.execute(
        document.text,
        variable_values=dict(document.variables),
        operation_name=document.operation,
        context_value=Context(user, gateway.runner),
    )
    assert "data" in body, body
    assert json.dumps(body["data"]) == json.dumps(expected.data)
    errors = [told(error["path"], error["extensions"]["code"]) for error in body.get("errors", [])]
    wanted = [
        told(list(error.path or ()), (error.extensions or {}).get("code", "INTERNAL"))
        for error in expected.errors or ()
    ]
    if expected.data is None:
        # graphql-core stops at the first field at the top that is lost; we tell of all.
        assert all(error in errors for error in wanted)
    else:
        assert sorted(errors, key=str) == sorted(wanted, key=str)
    return body["data"], errors


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
@pytest.mark.parametrize("user", PEOPLE, ids=["customer", "stranger", "support"])
async def test_the_database_answers_as_the_reference_executor_does(
    database: str, user: CurrentUser, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue("postgres_database") if database == "postgres" else None
    async with served(tmp_path / "desk", url) as gateway:
        full = failed = 0
        for seed in range(DOCUMENTS):
            random = Random(f"{database} {user.role} {seed}")
            writer = DocumentWriter(
                gateway.catalog, random, size=random.randint(1, 40), operations=queries(gateway), values=VALUES
            )
            document = writer.write()
            try:
                data, errors = await compare(gateway, document, user)
            except Exception as error:
                error.add_note(f"seed {seed}\n{document.text}\n{document.variables}")
                raise
            full += data is not None
            failed += bool(errors)
        # The documents reach something: neither everything fails nor nothing does.
        assert full > DOCUMENTS // 20
        assert failed > 0


async def test_documents_are_answered_the_same_when_many_run_at_once(tmp_path: Path) -> None:
    async with served(tmp_path / "desk", None) as gateway:
        written = [
            (
                DocumentWriter(gateway.catalog, Random(seed), operations=queries(gateway), values=VALUES).write(),
                PEOPLE[seed % 3],
            )
            for seed in range(30)
        ]
        alone = [await gateway.execute(each.text, each.operation, each.variables, user) for each, user in written]
        together = await asyncio.gather(
            *(gateway.execute(each.text, each.operation, each.variables, user) for each, user in written)
        )
        assert [response.body for response in alone] == [response.body for response in together]
