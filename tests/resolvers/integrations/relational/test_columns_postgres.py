"""PostgreSQL: every kind of column as every type that can show it, held against what PostgreSQL itself makes of it."""

from __future__ import annotations

import json
from typing import Any

import asyncpg
import pytest
import sqlalchemy as sa

from tests.conftest import alone
from tidegate.core.location import Location
from tidegate.core.types import EnumType, ListOf, Named, NonNull, TypeRef
from tidegate.resolvers.integrations.relational.cells import FLAW_MARK, Cell
from tidegate.resolvers.integrations.relational.columns import cell_json
from tidegate.resolvers.integrations.relational.dialect_postgres import POSTGRES
from tidegate.resolvers.integrations.relational.dialects import Fragment
from tidegate.resolvers.integrations.relational.tables import Family, ReflectedColumn

TYPES = {"Mood": EnumType("Mood", {"glad": "", "sad": ""}, Location("types.graphql"))}
F = Family


def one(name: str) -> TypeRef:
    return Named(name)


def many(name: str) -> TypeRef:
    return ListOf(NonNull(Named(name)))


CASES: list[tuple[str, Family, TypeRef, Any]] = [
    ("'a\"b'::text", F.TEXT, one("String"), 'a"b'),
    ("'A'::text", F.CITEXT, one("String"), "A"),
    ("'x'::varchar(5)", F.TEXT, one("ID"), "x"),
    ("'ab'::char(4)", F.TEXT, one("String"), "ab  "),
    ("interval '1 day 2 hours'", F.INTERVAL, one("String"), "P1DT2H"),
    ("int4range(1, 5)", F.OTHER, one("String"), "[1,5)"),
    ("to_tsvector('simple', 'a b')", F.OTHER, one("String"), "'a':1 'b':2"),
    ("inet '::1'", F.OTHER, one("String"), "::1/128"),
    ("7::smallint", F.SMALLINT, one("Int"), 7),
    ("7", F.INTEGER, one("ID"), "7"),
    ("7", F.INTEGER, one("Float"), 7),
    ("7", F.INTEGER, one("BigInt"), "7"),
    ("7", F.INTEGER, one("Decimal"), "7"),
    ("9007199254740993::bigint", F.BIGINT, one("BigInt"), "9007199254740993"),
    ("2147483647::bigint", F.BIGINT, one("Int"), 2147483647),
    ("1e20::numeric", F.NUMERIC, one("BigInt"), "100000000000000000000"),
    ("12.50::numeric", F.NUMERIC, one("Decimal"), "12.50"),
    ("12.50::numeric", F.NUMERIC, one("Float"), 12.5),
    ("12::numeric", F.NUMERIC, one("Int"), 12),
    ("0.1::real", F.REAL, one("Float"), 0.1),
    ("0.1::float8 + 0.2", F.FLOAT, one("Float"), 0.1 + 0.2),
    ("true", F.BOOLEAN, one("Boolean"), True),
    ("timestamptz '2026-11-21 05:47:00.125+02'", F.TIMESTAMPTZ, one("DateTime"), "2026-11-21T03:47:00.125Z"),
    ("timestamp '2026-11-21 05:47:00'", F.TIMESTAMP, one("DateTime"), "2026-11-21T05:47:00Z"),
    ("date '2026-02-28'", F.DATE, one("Date"), "2026-02-28"),
    ("time '05:47:00.5'", F.TIME, one("Time"), "05:47:00.5"),
    ("'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'::uuid", F.UUID, one("UUID"), "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
    ("'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'::text", F.TEXT, one("UUID"), "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
    ("'{\"a\": [1, null]}'::jsonb", F.JSONB, one("JSON"), {"a": [1, None]}),
    ("'[1,  2]'::json", F.JSON, one("JSON"), [1, 2]),
    ("'null'::jsonb", F.JSONB, one("JSON"), None),
    ("'a'::text", F.TEXT, one("JSON"), "a"),
    ("'\\x00ff'::bytea || decode(repeat('00', 60), 'hex')", F.BYTEA, one("Bytes"), "AP8" + "A" * 80 + "="),
    ("'glad'::mood", F.ENUM, one("Mood"), "glad"),
    ("'sad'::text", F.TEXT, one("Mood"), "sad"),
    ("array['a', 'b\"']", F.ARRAY, many("String"), ["a", 'b"']),
    ("array[1, 2]", F.ARRAY, many("ID"), ["1", "2"]),
    ("array[]::int[]", F.ARRAY, many("Int"), []),
    ("array[1, null]", F.ARRAY, ListOf(Named("Int")), [1, None]),
    ("array[1.5, 2]::numeric[]", F.ARRAY, many("Decimal"), ["1.5", "2"]),
    ("array['2026-01-01Z']::timestamptz[]", F.ARRAY, many("DateTime"), ["2026-01-01T00:00:00Z"]),
    ("array['glad']::mood[]", F.ARRAY, many("Mood"), ["glad"]),
]
ELEMENTS = {"String": F.TEXT, "ID": F.INTEGER, "Int": F.INTEGER, "Decimal": F.NUMERIC, "DateTime": F.TIMESTAMPTZ}

FLAWED: list[tuple[str, Family, TypeRef]] = [
    ("2147483648::bigint", F.BIGINT, one("Int")),
    ("-2147483649::bigint", F.BIGINT, one("Int")),
    ("1.5::numeric", F.NUMERIC, one("Int")),
    ("1.5::numeric", F.NUMERIC, one("BigInt")),
    ("'NaN'::numeric", F.NUMERIC, one("Decimal")),
    ("'NaN'::numeric", F.NUMERIC, one("BigInt")),
    ("'Infinity'::numeric", F.NUMERIC, one("Float")),
    ("'NaN'::float8", F.FLOAT, one("Float")),
    ("'-Infinity'::float8", F.FLOAT, one("Float")),
    ("'infinity'::timestamptz", F.TIMESTAMPTZ, one("DateTime")),
    ("'0044-03-15 BC'::timestamptz", F.TIMESTAMPTZ, one("DateTime")),
    ("'infinity'::date", F.DATE, one("Date")),
    ("'20000-01-01'::date", F.DATE, one("Date")),
    ("'angry'::text", F.TEXT, one("Mood")),
    ("'not a uuid'::text", F.TEXT, one("UUID")),
    ("array[1, null]", F.ARRAY, many("Int")),
    ("array[[1], [2]]", F.ARRAY, many("Int")),
    ("'x'::text", F.TEXT, one("Int")),
]


def reflected(sql: str, family: Family, type: TypeRef, *, nullable: bool) -> ReflectedColumn:
    inner = type.of if isinstance(type, ListOf) else None
    inner = inner.of if isinstance(inner, NonNull) else inner
    element = ELEMENTS.get(str(inner), F.ENUM) if inner else None
    labels = ("glad", "sad") if "mood" in sql else ()
    values, elements = (() if element else labels), (labels if element else ())
    return ReflectedColumn("c", family, nullable, values=values, element=element, element_values=elements)


def statement(
    sql: str, family: Family, type: TypeRef, *, nullable: bool = False, null: bool = False, release: int = 16
) -> str:
    column = reflected(sql, family, type, nullable=nullable)
    cell = Cell(Fragment(("t.c",)), type, column)
    text = POSTGRES.joined(['{"value":', cell_json(cell, POSTGRES, TYPES), "}"])
    source = f"(select nullif({sql}, {sql}) as c) as t" if null else f"(select {sql} as c) as t"
    query = sa.select(POSTGRES.bytes(text)).select_from(sa.text(source))
    return POSTGRES.compile(query, release)[0]


@pytest.fixture(scope="module")
def answers(postgres_url: str) -> dict[str, bytes]:
    """All statements of this module, asked in one go, in the words of older and of newer servers."""
    comparable = [case for case in CASES if case[1] is not F.JSON]

    def wanted(release: int) -> list[str]:
        def made(*case: Any, nullable: bool, null: bool = False) -> str:
            return statement(*case[:3], nullable=nullable, null=null, release=release)

        statements = [made(*case, nullable=nullable) for case in (*CASES, *FLAWED) for nullable in (False, True)]
        statements += [made(*case, nullable=True, null=True) for case in comparable]
        return statements + [made(case[0], case[1], NonNull(case[2]), nullable=True, null=True) for case in comparable]  # type: ignore[arg-type]

    async def ask() -> dict[str, bytes]:
        connection = await asyncpg.connect(
            postgres_url, server_settings={"timezone": "UTC", "intervalstyle": "iso_8601"}
        )
        await connection.execute("create type pg_temp.mood as enum ('glad', 'sad')")
        found = {}
        for older, newer in zip(wanted(16), wanted(17), strict=True):
            found[older] = await connection.fetchval(older)
            assert found[older] == await connection.fetchval(newer)
        await connection.close()
        return found

    return alone(ask())


@pytest.mark.parametrize("nullable", [False, True])
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]} as {case[2]}")
def test_shown(answers: dict[str, bytes], case: tuple[str, Family, TypeRef, Any], nullable: bool) -> None:
    body = answers[statement(*case[:3], nullable=nullable)]
    assert json.loads(body) == {"value": case[3]}
    if case[1] is not F.JSON:
        absent = answers[statement(*case[:3], nullable=True, null=True)]
        assert absent == b'{"value":null}'


@pytest.mark.parametrize("nullable", [False, True])
@pytest.mark.parametrize("case", FLAWED, ids=lambda case: f"{case[0]} as {case[2]}")
def test_flawed(answers: dict[str, bytes], case: tuple[str, Family, TypeRef], nullable: bool) -> None:
    body = answers[statement(*case, nullable=nullable)]
    assert FLAW_MARK in body
    assert "value" in json.loads(body)


@pytest.mark.parametrize("case", [case for case in CASES if case[1] is not F.JSON], ids=lambda case: f"{case[0]}")
def test_null_where_none_may_be(answers: dict[str, bytes], case: tuple[str, Family, TypeRef, Any]) -> None:
    body = answers[statement(case[0], case[1], NonNull(case[2]), nullable=True, null=True)]  # type: ignore[arg-type]
    assert json.loads(body) == {"value": None, "!": 1}
