"""JSON values bound to parameters of every type, by what the server says of them."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import ask
from tests.resolvers.integrations.conftest import postgres_settings
from tidegate.core.errors import Code, OperationError
from tidegate.core.json import Json
from tidegate.resolvers.integrations.postgres.conversion import BY_NAME, Misfit, list_of, text
from tidegate.resolvers.integrations.postgres.database import PostgresDatabase
from tidegate.resolvers.integrations.relational.violations import Vocabulary

SCHEMA = """
    create type mood as enum ('sad', 'glad');
    create domain email as text check (value like '%@%');
    create domain mails as email[];
    create type spot as (x int, y int);
"""


@pytest.fixture
async def database(postgres_database: str) -> AsyncIterator[PostgresDatabase]:
    await ask(postgres_database, SCHEMA)
    database = PostgresDatabase("db", postgres_settings(postgres_database), Vocabulary())
    await database.open()
    yield database
    await database.close()


async def shown(database: PostgresDatabase, type: str, value: Json) -> object:
    """`value` bound as `type`, and how PostgreSQL writes it."""
    async with database.session(writes=False) as connection:
        row = await connection.row(f"select ($1::{type})::text", [value])
    assert row is not None
    return row[0]


FITTING: list[tuple[str, Json, str | None]] = [
    ("int2", 7, "7"),
    ("int4", "-12", "-12"),
    ("int8", "9223372036854775807", "9223372036854775807"),
    ("int8", 3.0, "3"),
    ("numeric", "12345678901234567890.50", "12345678901234567890.50"),
    ("numeric", 0.1, "0.1"),
    ("numeric", 3, "3"),
    ("float8", 1, "1"),
    ("float8", "1e3", "1000"),
    ("float4", 0.5, "0.5"),
    ("bool", True, "true"),
    ("text", "grüße 🌊", "grüße 🌊"),
    ("text", 12, "12"),
    ("text", True, "true"),
    ("varchar(3)", "abc", "abc"),
    ("uuid", "4F2B0BCF-8F0E-4A7B-B0A4-7B66F0A4AC11", "4f2b0bcf-8f0e-4a7b-b0a4-7b66f0a4ac11"),
    ("timestamptz", "2026-11-21T05:47:00.123456Z", "2026-11-21 05:47:00.123456+00"),
    ("timestamptz", "2026-11-21T05:47:00+02:00", "2026-11-21 03:47:00+00"),
    ("timestamptz", "2026-11-21T05:47:00", "2026-11-21 05:47:00+00"),
    ("timestamp", "2026-11-21T05:47:00+02:00", "2026-11-21 03:47:00"),
    ("timestamp", "2026-11-21T05:47:00", "2026-11-21 05:47:00"),
    ("date", "2026-11-21", "2026-11-21"),
    ("time", "05:47:00.5", "05:47:00.5"),
    ("timetz", "05:47:00+02:00", "05:47:00+02"),
    ("interval", "P1M2DT3H", "P1M2DT3H"),
    ("interval", "3 days", "P3D"),
    ("json", {"b": [1, None, "x"], "a": 1.5}, '{"b":[1,null,"x"],"a":1.5}'),
    ("jsonb", {"b": [1, None], "a": "\\u0000"}, '{"a": "\\\\u0000", "b": [1, null]}'),
    ("jsonb", "text", '"text"'),
    ("jsonb", 10**30, "1" + "0" * 30),
    ("bytea", "3q2+7w==", "\\xdeadbeef"),
    ("mood", "glad", "glad"),
    ("email", "ada@example.com", "ada@example.com"),
    ("mails", ["ada@example.com", None], "{ada@example.com,NULL}"),
    ("int4[]", [1, None, "3"], "{1,NULL,3}"),
    ("int4[]", [[1, 2], [3, 4]], "{{1,2},{3,4}}"),
    ("text[]", [], "{}"),
    ("mood[]", ["sad", "glad"], "{sad,glad}"),
    ("timestamptz[]", ["2026-11-21T05:47:00Z"], '{"2026-11-21 05:47:00+00"}'),
    ("jsonb[]", [{"a": 1}, [2]], '{"{\\"a\\": 1}",[2]}'),
    ("interval[]", ["P1D"], "{P1D}"),
    ("inet", "10.0.0.1", "10.0.0.1/32"),
    ("money", "12.50", "$12.50"),
    ("int4", None, None),
    ("json", None, None),
]


async def test_values_that_fit(database: PostgresDatabase) -> None:
    assert [(type, value, await shown(database, type, value)) for type, value, _ in FITTING] == FITTING


MISFITS: list[tuple[str, Json]] = [
    ("int2", 32768),
    ("int4", 2**31),
    ("int4", "1_000"),
    ("int4", "٣"),
    ("int4", 1.5),
    ("int4", True),
    ("int4", "9" * 5000),
    ("int8", 2**63),
    ("int8", [1]),
    ("numeric", "NaN"),
    ("numeric", "1e99999"),
    ("numeric", True),
    ("numeric", math.inf),
    ("float8", "inf"),
    ("float8", 10**400),
    ("float8", False),
    ("float4", 1e300),
    ("bool", 1),
    ("bool", "true"),
    ("text", {"a": 1}),
    ("text", "a\x00b"),
    ("text", "\ud800"),
    ("uuid", "not one"),
    ("uuid", 7),
    ("timestamptz", "yesterday"),
    ("timestamptz", 7),
    ("timestamp", "0001-01-01T00:00:00+14:00"),
    ("date", "2026-11-21T00:00:00Z"),
    ("date", "2026-02-30"),
    ("time", "05:47:00Z"),
    ("time", "25:00:00"),
    ("interval", "a while"),
    ("json", "a\x00"),
    ("jsonb", {"a": ["\x00"]}),
    ("jsonb", {"a\x00": 1}),
    ("json", "\ud800"),
    ("bytea", "!"),
    ("bytea", "abc"),
    ("mood", "happy"),
    ("email", "nobody"),
    ("int4[]", 1),
    ("int4[]", ["x"]),
    ("int4[]", [[1], [2, 3]]),
    ("mood[]", ["happy"]),
    ("inet", "nowhere"),
    ("point", "(1,2)"),
    ("spot", "(1,2)"),
    ("int4range", "[1,2)"),
]


async def test_values_that_do_not_fit_are_the_clients_mistake(database: PostgresDatabase) -> None:
    for type, value in MISFITS:
        with pytest.raises(OperationError) as caught:
            print(type, value, await shown(database, type, value))
        assert caught.value.code is Code.BAD_USER_INPUT
        assert caught.value.message.startswith(("A value ", "A date ", "A number ", "A text "))
        assert await shown(database, "int4", 1) == "1", "the connection is as good as before"


async def test_results_come_as_they_are_to_go_on(database: PostgresDatabase) -> None:
    async with database.session(writes=False) as connection:
        row = await connection.row(
            """select '{"a":1}'::json, '{"a":1}'::jsonb, '\\xdead'::bytea, 'x'::text, interval '1 day', null::json""",
            [],
        )
    assert row is not None
    assert list(row) == [b'{"a":1}', b'{"a": 1}', b"\xde\xad", "x", "P1D", None]


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(alphabet=st.characters()) | st.binary(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@given(
    st.sampled_from([*BY_NAME.values(), text, list_of(BY_NAME["int4"])]), values.filter(lambda value: value is not None)
)
def test_a_converter_converts_or_says_what_is_wanted(convert: object, value: Json) -> None:
    assert callable(convert)
    with suppress(Misfit):
        convert(value)
