"""SQL with holes: what is bound, what is refused, and what counts as a write."""

from __future__ import annotations

import re
import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.core.expressions import Reference, Text
from tidegate.core.location import Location
from tidegate.core.problems import ProjectError
from tidegate.resolvers.integrations.relational.sql_text import SqlText, read_sql

HERE = Location("sql/test.sql")


def text(sql: str) -> Text:
    parts = [
        Reference("args", (piece[2:-2].strip(),), HERE) if piece.startswith("{{") else piece
        for piece in re.split(r"(\{\{.*?\}\})", sql)
        if piece
    ]
    return Text(tuple(parts), HERE)


def shown(sql: SqlText) -> str:
    return "".join(part if isinstance(part, str) else f"<{part.path[0]}>" for part in sql.parts)


@pytest.mark.parametrize("dialect", ["sqlite", "postgres"])
@pytest.mark.parametrize(
    ("written", "bound"),
    [
        ("select * from t where a = {{ a }}", "select * from t where a = <a>"),
        ("select * from t where a like '%{{ q }}%'", "select * from t where a like ('%' || <q> || '%')"),
        ("select '{{ q }}'", "select <q>"),
        ("select '{{ a }}{{ b }}!'", "select (<a> || <b> || '!')"),
        ("select 'it''s {{ q }}'", "select ('it''s ' || <q>)"),
        ("select {{ n }} + {{ n }} ; -- the end", "select <n> + <n>"),
        ("select '-- {{ q }}'", "select ('-- ' || <q>)"),
        ("select 'hole_0_' || {{ q }}", "select 'hole_0_' || <q>"),
    ],
)
def test_holes_are_bound(dialect: str, written: str, bound: str) -> None:
    assert shown(read_sql(text(written), dialect)) == bound


@pytest.mark.parametrize(
    ("written", "bound"),
    [
        ("select {{ n }}::int", "select <n>::int"),
        ("select E'a\\'{{ q }}'", "select (E'a\\'' || <q>)"),
        ("select $x$a '{{ q }}$x$", "select ($x$a '$x$ || <q>)"),
        ("select j ? 'k' from t", "select j ? 'k' from t"),
    ],
)
def test_holes_are_bound_in_what_only_postgresql_writes(written: str, bound: str) -> None:
    assert shown(read_sql(text(written), "postgres")) == bound


@pytest.mark.parametrize("dialect", ["sqlite", "postgres"])
@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ("select 1 -- {{ q }}", "is in a comment"),
        ("select /* {{ q }} */ 1", "is in a comment"),
        ('select "{{ q }}" from t', "cannot be part of a name"),
        ("select a{{ q }} from t", "cannot be part of a name"),
        ("select x'{{ q }}'", "a string that is not text"),
        ("select 'open {{ q }}", "something is not closed"),
        ("select $1", 'parameter "$1"'),
        ("select 1; delete from t", "several statements"),
        ("", "no statement"),
        ("-- nothing", "no statement"),
        ("drop table t", "DROP does neither"),
        ("begin", "BEGIN does neither"),
        ("pragma journal_mode", "PRAGMA does neither"),
        ("attach database 'x' as y", "ATTACH does neither"),
        ("copy t to '/tmp/t'", "COPY does neither"),
        ("set role admin", "SET does neither"),
    ],
)
def test_what_cannot_be_a_request_is_refused(dialect: str, written: str, sentence: str) -> None:
    with pytest.raises(ProjectError, match=re.escape(sentence)):
        read_sql(text(written), dialect)


@pytest.mark.parametrize("parameter", ["?", "?1", ":name", "@name", "$name"])
def test_sqlites_own_parameters_are_refused(parameter: str) -> None:
    with pytest.raises(ProjectError, match=re.escape(f'"{parameter}"')):
        read_sql(text(f"select {parameter}"), "sqlite")


@pytest.mark.parametrize(
    ("written", "writes", "rows"),
    [
        ("select 1", False, True),
        ("values (1), (2)", False, True),
        ("with a as (select 1) select * from a", False, True),
        ("select 1 union select 2", False, True),
        ("insert into t (a) values (1)", True, False),
        ("insert into t (a) values (1) returning id", True, True),
        ("update t set a = 1", True, False),
        ("delete from t returning *", True, True),
        ("with gone as (delete from t returning *) select * from gone", True, True),
        ("select * into u from t", True, True),
        ("select * from t for update", True, True),
    ],
)
def test_writes_are_known(written: str, writes: bool, rows: bool) -> None:
    found = read_sql(text(written), "postgres")
    assert (found.writes, found.answers_rows) == (writes, rows)


def test_what_cannot_be_parsed_counts_as_a_write() -> None:
    found = read_sql(text("select frobnicate the whole of ((("), "postgres")
    assert found.writes


@given(st.text(), st.text(alphabet=st.characters(exclude_characters="'{}\x00", exclude_categories=["Cs"])))
def test_a_value_is_never_read_as_sql(value: str, around: str) -> None:
    """Whatever the text around the hole and whatever the value, the database sees the two put together."""
    value = value.encode("utf-8", "replace").decode().replace("\x00", "")
    found = read_sql(Text(("select '", around, Reference("args", ("q",), HERE), "' as found"), HERE), "sqlite")
    sql = "".join(part if isinstance(part, str) else "?" for part in found.parts)
    assert sqlite3.connect(":memory:").execute(sql, (value,)).fetchone() == (around + value,)
