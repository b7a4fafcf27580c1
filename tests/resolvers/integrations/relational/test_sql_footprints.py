"""What authors' SQL reads and touches: the corpus in words, on each database.

To see a change of the corpus in words: `TIDEGATE_REWRITE=1 pytest` this file, then read the difference.
"""

from __future__ import annotations

import os
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import pytest

from tests.conftest import alone, ask
from tests.mariadb import Server
from tests.resolvers.integrations.conftest import postgres_settings
from tests.resolvers.integrations.relational.corpus import (
    FOLDER,
    Statement,
    footprint_of,
    given,
    grade,
    statements,
    told,
)
from tests.resolvers.integrations.relational.stores import mysql_store
from tidegate.core.footprint import Read, Touch, Verdict, judge
from tidegate.resolvers.integrations.postgres.database import PostgresDatabase
from tidegate.resolvers.integrations.relational.reflection import Reflection
from tidegate.resolvers.integrations.relational.violations import Vocabulary
from tidegate.resolvers.integrations.sqlite.catalogue import reflect

KINDS: Final = ("sqlite", "postgres", "mysql")
DECISION: Final = Path(__file__).parents[4] / "docs" / "decisions" / "0007-live-queries.md"


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def reflection(kind: str, request: pytest.FixtureRequest) -> Iterator[Reflection]:
    schema = (FOLDER / f"{kind}.sql").read_text()
    if kind == "sqlite":
        connection = sqlite3.connect(":memory:")
        connection.executescript(schema)
        yield reflect(connection)
        connection.close()
    elif kind == "postgres":
        yield alone(_reflected(request.getfixturevalue("postgres_database"), schema))
    else:
        yield request.getfixturevalue("mysql_reflection")


@pytest.fixture(scope="module")
def mysql_reflection(mysql_server: Server) -> Iterator[Reflection]:
    with mysql_store(mysql_server) as store:
        yield store.reflection


async def _reflected(url: str, schema: str) -> Reflection:
    await ask(url, schema)
    database = PostgresDatabase("db", postgres_settings(url), Vocabulary())
    try:
        return await database.open()
    finally:
        await database.close()


def test_the_corpus_in_words(kind: str, reflection: Reflection) -> None:
    parts = [
        "\n".join([each.name, *(f"    {line}" for line in told(kind, reflection, each))]) for each in statements(kind)
    ]
    written = "\n\n".join(parts) + "\n"
    file = FOLDER / f"{kind}.txt"
    if os.environ.get("TIDEGATE_REWRITE"):
        file.write_text(written)
    assert written == file.read_text()


def test_how_much_of_it_is_told(kind: str, reflection: Reflection) -> None:
    """The table that the decision shows is this one."""
    counted: dict[str, Counter[str]] = {"read": Counter(), "write": Counter()}
    for each in statements(kind):
        verb = "write" if each.parsed(kind).writes else "read"
        counted[verb][grade(kind, reflection, each)] += 1
    shown = DECISION.read_text()
    for verb, grades in counted.items():
        cells = " | ".join(str(grades[grade]) for grade in ("exact", "keyed", "table", "opaque"))
        row = f"| SQL that {verb}s, {kind} | {grades.total()} | {cells} |"
        assert row in shown, row


def test_with_unknown_values_it_covers_what_it_reads_with_any(kind: str, reflection: Reflection) -> None:
    for each in statements(kind):
        footprint = footprint_of(kind, reflection, each)
        if footprint.text.writes:
            continue
        inputs = footprint.inputs()
        for read in footprint.reads(inputs, given(inputs.expressions)):
            assert any(_covers(other, read) for other in footprint.reach()), each.name


def _covers(wider: Read, read: Read) -> bool:
    return wider.table is None or (
        wider.table == read.table and wider.columns == read.columns and set(wider.keys) <= set(read.keys)
    )


def test_null_and_missing_values_find_no_rows(kind: str, reflection: Reflection) -> None:
    one = footprint_of(kind, reflection, Statement("", "select id from tickets where id = {{ args.id }}"))
    assert list(one.reads(one.inputs(), [None])) == []


@pytest.mark.parametrize(
    "sql",
    [
        "select id from tickets where id = {{ args.id }} or true",
        "select id from tickets where (id = {{ args.id }}) is null",
        "select id from tickets where not (id = {{ args.id }} and points = 1)",
        "select case when id = {{ args.id }} then 1 end as n from tickets",
        "select id from tickets where id = {{ args.id }} || '1'",
        "select (select max(id) from tickets where points = t.id) as n from comments t where 1 = {{ args.id }}",
    ],
)
def test_what_only_looks_like_a_key(kind: str, reflection: Reflection, sql: str) -> None:
    one = footprint_of(kind, reflection, Statement("", sql))
    assert all(not read.keys for read in one.reads(one.inputs(), [5]))


def test_columns_that_reads_are_keyed_by_are_registered(kind: str, reflection: Reflection) -> None:
    one = footprint_of(kind, reflection, Statement("", "select title from tickets where id = 1 and points = 2"))
    one.register()
    assert one.setting.tables.compared == {"tickets": {"id", "points"}}


def test_nothing_is_known_before_the_database_is_open(kind: str) -> None:
    one = footprint_of(kind, Reflection(), Statement("", "select id from tickets where id = 1"))
    assert list(one.reads(one.inputs(), [])) == [Read("db", None)]


def test_a_touch_of_another_row_leaves_a_keyed_read_alone(kind: str, reflection: Reflection) -> None:
    read = footprint_of(kind, reflection, Statement("", "select title from tickets where author_id = 5"))
    (looked,) = read.reads(read.inputs(), [])
    assert looked.table is not None
    verdicts: Sequence[Verdict] = [
        judge(looked, Touch("db", looked.table, frozenset(columns), ({"author_id": author},)))
        for columns, author in (({"title"}, 5), ({"title"}, 6), ({"points"}, 5))
    ]
    assert verdicts == [Verdict.CONCERNED, Verdict.OTHER_ROWS, Verdict.OTHER_COLUMNS]
