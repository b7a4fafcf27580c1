"""Durations and sizes."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.core.units import DURATION_PATTERN, SIZE_PATTERN, parse_duration, parse_size


@pytest.mark.parametrize(
    ("text", "seconds"), [("50ms", 0.05), ("5s", 5.0), ("1.5s", 1.5), ("2m", 120.0), ("1h", 3600.0), ("1d", 86400.0)]
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    ("text", "size"), [("7B", 7), ("2kB", 2000), ("2KiB", 2048), ("1.5MiB", 1572864), ("1GB", 10**9), ("1GiB", 2**30)]
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "5", "s", "-5s", "5 s", "5S", "5sec", "1e3s", "0x5s", "٥s", "5s\n", "nan s"])
def test_neither(text: str) -> None:
    assert parse_duration(text) is None
    assert parse_size(text) is None


@given(st.text("0123456789.msdhkKMGiB ", max_size=8))
def test_the_editor_knows_the_same(text: str) -> None:
    assert (parse_duration(text) is not None) == bool(re.search(DURATION_PATTERN, text))
    assert (parse_size(text) is not None) == bool(re.search(SIZE_PATTERN, text))


@given(st.integers(0, 10**6))
def test_units_are_multiples(number: int) -> None:
    assert parse_duration(f"{number}s") == number
    assert parse_duration(f"{number * 1000}ms") == number
    assert parse_size(f"{number}KiB") == number * 1024
