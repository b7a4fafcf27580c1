"""Scripts that mean harm, in the engine alone: each is the failure of that run, or harmless, and the next run is clean.

Those that must be stopped from outside are in tests of processes."""

from __future__ import annotations

import json

import pytest

from tests.sandbox.hostile_scripts import SCRIPTS as ALL
from tests.sandbox.hostile_scripts import Hostile
from tests.sandbox.script import FILE, Refusal, run
from tidegate.core.program import Language

SCRIPTS = [script for script in ALL if script.language is Language.JAVASCRIPT]
REFUSED = Refusal("The gateway refuses.", "Refused")
ANSWERS = {
    "compare": False,
    "emit": {"status": 200, "message": "ok"},
    "http": REFUSED,
    "call": REFUSED,
    "hash": REFUSED,
}
FAULTS = {"throws": "thrown", "exceeds": "limit", "breaks": "broken"}


def test_there_are_many() -> None:
    assert len(SCRIPTS) > 100


@pytest.mark.parametrize("script", [script for script in SCRIPTS if script.outcome != "stops"], ids=str)
def test_script(script: Hostile) -> None:
    done = run(script.code, {"title": "Tidy"}, ANSWERS)
    if script.outcome == "answers":
        assert done.failure is None, done.failure
        assert not script.what or done.value == json.loads(script.what)
    else:
        failure = done.failed()
        assert failure.fault == FAULTS[script.outcome], failure
        assert script.what in failure.message
        assert not failure.place or failure.place.startswith(f"{FILE}:")
        assert len(failure.message) <= 4200
        assert "kernel" not in failure.stack
    again = run("function run(input) { console.log({ a: [1] }); return [input, {}.value, Object.keys([])]; }", {"a": 1})
    assert again.value == [{"a": 1}, None, []]
    assert again.lines == [("log", "{ a: [ 1 ] }")]
