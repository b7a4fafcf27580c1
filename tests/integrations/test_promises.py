"""Our own kinds keep what an integration promises."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import asyncpg

from tests.integrations.conformance import OBJECTS, ROWS, TABLES, TYPES
from tests.resolvers.integrations.smtp.conftest import MailServer
from tidegate.kinds import installed_kinds
from tidegate.testing import Report, Request, check_integration

KINDS = installed_kinds()


def migrations(folder: Path) -> Path:
    (folder / "migrations").mkdir()
    (folder / "migrations" / "0001_notes.sql").write_text(TABLES)
    return folder


def untested(report: Report) -> set[str]:
    return {promise.name for promise in report.untested}


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
    assert untested(report) == {"kept-back", "secrets"}


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
        unreachable={"url": "postgresql://gate:hunter2-is-secret@127.0.0.1:1/desk"},
        secrets=["hunter2-is-secret"],
    )
    assert untested(report) == {"kept-back"}


async def test_smtp(tmp_path: Path) -> None:
    mail = MailServer(tmp_path)
    await mail.start()
    body = {"to": "$args.to", "subject": "About {{ args.about }}", "message": "$args.about"}
    try:
        report = await check_integration(
            KINDS["smtp"],
            {"url": f"smtp://127.0.0.1:{mail.port}", "from": "Desk <desk@example.com>"},
            [
                Request(
                    "send",
                    body,
                    {"to": "String!", "about": "String"},
                    "Boolean!",
                    [{"to": "ada@example.com", "about": "leaks"}, {"to": "bob@example.com"}],
                    [{"to": "nobody", "about": "leaks"}],
                )
            ],
            folder=tmp_path,
            arrived=lambda: len(mail.letters),
            unreachable={"url": "smtp://gate:hunter2-is-secret@127.0.0.1:1", "from": "desk@example.com"},
            secrets=["hunter2-is-secret"],
        )
    finally:
        await mail.stop()
    assert untested(report) == {"reads", "answers", "many", "together", "outside"}
