"""docs/reference/runs.md says what there is."""

from __future__ import annotations

import re
from pathlib import Path

import orjson
import pytest

from tests.runs.made import made
from tidegate.core.limits import Limits
from tidegate.core.runs import Failure
from tidegate.logs import JsonLines
from tidegate.runs import records
from tidegate.runs.audit import MOST_ARGUMENTS, AuditLog
from tidegate.runs.history import WAITING
from tidegate.runs.store import CLAIMS_KEPT

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "runs.md").read_text(encoding="utf-8")


def fields(heading: str) -> list[str]:
    """The names in the first column of the first table after the heading."""
    table = PAGE.split(heading, 1)[1].split("|---|---|\n", 1)[1].split("\n\n", 1)[0]
    return [name for row in table.splitlines() for name in re.findall(r"`(\w+)`", row.split("|")[1])]


def test_fields_of_a_record() -> None:
    assert sorted(fields("### What is kept")) == sorted(records.read_record(records.record_of(made())))


def test_fields_of_the_audit_line(caplog: pytest.LogCaptureFixture) -> None:
    run = made(failure=Failure("TIMEOUT", "Too long.", "a.js:1:1"))
    run.responded = 0.001
    with caplog.at_level("INFO", "tidegate.audit"):
        AuditLog().ended(run)
    audit = orjson.loads(JsonLines().format(caplog.records[0]))["audit"]
    assert sorted(fields("## The audit line")) == sorted(audit)


def test_numbers() -> None:
    for said in (
        f"`limits.runsKept`, {Limits().runsKept};",
        f"`limits.runSteps`, {Limits().runSteps}:",
        f"{records.MOST // 1024} KiB: then texts are shortened to {records.MOST_TEXT} characters",
        f"stacks to {records.MOST_STACK}, arguments of more than {records.MOST_ARGUMENTS // 1024} KiB",
        f"users of more than {records.MOST_USER // 1024} KiB left out",
        f"| Runs that wait to be written | {WAITING} |",
        f"{MOST_ARGUMENTS // 1024} KiB at most: a value",
    ):
        assert said in PAGE, said
    assert "forgotten after seven days" in PAGE
    assert CLAIMS_KEPT == 7 * 24 * 3600
