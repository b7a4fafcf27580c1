"""The suite of promises finds every fault that is planted, and none where there is none."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import replace
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest

from tests.integrations.faulty import REQUESTS, SECRET, FaultyKind, write_elsewhere
from tidegate.testing import BrokenPromises, Report, check_integration
from tidegate.testing.conformance import PROMISES

FAULTS = {
    "settings of no type": "settings-schema",
    "settings with words nobody holds": "settings-schema",
    "settings without description": "settings-schema",
    "open settings": "settings-closed",
    "create raises ValueError": "settings-refused",
    "create writes a file": "create-quiet",
    "create connects": "create-quiet",
    "create wants an event loop": "create-quiet",
    "name changes": "names",
    "source changes": "names",
    "source is its name": "touches",
    "verb that cannot be written": "verbs",
    "request schema raises": "verbs",
    "request schema is none": "verbs",
    "prepare raises TypeError": "prepare-refuses",
    "unknown keys are taken": "closed-bodies",
    "describes nothing": "describe",
    "reads nothing": "reads",
    "reads raises": "reads",
    "reads another source": "reads",
    "unknown values are taken for none": "reads",
    "reach is empty": "reads",
    "answers differ": "answers",
    "readers touch": "answers",
    "many in another order": "many",
    "many stops early": "many",
    "many raises": "many",
    "other exceptions": "operation-errors",
    "refused calls write": "refused",
    "reading sessions write": "reading-only",
    "exceptions commit": "undone",
    "exceptions are swallowed": "undone",
    "exceptions become others": "undone",
    "writes leave at once": "undone",
    "cancellations commit": "cancelled",
    "cancellations are swallowed": "cancelled",
    "attempts commit": "attempt",
    "attempts are kept": "attempt",
    "attempts swallow": "attempt",
    "irrevocable, and leaves at once": "kept-back",
    "too many at once": "together",
    "nobody there is somebody": "unreachable",
    "never usable after a cancellation": "usable",
    "cannot be closed unopened": "close",
    "cannot be closed twice": "close",
    "leaves a task": "close",
    "leaves a thread": "close",
    "leaves a connection": "close",
    "commits are lost": "touches",
    "writers touch nothing": "touches",
    "writers touch other rows": "touches",
    "failures are not told": "told-anyway",
    "nobody is told": "outside",
    "secret in repr": "secrets",
    "secret in description": "secrets",
    "secret in an error": "secrets",
    "secret in the log": "secrets",
}


async def examined(fault: str, folder: Path, promises: Collection[str] = (), patience: float = 60.0) -> Report:
    place = uuid4().hex
    try:
        return await check_integration(
            FaultyKind(fault),
            {"place": place, "password": SECRET},
            [replace(each, at_once=fault == "failures are not told") for each in REQUESTS],
            folder=folder,
            secrets=[SECRET],
            elsewhere=partial(write_elsewhere, place),
            unreachable={"place": "nowhere", "password": SECRET} if "nobody there" in fault else None,
            promises=promises,
            patience=patience,
        )
    except BrokenPromises as broken:
        return broken.report


async def test_nothing_is_found_where_nothing_is_wrong(tmp_path: Path) -> None:
    report = await examined("", tmp_path)
    assert not report.broken, str(report)
    assert "0 of 28 promises of an integration are broken." in str(report)
    assert {promise.name for promise in [*report.kept, *report.untested]} == {promise.name for promise in PROMISES}
    assert {promise.name for promise in report.untested} == {"unreachable", "kept-back", "told-anyway"}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.filterwarnings("ignore::ResourceWarning")
async def test_what_is_wrong_is_found(fault: str, tmp_path: Path) -> None:
    # Secrets come to light while other promises are looked at.
    promises = () if FAULTS[fault] == "secrets" else {FAULTS[fault]}
    report = await examined(fault, tmp_path, promises, patience=1.0)
    assert FAULTS[fault] in {promise.name for promise in report.broken}, str(report)
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()


def test_every_promise_has_a_fault() -> None:
    # What the suite cannot do without has a test of its own.
    assert set(FAULTS.values()) == {promise.name for promise in PROMISES} - {"requests"}


async def test_what_is_broken_is_told(tmp_path: Path) -> None:
    with pytest.raises(BrokenPromises) as caught:
        await check_integration(FaultyKind("reads nothing"), {"place": "here"}, REQUESTS, promises=["reads"])
    first, *rest = str(caught.value).splitlines()
    assert first == "1 of 2 promises of an integration are broken."
    assert "BROKEN reads: reads never raises, names its source" in rest[1]
    assert '  - get with {"name": "a"} reads nothing, it says: nobody would ever be told of a change' in rest
    with pytest.raises(BrokenPromises, match="BROKEN requests"):
        await check_integration(FaultyKind(""), {}, REQUESTS)
