"""Our own kinds keep what an integration promises, asked of the real thing by every verb they have."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import asyncpg
import pytest

from tests.integrations.conformance import (
    GRAPHQL,
    HTTP,
    OBJECTS,
    ROWS,
    SCHEMA,
    SEND,
    TABLES,
    TRIGGER,
    TYPES,
    NotesGraphql,
    NotesServer,
)
from tests.resolvers.integrations.smtp.conftest import MailServer
from tests.resolvers.servers import Server
from tidegate.core.json import Json
from tidegate.kinds import OURS, installed_kinds
from tidegate.testing import Report, Request, check_integration

KINDS = installed_kinds()
REQUESTS: dict[str, Sequence[Request]] = {
    "sqlite": ROWS,
    "postgres": ROWS,
    "mysql": ROWS,
    "http": HTTP,
    "graphql": GRAPHQL,
    "smtp": SEND,
    "webhook": TRIGGER,
    "zapier": TRIGGER,
}
SECRET = "hunter2-is-secret"


def migrations(folder: Path) -> Path:
    (folder / "migrations").mkdir()
    (folder / "migrations" / "0001_notes.sql").write_text(TABLES)
    return folder


def untested(report: Report) -> set[str]:
    return {promise.name for promise in report.untested}


@pytest.mark.parametrize("name", OURS)
def test_every_verb_is_asked(name: str) -> None:
    assert {request.verb for request in REQUESTS[name]} == KINDS[name].verbs


async def test_sqlite(tmp_path: Path) -> None:
    async def write() -> None:
        with closing(sqlite3.connect(tmp_path / "notes.db")) as raw:
            raw.execute("update notes set title = 'Elsewhere'")
            raw.commit()

    report = await check_integration(
        KINDS["sqlite"],
        {"file": "notes.db", "migrations": "migrations", "watch": True},
        ROWS,
        folder=migrations(tmp_path),
        types=TYPES,
        objects=OBJECTS,
        elsewhere=write,
        unreachable={"file": "migrations"},
    )
    assert untested(report) == {"kept-back", "told-anyway", "secrets"}


async def test_postgres(tmp_path: Path, postgres_database: str) -> None:
    async def write() -> None:
        connection = await asyncpg.connect(postgres_database)
        await connection.execute("update notes set title = 'Elsewhere'")
        await connection.close()

    report = await check_integration(
        KINDS["postgres"],
        {"url": postgres_database, "migrations": "migrations", "watch": True},
        ROWS,
        folder=migrations(tmp_path),
        types=TYPES,
        objects=OBJECTS,
        elsewhere=write,
        unreachable={"url": f"postgresql://gate:{SECRET}@127.0.0.1:1/desk"},
        secrets=[SECRET],
    )
    assert untested(report) == {"kept-back", "told-anyway"}


async def test_mysql(tmp_path: Path, mysql_database: str) -> None:
    report = await check_integration(
        KINDS["mysql"],
        {"url": mysql_database, "migrations": "migrations"},
        ROWS,
        folder=migrations(tmp_path),
        types=TYPES,
        objects=OBJECTS,
        unreachable={"url": f"mysql://gate:{SECRET}@127.0.0.1:1/desk"},
        secrets=[SECRET],
    )
    assert untested(report) == {"kept-back", "told-anyway", "outside"}


async def test_smtp(tmp_path: Path) -> None:
    mail = MailServer(tmp_path)
    await mail.start()
    try:
        report = await check_integration(
            KINDS["smtp"],
            {"url": f"smtp://127.0.0.1:{mail.port}", "from": "Desk <desk@example.com>"},
            SEND,
            folder=tmp_path,
            arrived=lambda: len(mail.letters),
            unreachable={"url": f"smtp://gate:{SECRET}@127.0.0.1:1", "from": "desk@example.com"},
            secrets=[SECRET],
        )
    finally:
        await mail.stop()
    assert untested(report) == {"reads", "answers", "many", "together", "told-anyway", "outside"}


async def test_http(tmp_path: Path) -> None:
    notes = NotesServer()

    async def write() -> None:
        notes.notes["1"]["title"] = "Elsewhere"

    settings: dict[str, Json] = {
        "poll": "1s",
        "headers": {"Authorization": f"Bearer {SECRET}"},
        "params": {"key": SECRET},
    }
    async with notes.server:
        report = await check_integration(
            KINDS["http"],
            {"baseUrl": f"http://127.0.0.1:{notes.server.port}/api", **settings},
            HTTP,
            folder=tmp_path,
            types=TYPES,
            elsewhere=write,
            unreachable={"baseUrl": "http://127.0.0.1:1", "retries": 0, **settings},
            secrets=[SECRET],
        )
    assert untested(report) == {"undone", "cancelled", "attempt", "kept-back"}


async def test_graphql(tmp_path: Path) -> None:
    notes = NotesGraphql()

    async def write() -> None:
        notes.notes["1"]["title"] = "Elsewhere"

    (tmp_path / "notes.graphql").write_text(SCHEMA)
    settings: dict[str, Json] = {
        "poll": "1s",
        "headers": {"Authorization": f"Bearer {SECRET}"},
        "schema": "notes.graphql",
    }
    async with notes.server:
        report = await check_integration(
            KINDS["graphql"],
            {"url": f"http://127.0.0.1:{notes.server.port}/graphql", **settings},
            GRAPHQL,
            folder=tmp_path,
            types=TYPES,
            elsewhere=write,
            unreachable={"url": "http://127.0.0.1:1", "retries": 0, **settings},
            secrets=[SECRET],
        )
    assert untested(report) == {"undone", "cancelled", "attempt", "kept-back"}


@pytest.mark.parametrize(("name", "address"), [("webhook", "url"), ("zapier", "hook")])
async def test_hooks(name: str, address: str, tmp_path: Path) -> None:
    server = Server(lambda request: request.answer(b"{}"))
    settings: dict[str, Json] = {"secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "headers": {"X-Token": SECRET}}
    async with server:
        report = await check_integration(
            KINDS[name],
            {address: f"http://127.0.0.1:{server.port}/{SECRET}", **settings},
            TRIGGER,
            folder=tmp_path,
            arrived=lambda: len(server.asked),
            unreachable={address: f"http://127.0.0.1:1/{SECRET}", **settings},
            secrets=[SECRET, "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
        )
    assert untested(report) == {
        "reads",
        "answers",
        "many",
        "together",
        "told-anyway",
        "outside",
        "refused",
        "closed-bodies",
    }
