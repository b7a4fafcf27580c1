from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.core.json import Json
from tidegate.core.literals import coerce_literal
from tidegate.core.scalar_forms import Invalid
from tidegate.core.scalar_inputs import DEEPEST
from tidegate.core.types import Named
from tidegate.schema.scalars import SCALARS


def deep(levels: int) -> Json:
    value: Json = 1
    for _ in range(levels):
        value = [value]
    return value


TAKEN: list[tuple[str, Json, Json]] = [
    ("Int", 0, 0),
    ("Int", -(2**31), -(2**31)),
    ("Int", 3.0, 3),
    ("Float", 1, 1.0),
    ("Float", -0.5, -0.5),
    ("String", "", ""),
    ("String", "a\x00b", "a\x00b"),
    ("String", "🌊", "🌊"),
    ("Boolean", False, False),
    ("ID", "a", "a"),
    ("ID", 12, "12"),
    ("DateTime", "2026-11-21T05:47:00Z", "2026-11-21T05:47:00Z"),
    ("DateTime", "2026-11-21t05:47:00z", "2026-11-21T05:47:00Z"),
    ("DateTime", "2026-11-21T05:47:00.5+02:00", "2026-11-21T03:47:00.500000Z"),
    ("DateTime", "2026-11-21T05:47-00:30", "2026-11-21T06:17:00Z"),
    ("Date", "2024-02-29", "2024-02-29"),
    ("Time", "05:47", "05:47:00"),
    ("Time", "05:47:00.123456", "05:47:00.123456"),
    ("Decimal", "12.50", "12.50"),
    ("Decimal", "+.5", "0.5"),
    ("Decimal", "-0", "0"),
    ("Decimal", "1e3", "1000"),
    ("Decimal", 0.1, "0.1"),
    ("Decimal", 7, "7"),
    ("BigInt", "9007199254740993", "9007199254740993"),
    ("BigInt", "-007", "-7"),
    ("BigInt", 2**63 - 1, str(2**63 - 1)),
    ("BigInt", 5.0, "5"),
    ("UUID", "123E4567-E89B-42D3-A456-426614174000", "123e4567-e89b-42d3-a456-426614174000"),
    ("JSON", {"a": [None, 1, 1.5, "x", {"b": True}]}, {"a": [None, 1, 1.5, "x", {"b": True}]}),
    ("JSON", 2**64 - 1, 2**64 - 1),
    ("JSON", deep(DEEPEST), deep(DEEPEST)),
    ("Bytes", "", ""),
    ("Bytes", "aGVsbG8=", "aGVsbG8="),
]

NOT_TAKEN: dict[str, tuple[Json, ...]] = {
    "Int": ("1", True, 1.5, 2**31, -(2**31) - 1, 10**400, float("nan"), [], {}),
    "Float": ("1", True, float("nan"), float("inf"), 10**400, []),
    "String": (1, True, [], {}, "\ud800", "a\udfffb"),
    "Boolean": (0, 1, "true", []),
    "ID": (1.0, True, [], "\ud800", 10**400),
    "DateTime": (
        1,
        "",
        "2026-11-21",
        "2026-11-21T05:47:00",
        "2026-11-21 05:47:00Z",
        "2026-02-30T05:47:00Z",
        "2026-11-21T25:47:00Z",
        "2026-11-21T05:47:60Z",
        "2026-11-21T05:47:00.1234567Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-12:00",
        "2026-11-21T05:47:00+25:00",
        "20261121T054700Z",
        "２026-11-21T05:47:00Z",
        "2026-11-21T05:47:00Z\n",
    ),
    "Date": (1, "", "2023-02-29", "2026-1-1", "20261121", "2026-W01-1", "2026-11-21T00:00:00Z"),
    "Time": (1, "", "5:47", "24:00", "05:47:00Z", "05:47:61", "T05:47", "05:47:00.1234567"),
    "Decimal": (
        "",
        "x",
        "NaN",
        "Infinity",
        "1e99999",
        "1e9999",
        "1_000",
        "0x1",
        True,
        float("inf"),
        10**2000,
        "٣",
    ),
    "BigInt": ("", "1.0", "x", 2**63, str(2**63), -(2**63) - 1, 1.5, 1e300, True, "1" * 100),
    "UUID": (1, "", "123e4567e89b42d3a456426614174000", "{123e4567-e89b-42d3-a456-426614174000}", "g" * 36),
    "Bytes": (1, "a", "aGVsbG8", "aGVs bG8=", "-_-_", "ü"),
    "JSON": (float("nan"), {"a": float("inf")}, 2**64, [-(2**63) - 1], "\ud800", {"\ud800": 1}, deep(101)),
}
REFUSED = [(name, value) for name, values in NOT_TAKEN.items() for value in values]


@pytest.mark.parametrize(("name", "value", "expected"), TAKEN)
def test_what_clients_may_write_becomes_canonical(name: str, value: Json, expected: Json) -> None:
    taken = SCALARS[name].take(value)
    assert taken == expected
    assert type(taken) is type(expected)
    assert SCALARS[name].take(taken) == taken


@pytest.mark.parametrize(("name", "value"), REFUSED)
def test_everything_else_is_refused_without_repeating_it(name: str, value: Json) -> None:
    with pytest.raises(Invalid) as caught:
        SCALARS[name].take(value)
    assert caught.value.message.startswith("Expected ")
    assert caught.value.message.endswith(".")
    assert caught.value.message.isascii()
    assert len(caught.value.message) < 150


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=300)
@given(st.sampled_from(sorted(SCALARS)), json_values)
def test_any_json_value_is_taken_or_refused(name: str, value: Json) -> None:
    scalar = SCALARS[name]
    try:
        taken = scalar.take(value)
    except Invalid:
        return
    assert scalar.take(taken) == taken
    assert scalar.show(taken) == taken


@settings(max_examples=300)
@given(st.sampled_from(sorted(SCALARS)), json_values)
def test_any_json_value_is_shown_or_refused(name: str, value: Json) -> None:
    scalar = SCALARS[name]
    try:
        shown = scalar.show(value)
    except Invalid:
        return
    assert name == "JSON" or scalar.show(shown) == shown


@pytest.mark.parametrize(("name", "value", "expected"), TAKEN)
def test_authors_and_clients_values_travel_in_one_form(name: str, value: Json, expected: Json) -> None:
    authors = coerce_literal(SCALARS[name].take(value), Named(name), {})
    assert authors == expected


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("Int", "12", 12),
        ("Int", True, 1),
        ("Float", "1.5", 1.5),
        ("String", 12, "12"),
        ("String", False, "false"),
        ("ID", 3, "3"),
        ("ID", 3.0, "3"),
        ("Boolean", 0, False),
        ("Decimal", 12.5, "12.5"),
        ("BigInt", 2**80, str(2**80)),
        ("Time", "05:47:00+02:00", "05:47:00+02:00"),
        ("DateTime", "2026-11-21T05:47:00+00:00", "2026-11-21T05:47:00+00:00"),
    ],
)
def test_what_results_may_be(name: str, value: Json, expected: Json) -> None:
    assert SCALARS[name].show(value) == expected
