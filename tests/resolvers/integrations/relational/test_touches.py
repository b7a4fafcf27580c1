"""What writes say they changed: exactly, with every row as it was and as it is."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.resolvers.integrations.relational.board import Board
from tidegate.core.errors import OperationError
from tidegate.core.expressions import resolve
from tidegate.core.footprint import Touch
from tidegate.core.integration import Answer
from tidegate.core.json import Json
from tidegate.resolvers.integrations.relational.images import MOST_IMAGES

UUID = "0b0e7a1e-8c4e-4a7b-9d6e-1f2a3b4c5d6e"

Image = Mapping[str, Hashable]


RELEASES = {"postgres before 18": 15, "mysql without RETURNING": 804}


@pytest.fixture(params=["sqlite", "postgres", "postgres before 18", "mysql", "mysql without RETURNING"])
def board(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Board]:
    kind = request.param.split()[0]
    url = "" if kind == "sqlite" else request.getfixturevalue(f"{kind}_database")
    made = Board(tmp_path, kind, url, RELEASES.get(request.param))
    yield made
    made.close()


def said(touch: Touch) -> tuple[object, Any]:
    """Columns and images, these in no order. Any: as `images` makes them, or none."""
    images = None if touch.images is None else {frozenset(image.items()) for image in touch.images}
    return touch.columns, images


def images(*expected: Image) -> set[frozenset[tuple[str, Hashable]]]:
    return {frozenset(image.items()) for image in expected}


def test_new_rows(board: Board) -> None:
    board.compare("tickets", "id", "team", "open", "token", "twice")
    touch = board.touch("create", team="red", status="Todo", points=4, open=True, token=UUID.upper())
    assert (touch.source, touch.table) == ("here", "tickets")
    assert said(touch) == (None, images({"id": 1, "team": "red", "open": True, "token": UUID, "twice": 8}))
    blank = {"team": None, "open": None, "token": None, "twice": None}
    assert said(board.touch("created", status="Done")) == (None, images({"id": 2, **blank}))
    rows: list[Json] = [{"status": "Todo", "team": "red"}, {"status": "Done", "points": 1}, {"status": "Todo"}]
    expected = images({**blank, "id": 3, "team": "red"}, {**blank, "id": 4, "twice": 2}, {**blank, "id": 5})
    for name in ("createMany", "createdMany"):
        columns, found = said(board.touch(name, rows=rows))
        assert columns is None
        assert found is not None
        without_key = {frozenset(pair for pair in image if pair[0] != "id") for image in found}
        assert without_key == {frozenset(pair for pair in image if pair[0] != "id") for image in expected}
        assert len(found) == 3
    assert board.touches("createMany", rows=[]) == ()


def test_what_is_compared_by_nobody_is_not_told(board: Board) -> None:
    board.compare("tickets")
    assert board.touch("create", status="Todo", team="red") == Touch("here", "tickets", None, None)
    changed = frozenset({"points", "twice"})
    assert board.touch("update", id="1", points=3) == Touch("here", "tickets", changed, None)
    assert board.touch("updated", id="1", points=3) == Touch("here", "tickets", changed, None)
    assert board.touch("updatedMany", was="red", status="Done").images is None
    assert board.touch("deletedMany", team="red") == Touch("here", "tickets", None, None)


@pytest.mark.parametrize("name", ["update", "updated"])
def test_changing_what_nothing_is_compared_by(board: Board, name: str) -> None:
    board.compare("tickets", "id", "team")
    board.answer("create", team="red", status="Todo")
    columns, found = said(board.touch(name, id="1", status="Done"))
    assert columns == {"status", "twice"}
    assert found == images({"id": 1, "team": "red"})


@pytest.mark.parametrize("name", ["update", "updated"])
def test_changing_what_is_compared(board: Board, name: str) -> None:
    board.compare("tickets", "id", "team", "status", "twice")
    board.answer("create", team="red", status="Todo", points=1)
    columns, found = said(board.touch(name, id="1", status="Done", team="blue"))
    assert columns == {"status", "team", "twice"}
    old = {"id": 1, "team": "red", "status": "Todo", "twice": 2}
    assert found == images(old, {**old, "team": "blue", "status": "Done"})
    old = {"id": 1, "team": "blue", "status": "Done", "twice": 2}
    assert said(board.touch(name, id="1", points=5))[1] == images(old, {**old, "twice": 10})
    assert said(board.touch(name, id="1", team=None))[1] == images(
        {**old, "twice": 10}, {**old, "twice": 10, "team": None}
    )


@pytest.mark.parametrize("name", ["updateMany", "updatedMany"])
def test_changing_many(board: Board, name: str) -> None:
    board.compare("tickets", "id", "team")
    for team in ("red", "blue", "red"):
        board.answer("create", team=team, status="Todo")
    assert said(board.touch(name, was="red", team="green")) == (
        frozenset({"team", "twice"}),
        images(
            {"id": 1, "team": "red"}, {"id": 3, "team": "red"}, {"id": 1, "team": "green"}, {"id": 3, "team": "green"}
        ),
    )
    assert said(board.touch(name, was="green", status="Done"))[1] == images(
        {"id": 1, "team": "green"}, {"id": 3, "team": "green"}
    )
    assert board.touches(name, was="nobody", status="Done") == ()
    assert board.touches(name, was="nobody", team="x") == ()


def test_changing_keys(board: Board) -> None:
    board.compare("seats", "row", "taken")
    for letter in ("a", "b"):
        board.answer("take", row=1, letter=letter)
    columns, found = said(board.touch("move", letter="a", by=7))
    assert (columns, found) == ({"row"}, images({"row": 1, "taken": "x"}, {"row": 7, "taken": "x"}))
    columns, found = said(board.touch("moved", row=1, letter="b", by=8))
    assert (columns, found) == ({"row"}, images({"row": 1, "taken": "x"}, {"row": 8, "taken": "x"}))
    assert board.touches("moved", row=1, letter="b", by=8) == ()


@pytest.mark.parametrize("name", ["delete", "deleted"])
def test_removing(board: Board, name: str) -> None:
    board.compare("tickets", "id", "team")
    board.answer("create", team="red", status="Todo")
    assert said(board.touch(name, id="1")) == (None, images({"id": 1, "team": "red"}))
    assert board.touches(name, id="1") == ()


@pytest.mark.parametrize("name", ["deleteMany", "deletedMany"])
def test_removing_many(board: Board, name: str) -> None:
    board.compare("tickets", "id", "team")
    for team in ("red", "blue", "red"):
        board.answer("create", team=team, status="Todo")
    assert said(board.touch(name, team="red")) == (None, images({"id": 1, "team": "red"}, {"id": 3, "team": "red"}))
    assert board.touches(name, team="red") == ()


def test_nothing_to_set(board: Board) -> None:
    board.compare("tickets", "id")
    board.answer("create", team="red", status="Todo")
    assert board.touches("update", id="1") == ()
    assert board.touches("updated", id="1") == ()
    assert board.answer("updated", id="1").value is True
    assert board.answer("updatedMany", was="red").value == 1


def test_a_rule_is_kept(board: Board) -> None:
    board.compare("tickets", "id", "team")
    for team in ("red", "blue"):
        board.answer("create", team=team, status="Todo")
    board.team = "red"
    for name in ("update", "updated"):
        assert said(board.touch(name, id="1", status="Done"))[1] == images({"id": 1, "team": "red"})
        with pytest.raises(OperationError):
            board.answer(name, id="1", team="blue")
    assert board.touches("updated", id="2", status="Done") == ()
    assert board.touches("updatedMany", was="blue", status="Done") == ()
    assert said(board.touch("updatedMany", was="red", status="Done"))[1] == images({"id": 1, "team": "red"})


def test_too_many_rows_to_tell(board: Board) -> None:
    board.compare("tickets", "id", "team")

    def create(team: str, count: int) -> None:
        for status in ("Todo", "Done"):
            rows: list[Json] = [{"team": team, "status": status}] * (count // 2)
            board.answer("createdMany", rows=rows)

    create("red", MOST_IMAGES)
    touch = board.touch("updatedMany", was="red", status="Done")
    assert touch.images is not None
    assert len(touch.images) == MOST_IMAGES
    assert len(board.touch("updatedMany", was="red", team="pink").images or ()) == 2 * MOST_IMAGES
    create("pink", 100)
    for name in ("updatedMany", "updateMany"):
        assert said(board.touch(name, was="pink", status="Done")) == ({"status", "twice"}, None)
        assert said(board.touch(name, was="pink", team="red")) == ({"team", "twice"}, None)
        board.answer("updatedMany", was="red", team="pink")
    answer = board.answer("deletedMany", team="pink")
    assert answer.value == MOST_IMAGES + 100
    assert answer.touches == (Touch("here", "tickets", None, None),)
    create("red", MOST_IMAGES + 100)
    assert board.touch("deleteMany", team="red").images is None
    rows: list[Json] = [{"status": "Todo"}] * (MOST_IMAGES + 1)
    assert board.touch("createdMany", rows=rows).images is None


def test_what_fails_touches_nothing(board: Board) -> None:
    board.compare("tickets", "id", "status")
    board.answer("create", team="red", status="Todo")
    with pytest.raises(OperationError):
        board.answer("update", id="1", status="Lost")
    with pytest.raises(OperationError):
        board.answer("update", id="9", status="Done")
    assert said(board.touch("update", id="1", status="Done"))[1] == images(
        {"id": 1, "status": "Todo"}, {"id": 1, "status": "Done"}
    )


def test_a_key_that_names_several_rows(board: Board) -> None:
    """What the author calls the key is none: only the rows asked for are written, and nothing wrong is told."""
    board.compare("pairs", "other", "team")
    touch = board.touch("pair", other=2, team="green")
    old = {"other": 2, "team": "blue"}
    new = {"other": 2, "team": "green"}
    unknown = {"other": 2}
    if board.kind == "mysql":
        # Read again by the key, there are two of them.
        assert said(touch) == ({"team"}, None)
    elif board.kind == "postgres" and board.integration.tables.release < 18:
        assert said(touch) == ({"team"}, images(new, unknown))
    else:
        assert said(touch) == ({"team"}, images(old, new))
    assert board.answer("pair", other=1, team="green").value == 1


def test_a_column_that_the_author_writes_otherwise(board: Board) -> None:
    """Nobody knows that it is the same, so any column may have changed."""
    board.compare("tickets", "id")
    board.answer("create", team="red", status="Todo")
    tables = board.integration.tables
    table = tables.known["tickets"]
    columns = {("Team" if name == "team" else name): column for name, column in table.columns.items()}
    tables.learn({**tables.known, "tickets": replace(table, columns=columns)}, tables.release, tables.source)
    assert said(board.touch("update", id="1", team="blue")) == (None, images({"id": 1}))


def test_what_a_trigger_does_is_unknown_also_for_no_rows(board: Board) -> None:
    board.compare("tickets", "id")
    tables = board.integration.tables
    table = replace(tables.known["tickets"], effects=None)
    tables.learn({**tables.known, "tickets": table}, tables.release, tables.source)
    assert board.touches("deleted", id="1") == (Touch("here", None),)
    assert board.touches("created", status="Todo") == (Touch("here", None),)


def test_a_table_called_old(board: Board) -> None:
    tables = board.integration.tables
    known = {**tables.known, "old": replace(tables.known["pairs"], name="old", identity="old", primary_key=("id",))}
    columns = dict(known["old"].columns)
    columns["id"] = replace(columns.pop("one"), name="id", nullable=False)
    known["old"] = replace(known["old"], columns=columns)
    tables.learn(known, tables.release, tables.source)
    board.compare("old", "id", "team")
    item = board.catalog.objects["pairs"]
    fields = {"one": replace(item.columns["one"], column="id"), "team": item.columns["team"]}
    prepared: Any = board.catalog.operations["pair"].plan.run[-1].prepared
    where = replace(prepared.verb.where, field="one")
    verb = replace(prepared.verb, target=replace(item, table="old", columns=fields, key=("one",)), where=where)
    compiled = replace(prepared, verb=verb).compile(None, 0)

    async def execute() -> Answer:
        async with board.integration.session(writes=True) as session:
            scope: Any = {"args": {"other": 1, "team": "blue"}, "currentUser": {}}
            return await session.execute(compiled, [resolve(each, scope) for each in compiled.inputs])

    (touch,) = board.loop.run_until_complete(execute()).touches
    assert said(touch)[1] == images({"id": 1, "team": "red"}, {"id": 1, "team": "blue"})


@pytest.mark.parametrize("release", [15, 18])
def test_what_others_changed_while_waiting(postgres_database: str, tmp_path: Path, release: int) -> None:
    """An update that waits for somebody else's finds the row as that one left it."""
    board = Board(tmp_path, "postgres", postgres_database, release)
    try:
        board.compare("tickets", "id", "team")
        board.answer("create", team="red", status="Todo")

        async def both() -> Answer:
            async with board.integration._database.session(writes=True) as first:
                await first.execute("update tickets set team = 'blue'", [])
                second = asyncio.create_task(board.call("update", id="1", team="green"))
                async with board.integration._database.session(writes=False) as watcher:
                    waiting = (
                        "select count(*) from pg_stat_activity "
                        "where wait_event_type = 'Lock' and datname = current_database()"
                    )
                    while (await watcher.rows(waiting, []))[0][0] == 0:  # noqa: ASYNC110 - a lock tells nobody
                        await asyncio.sleep(0.01)
            return await second

        (touch,) = board.loop.run_until_complete(asyncio.wait_for(both(), 60)).touches
        assert said(touch)[1] == images({"id": 1, "team": "blue"}, {"id": 1, "team": "green"})
    finally:
        board.close()
