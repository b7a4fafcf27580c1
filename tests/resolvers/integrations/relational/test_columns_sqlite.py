"""SQLite: whatever is in a column, as every type: shown, or flawed; always JSON."""

from __future__ import annotations

import json
import sqlite3
from math import isfinite
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from tidegate.core.location import Location
from tidegate.core.types import SCALARS, EnumType, ListOf, Named, NonNull, TypeRef
from tidegate.resolvers.integrations.relational.cells import FLAW_MARK, Cell
from tidegate.resolvers.integrations.relational.columns import cell_json
from tidegate.resolvers.integrations.relational.dialect_sqlite import SQLITE
from tidegate.resolvers.integrations.relational.dialects import Fragment
from tidegate.resolvers.integrations.relational.functions import FUNCTIONS
from tidegate.resolvers.integrations.relational.tables import Family, ReflectedColumn

TYPES = {"Mood": EnumType("Mood", {"glad": "", "sad": ""}, Location("types.graphql"))}
NAMES = sorted({*SCALARS, "Mood"})

connection = sqlite3.connect(":memory:", check_same_thread=False)
for name, (arity, function) in FUNCTIONS.items():
    connection.create_function(name, arity, function, deterministic=True)


def shown(value: object, type: TypeRef) -> bytes:
    cell = Cell(Fragment(("t.c",)), type, ReflectedColumn("c", Family.UNKNOWN), strict=False)
    text = SQLITE.joined(['{"value":', cell_json(cell, SQLITE, TYPES), "}"])
    sql, _, _ = SQLITE.compile(sa.select(SQLITE.bytes(text)).select_from(sa.text("(select ? as c) as t")))
    found: bytes = connection.execute(sql, (value,)).fetchone()[0]
    return found


CASES: list[tuple[object, str, Any]] = [
    ('a"b\\\n\0é🐘', "String", 'a"b\\\n\0é🐘'),
    (5, "String", "5"),
    (5, "ID", "5"),
    (5.0, "ID", "5"),
    ("x", "ID", "x"),
    (-(2**31), "Int", -(2**31)),
    (2**63 - 1, "BigInt", str(2**63 - 1)),
    (0.1 + 0.2, "Float", 0.1 + 0.2),
    (5e-324, "Float", 5e-324),
    (7, "Float", 7),
    (12.5, "Decimal", "12.5"),
    ("12.50", "Decimal", "12.50"),
    (1e22, "Decimal", "10000000000000000000000"),
    (7, "Decimal", "7"),
    (1, "Boolean", True),
    (0, "Boolean", False),
    ("2026-11-21T05:47:00.000Z", "DateTime", "2026-11-21T05:47:00Z"),
    ("2026-11-21T05:47:00.120Z", "DateTime", "2026-11-21T05:47:00.12Z"),
    ("2026-11-21T05:47:00Z", "DateTime", "2026-11-21T05:47:00Z"),
    ("2026-11-21 05:47:00", "DateTime", "2026-11-21T05:47:00Z"),
    ("2026-11-21 05:47:00.123456", "DateTime", "2026-11-21T05:47:00.123456Z"),
    ("2026-11-21T05:47:00+02:00", "DateTime", "2026-11-21T03:47:00Z"),
    ("2026-11-21 05:47", "DateTime", "2026-11-21T05:47:00Z"),
    (0, "DateTime", "1970-01-01T00:00:00Z"),
    (2440587.5, "DateTime", "1970-01-01T00:00:00Z"),
    ("2026-02-28", "Date", "2026-02-28"),
    ("2026-02-28 00:00:00", "Date", "2026-02-28"),
    ("05:47:00", "Time", "05:47:00"),
    ("05:47:00.5", "Time", "05:47:00.500000"),
    ("A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "UUID", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
    (bytes(range(16)), "UUID", "00010203-0405-0607-0809-0a0b0c0d0e0f"),
    ('{"a": [1, null]}', "JSON", {"a": [1, None]}),
    ("not json", "JSON", "not json"),
    (5, "JSON", 5),
    (b"\0\xff", "Bytes", "AP8="),
    ("text", "Bytes", "dGV4dA=="),
    ("glad", "Mood", "glad"),
]

FLAWED: list[tuple[object, str]] = [
    *((b"\xff", "String"), (b"x", "ID"), (2**31, "Int"), ("x", "Int"), (1.5, "Int"), ("x", "BigInt"), (1.5, "BigInt")),
    *((float("inf"), "Float"), ("x", "Float"), ("x", "Decimal"), (float("-inf"), "Decimal"), (2, "Boolean")),
    *(("true", "Boolean"), ("yesterday", "DateTime"), ('2026-11-21T05:47:00"Z', "DateTime"), (10**17, "DateTime")),
    *(("2026-13-01T00:00:00", "DateTime"), ("2026-02-28 01:00", "Date"), (5, "Date"), ("5", "Time"), ("x", "UUID")),
    *((b"x", "UUID"), (b"x", "JSON"), ("angry", "Mood"), ('glad"', "Mood"), (1, "Mood")),
]


@pytest.mark.parametrize(("value", "name", "expected"), CASES)
def test_shown(value: object, name: str, expected: Any) -> None:
    for type in (Named(name), NonNull(Named(name))):
        body = shown(value, type)
        assert json.loads(body) == {"value": expected}


@pytest.mark.parametrize(("value", "name"), FLAWED)
def test_flawed(value: object, name: str) -> None:
    body = shown(value, Named(name))
    assert FLAW_MARK in body
    assert json.loads(body)["value"] is not None


@pytest.mark.parametrize("name", NAMES)
def test_null(name: str) -> None:
    assert shown(None, Named(name)) == b'{"value":null}'
    assert json.loads(shown(None, NonNull(Named(name)))) == {"value": None, "!": 1}


def test_lists_are_left_to_graphql() -> None:
    assert json.loads(shown('["a", 1]', ListOf(Named("String")))) == {"value": ["a", 1], "!": 1}
    assert json.loads(shown("not a list", ListOf(Named("String")))) == {"value": "not a list", "!": 1}
    assert shown(None, ListOf(Named("String"))) == b'{"value":null}'


VALUES = (
    st.none()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.text(alphabet=st.characters(exclude_categories=["Cs"]))
    | st.binary()
)


@given(value=VALUES, name=st.sampled_from(NAMES))
def test_whatever_is_kept_is_json(value: Any, name: str) -> None:
    body = shown(value, Named(name))
    found = json.loads(body.decode())
    if name == "Float" and isinstance(value, float) and isfinite(value):
        assert found == {"value": value}
    if name == "String" and isinstance(value, str):
        assert found == {"value": value}
