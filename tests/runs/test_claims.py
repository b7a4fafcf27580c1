"""One of all gateways that share a store does what is to be done once."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ask
from tidegate.runs.history import History
from tidegate.runs.sqlite_store import SqliteStore
from tidegate.runs.store import CLAIMS_KEPT, NoStore, run_store

PROCESS = """
import asyncio, sys
from pathlib import Path
from tidegate.runs.history import History
from tidegate.runs.store import run_store

async def main():
    history = History(run_store(sys.argv[1], Path()))
    print(sum([await history.claim("nightly", str(moment)) for moment in range(50)]))
    await history.close()

asyncio.run(main())
"""


def won(where: str) -> list[int]:
    """How many of fifty moments each of three processes got."""
    processes = [
        subprocess.Popen([sys.executable, "-c", PROCESS, where], stdout=subprocess.PIPE, text=True) for _ in range(3)
    ]
    said = [process.communicate()[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0]
    return [int(text) for text in said]


def test_processes_that_share_a_file(tmp_path: Path) -> None:
    assert sum(won(str(tmp_path / "made" / "runs.db"))) == 50


def test_processes_that_share_a_database(postgres_database: str) -> None:
    assert sum(won(postgres_database)) == 50


async def test_a_moment_is_claimed_once(tmp_path: Path, postgres_database: str) -> None:
    for where in ("off", "runs.db", postgres_database):
        history = History(run_store(where, tmp_path))
        assert await history.claim("nightly", "2026-01-01T07:00Z")
        assert not await history.claim("nightly", "2026-01-01T07:00Z")
        assert await history.claim("nightly", "2026-01-02T07:00Z")
        assert await history.claim("hourly", "2026-01-01T07:00Z")
        both = await asyncio.gather(*(history.claim("weekly", "now") for _ in range(10)))
        assert sum(both) == 1
        await history.close()


async def test_old_claims_are_deleted(tmp_path: Path, postgres_database: str) -> None:
    file = SqliteStore(tmp_path / "runs.db")
    assert await file.claim("nightly", "then")
    with sqlite3.connect(tmp_path / "runs.db") as connection:
        connection.execute("update claims set at = at - ?", (CLAIMS_KEPT + 60,))
    connection.close()
    assert await file.claim("nightly", "now")
    await file.close()
    connection = sqlite3.connect(tmp_path / "runs.db")
    assert connection.execute("select moment from claims").fetchall() == [("now",)]
    connection.close()
    shared = run_store(postgres_database, tmp_path)
    assert await shared.claim("nightly", "then")
    await ask(
        postgres_database, f"update tidegate_runs.claims_1 set at = at - make_interval(secs => {CLAIMS_KEPT + 60})"
    )
    assert await shared.claim("nightly", "now")
    await ask(postgres_database, "do $$ begin assert (select count(*) from tidegate_runs.claims_1) = 1; end $$")
    await shared.close()


async def test_without_a_store_memory_is_bounded() -> None:
    store = NoStore()
    for moment in range(10_001):
        assert await store.claim("often", str(moment))
    assert await store.claim("often", "0")
    assert not await store.claim("often", "10000")


async def test_a_file_that_cannot_be_written_is_claimed_in_memory(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    history = History(run_store("file/runs.db", tmp_path))
    assert [await history.claim("nightly", "now") for _ in range(2)] == [True, False]
    assert len(caplog.messages) == 1
    assert caplog.messages[0].startswith("The history of runs cannot be kept. ")
    await history.close()


async def test_of_a_database_that_is_gone_nobody_gets_anything(caplog: pytest.LogCaptureFixture) -> None:
    history = History(run_store("postgresql://me:hush@localhost:1/x", Path()))
    assert [await history.claim("nightly", "now") for _ in range(2)] == [False, False]
    assert len(caplog.messages) == 1
    assert "hush" not in caplog.text
    await history.close()


async def test_a_file_that_others_write_is_waited_for(tmp_path: Path) -> None:
    history = History(run_store("runs.db", tmp_path))
    assert await history.claim("first", "now")
    other = sqlite3.connect(tmp_path / "runs.db", isolation_level=None)
    other.execute("begin immediate")
    waiting = asyncio.create_task(history.claim("nightly", "now"))
    await asyncio.sleep(0)
    other.execute("commit")
    other.close()
    assert await waiting
    await history.close()


async def test_a_connection_that_was_lost_is_made_again(postgres_database: str) -> None:
    history = History(run_store(postgres_database, Path()))
    assert await history.claim("nightly", "1")
    await ask(
        postgres_database,
        "select pg_terminate_backend(pid) from pg_stat_activity "
        "where application_name = 'tidegate runs' and datname = current_database()",
    )
    assert await history.claim("nightly", "2")
    assert not await history.claim("nightly", "1")
    await history.close()


def test_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    async def claim() -> set[int]:
        store = SqliteStore(tmp_path / "runs.db")
        await store.claim("nightly", "now")
        modes = await asyncio.to_thread(lambda: {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()})
        await store.close()
        return modes

    assert asyncio.run(claim()) == {0o600}
