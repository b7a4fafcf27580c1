"""The last runs of each function, in a file and in a database."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from time import monotonic

import pytest

from tests.conftest import ask
from tests.runs.made import made
from tidegate.core.limits import Limits
from tidegate.runs.history import WAITING, History
from tidegate.runs.records import run_of
from tidegate.runs.sqlite_file import APPLICATION
from tidegate.runs.store import Record, RunStore, StoreFailed, run_store

PATIENCE = 60.0


@pytest.fixture(params=["file", "database"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[RunStore]:
    where = "runs.db" if request.param == "file" else request.getfixturevalue("postgres_database")
    store = run_store(where, tmp_path)
    yield store
    await store.close()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def kept(store: RunStore, function: str | None = None, most: int = 100) -> list[object]:
    return [run_of(record).arguments["id"] for record in await store.recent(function, most)]


async def tell(store: RunStore, *numbers: int, limits: Limits = Limits(), function: str = "triageTicket") -> History:  # noqa: B008
    """A history that was told of these runs, and closed."""
    history = History(store, lambda: limits)
    await history.open()
    for number in numbers:
        history.ended(made(number, function))
    await history.close()
    return history


async def test_the_newest_of_each_function_stay(store: RunStore) -> None:
    limits = replace(Limits(), runsKept=3)
    await tell(store, 1, 2, limits=limits)
    await tell(store, 3, 4, 5, limits=limits)
    await tell(store, 6, function="other", limits=limits)
    assert await kept(store, "triageTicket") == [5, 4, 3]
    assert await kept(store, "other") == [6]
    assert await kept(store) == [6, 5, 4, 3]
    assert await kept(store, most=2) == [6, 5]
    assert await kept(store, "none") == []


async def test_a_run_is_found_by_how_its_id_begins(store: RunStore) -> None:
    await tell(store, 1, 2, 16)
    (record,) = await store.find("00000002", 2)
    run = run_of(record)
    assert run.arguments == {"id": 2}
    assert run.user == {"id": 7, "email": "ada@acme.example"}
    assert [step.label for step in run.steps] == ["try", "verdict"]
    assert len(await store.find("0000000", 2)) == 2
    assert await store.find("%", 2) == []


async def test_no_run_is_kept_where_none_is_wanted(store: RunStore) -> None:
    await tell(store, 1, 2, limits=replace(Limits(), runsKept=0))
    assert await kept(store) == []


async def test_a_run_that_is_there_already_is_replaced(store: RunStore) -> None:
    await tell(store, 1, 1)
    assert await kept(store) == [1]


async def test_what_does_not_fit_into_the_queue_is_dropped(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    history = History(run_store("runs.db", tmp_path))
    for number in range(WAITING + 10):
        history.ended(made(number))
    await history.open()
    await history.close()
    assert history.dropped == 10
    assert caplog.messages == ["Runs end faster than their history can be written: some are not in it."]
    store = run_store("runs.db", tmp_path)
    assert await kept(store, most=1) == [WAITING - 1]
    await store.close()


async def test_off_keeps_nothing(tmp_path: Path) -> None:
    await tell(run_store("off", tmp_path), 1)
    assert names(tmp_path) == []


async def test_looking_makes_no_file(tmp_path: Path) -> None:
    store = run_store(".tidegate/runs.db", tmp_path)
    assert await kept(store) == []
    assert await store.find("1", 2) == ()
    assert names(tmp_path) == []


async def test_a_folder_that_cannot_be_written_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / ".tidegate").touch()
    history = await tell(run_store(".tidegate/runs.db", tmp_path), *range(200))
    assert history.dropped == 200
    assert len(caplog.messages) == 1
    assert caplog.messages[0].startswith("The history of runs cannot be kept. ")


async def test_it_goes_on_where_the_file_can_be_written_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / ".tidegate").touch()
    history = History(run_store(".tidegate/runs.db", tmp_path))
    await history.open()
    history.ended(made(1))
    await until(lambda: history.dropped == 1)
    (tmp_path / ".tidegate").unlink()
    history.ended(made(2))
    await history.close()
    assert caplog.messages[1:] == ["The history of runs is kept again. Runs that are not in it: 1."]


async def test_a_file_that_was_deleted_is_made_again(tmp_path: Path) -> None:
    store = run_store("runs.db", tmp_path)
    await store.keep([Record("1", "f", b"{}")], 10)
    for name in names(tmp_path):
        (tmp_path / name).unlink()
    await store.keep([Record("2", "f", b"{}")], 10)
    assert [record.id for record in await store.recent(None, 10)] == ["2"]
    await store.close()


@pytest.mark.parametrize("damage", ["header", "pages", "older"])
async def test_a_broken_or_older_file_is_moved_aside(
    tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / ".tidegate" / "runs.db"
    store = run_store(".tidegate/runs.db", tmp_path)
    await store.keep([Record(str(number), "f", b"x" * 3000) for number in range(50)], 100)
    await store.close()
    if damage == "older":
        connection = sqlite3.connect(file)
        connection.execute("pragma user_version = 0")
        connection.close()
    else:
        data = bytearray(file.read_bytes())
        start, end = (0, 100) if damage == "header" else (100, len(data))
        data[start:end] = b"\xff" * (end - start)
        file.write_bytes(data)
    store = run_store(".tidegate/runs.db", tmp_path)
    await store.keep([Record("new", "f", b"{}")], 100)
    assert [record.id for record in await store.recent(None, 10)] == ["new"]
    await store.close()
    assert names(file.parent) == ["runs.db", "runs.db.1"]
    assert len(caplog.messages) == 1
    why = "of an older version of Tidegate" if damage == "older" else "broken"
    assert f"is {why}. It is now runs.db.1, and a new one begins." in caplog.messages[0]


async def test_a_newer_file_is_left_alone(tmp_path: Path) -> None:
    await tell(run_store(".tidegate/runs.db", tmp_path), 1)
    connection = sqlite3.connect(tmp_path / ".tidegate" / "runs.db")
    connection.execute("pragma user_version = 999")
    connection.close()
    store = run_store(".tidegate/runs.db", tmp_path)
    with pytest.raises(StoreFailed, match="of a newer version of Tidegate, and is left alone"):
        await store.keep([Record("1", "f", b"{}")], 10)
    await store.close()
    assert names(tmp_path / ".tidegate") == ["runs.db"]


async def test_files_moved_aside_are_bounded(tmp_path: Path) -> None:
    (tmp_path / ".tidegate").mkdir()
    for _ in range(12):
        (tmp_path / ".tidegate" / "runs.db").write_bytes(b"no database at all " * 100)
        await tell(run_store(".tidegate/runs.db", tmp_path), 1)
    assert names(tmp_path / ".tidegate") == ["runs.db", *(f"runs.db.{number}" for number in range(1, 10))]


async def test_somebody_elses_file_is_left_alone(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "shop.db")
    connection.execute("create table orders (id)")
    connection.close()
    (tmp_path / "letter.txt").write_text("Dear reader, this is no database at all. " * 20)
    for name in ("shop.db", "letter.txt"):
        before = (tmp_path / name).read_bytes()
        store = run_store(name, tmp_path)
        with pytest.raises(StoreFailed, match=name):
            await store.keep([Record("1", "f", b"{}")], 10)
        await store.close()
        assert (tmp_path / name).read_bytes() == before
    assert names(tmp_path) == ["letter.txt", "shop.db"]


async def test_the_file_says_what_it_is(tmp_path: Path) -> None:
    await tell(run_store("runs.db", tmp_path), 1)
    connection = sqlite3.connect(tmp_path / "runs.db")
    assert connection.execute("pragma application_id").fetchone() == (APPLICATION,)
    assert connection.execute("pragma journal_mode").fetchone() == ("wal",)
    connection.close()


async def test_a_database_that_is_restarted_is_used_again(postgres_database: str) -> None:
    store = run_store(postgres_database, Path())
    await store.keep([Record("1", "f", b"{}")], 10)
    await ask(
        postgres_database,
        "select pg_terminate_backend(pid) from pg_stat_activity "
        "where application_name = 'tidegate runs' and datname = current_database()",
    )
    await store.keep([Record("2", "f", b"{}")], 10)
    assert [record.id for record in await store.recent(None, 10)] == ["2", "1"]
    await store.close()


async def test_gateways_that_write_at_the_same_time(postgres_database: str, caplog: pytest.LogCaptureFixture) -> None:
    stores = [run_store(postgres_database, Path()) for _ in range(4)]
    limits = replace(Limits(), runsKept=20)
    histories = [History(store, lambda: limits) for store in stores]
    for history in histories:
        await history.open()
    for number in range(120):
        for place, history in enumerate(histories):
            history.ended(made(1000 * place + number, ("one", "other")[number % 2]))
        await asyncio.sleep(0)
    await asyncio.gather(*(history.close() for history in histories))
    assert [history.dropped for history in histories] == [0, 0, 0, 0]
    assert caplog.messages == []
    # The last word is that of a store that sees all.
    await tell(stores[0], 9999, limits=limits, function="one")
    assert len(await kept(stores[0], "one")) == 20
    await stores[0].close()


async def until(holds: object) -> None:
    assert callable(holds)
    deadline = monotonic() + PATIENCE
    while not holds():
        assert monotonic() < deadline
        await asyncio.sleep(0.01)
