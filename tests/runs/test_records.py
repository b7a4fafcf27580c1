"""A run as it is kept, and back."""

from __future__ import annotations

import json

import pytest

from tests.runs.made import made
from tidegate.core.json import Json
from tidegate.core.runs import Failure, Run, RunLine, StepRun
from tidegate.runs.records import MOST, MOST_TEXT, read_record, record_of, run_of

FAILURE = Failure("ACTION_FAILED", "No.", "functions/judge.js:3:9", "Error: No.\n  at run")


def told(run: Run) -> Json:
    """Everything about it."""
    return json.loads(record_of(run).text)  # type: ignore[no-any-return]


@pytest.mark.parametrize("failure", [None, FAILURE])
def test_there_and_back(failure: Failure | None) -> None:
    run = made(failure=failure)
    run.responded = 0.002
    record = record_of(run)
    assert (record.id, record.function) == (run.id, "triageTicket")
    again = run_of(record)
    assert told(again) == told(run)
    assert again.steps[1].failure == failure
    assert again.lines[0].text == "It is late."
    assert again.masked == ("password",)


def test_a_run_that_was_cut_off() -> None:
    run = made()
    run.seconds = run.steps[0].seconds = None
    again = run_of(record_of(run))
    assert (again.seconds, again.steps[0].seconds) == (None, None)


@pytest.mark.parametrize("value", ["\ud800", 2**70, float("inf"), "\x00\x1b[2J", {"a": [1, {"b": None}]}])
def test_whatever_a_client_sends_is_kept(value: Json) -> None:
    again = run_of(record_of(made(arguments={"value": value})))
    assert again.arguments["value"] in (value, None)


def test_long_arguments_are_left_out() -> None:
    record = record_of(made(arguments={"text": "x" * MOST}))
    assert read_record(record)["cut"] == ["arguments"]
    again = run_of(record)
    assert again.arguments == {}
    assert len(again.steps) == 2
    assert again.user["id"] == 7


def test_arguments_that_are_nested_too_deep() -> None:
    value: Json = None
    for _ in range(100_000):
        value = [value]
    assert read_record(record_of(made(arguments={"value": value})))["cut"] == ["arguments"]


def test_of_many_steps_and_lines_the_first_are_kept() -> None:
    run = made(failure=FAILURE)
    run.skipped = 5
    run.steps += [StepRun(number, 1, "value", "v" * 500, "a.yaml:1:1", 0.0, 0.0) for number in range(3, 500)]
    run.lines += [RunLine(2, "a.js", "log", "é" * 10_000) for _ in range(500)]
    record = record_of(run)
    assert MOST - 3000 < len(record.text) <= MOST
    found, again = read_record(record), run_of(record)
    assert [step.number for step in again.steps] == list(range(1, len(again.steps) + 1))
    assert found["skipped"] == 5 + len(run.steps) - len(again.steps)
    assert found["unread"] == len(run.lines) - len(again.lines)
    assert again.failure == FAILURE


def test_texts_are_shortened_where_the_whole_is_too_long() -> None:
    run = made(failure=Failure("ACTION_FAILED", "m" * MOST, "p" * MOST, "s" * MOST))
    run.lines = [RunLine(2, "a.js", "log", "x" * MOST)]
    record = record_of(run)
    assert len(record.text) <= MOST
    again = run_of(record)
    assert again.failure is not None
    assert len(again.failure.message) == MOST_TEXT
    assert again.lines[0].text == "x" * MOST_TEXT
