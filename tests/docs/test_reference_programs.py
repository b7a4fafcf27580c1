"""The programs of the reference, and a run as it shows one."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.docs.blocks import Block
from tests.docs.fragments import Fragments, place_of
from tests.docs.reference import PATIENCE, commands_of, of, tidegate
from tests.sandbox.script import run as run_javascript
from tidegate.core.json import Json
from tidegate.core.limits import Limits
from tidegate.core.program import Asked, HostRefused, Invocation, Language, Program, ProgramFailed
from tidegate.sandbox.sandbox import LocalSandbox


def test_javascript() -> None:
    page = "reference/programs.md"
    action, requests = of(page, "js")
    ran = run_javascript(action.text, row={"id": 1, "priority": "URGENT"})
    assert (ran.failure, ran.value) == (None, {})
    assert ran.asked == [("emit", ["role", "ticketFiled", {"id": 1}, "support"])]
    wrapped = f"function run({{ email, Authorization, url }}) {{\n{requests.text}\nreturn found; }}"
    given = {"email": "a@b.example", "Authorization": "x", "url": "https://c.example"}
    ran = run_javascript(wrapped, given, {"http": {"status": 200, "headers": {}, "data": '[{"name": "Ada"}]'}})
    assert (ran.failure, ran.value) == (None, [{"name": "Ada"}])
    get, post = [asked[0] for _, asked in ran.asked]
    assert (get["method"], json.loads(get["params"]["filter"])) == ("GET", {"email": "a@b.example"})
    assert (post["method"], post["url"], json.loads(post["data"])) == ("POST", "https://c.example", {"a": 1})


async def test_python() -> None:
    page = "reference/programs.md"
    judge, caught = of(page, "python")
    body = "".join(f"    {line}\n" for line in caught.text.splitlines())
    catching = f"def run(input, context):\n{body}    return 'caught'\n"
    programs = [
        Program("the step", Language.PYTHON, file, text)
        for file, text in ((place_of(judge), judge.text), ("functions/catching.py", catching))
    ]
    sandbox = LocalSandbox()
    try:
        assert await sandbox.load(programs, Limits(scriptCpu=PATIENCE, scriptTime=PATIENCE)) == ()
        deadline = asyncio.get_running_loop().time() + PATIENCE

        async def run(program: Program, host: House) -> Json:
            return (await sandbox.run(program, Invocation({"customer": 1}), host, deadline)).value

        house = House()
        assert await run(programs[0], house) == {"urgent": True, "text": "Ada"}
        assert [text for _, text in house.lines] == ["1 of 2 are urgent"]
        assert await run(programs[1], House(404)) == "caught"
        with pytest.raises(ProgramFailed):
            await run(programs[1], House(500))
    finally:
        await sandbox.close()


class House:
    """Answers what the programs of the page ask; with another status than 200, no person."""

    def __init__(self, status: int = 200) -> None:
        self.status = status
        self.lines: list[tuple[str, str]] = []

    async def ask(self, what: Asked, _arguments: Sequence[Json]) -> Json:
        if what is Asked.CALL:
            return [{"priority": "URGENT"}, {"priority": "NORMAL"}]
        if self.status != 200:
            raise HostRefused("There is no such person.", str(self.status), self.status)
        return {"status": 200, "headers": {}, "data": {"name": "Ada"}, "body": '{"name": "Ada"}'}

    def log(self, level: str, text: str) -> None:
        self.lines.append((level, text))


def test_a_run_as_it_happens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    page = "reference/runs.md"
    project = Fragments(tmp_path, page).project
    monkeypatch.chdir(project.parent)
    (command,), (steps, audit) = of(page, "bash"), of(page, "text")
    (words,) = commands_of(command)
    done = tidegate(*words)
    assert done.exit_code == 0, done.output
    assert unmeasured(steps).fullmatch(done.stderr.strip()), done.stderr
    with caplog.at_level("INFO", "tidegate.audit"):
        tidegate(*words, "--verbose")
    (line,) = [record.getMessage() for record in caplog.records if record.name == "tidegate.audit"]
    assert unmeasured(audit).fullmatch(line), line


def unmeasured(block: Block) -> re.Pattern[str]:
    """What matches the block with other times and ids."""
    pattern = re.escape(block.text.strip())
    pattern = re.sub(r"\d+\\\.\d\\ ms", r"\\d+\\.\\d\\ ms", pattern)
    return re.compile(re.sub(r"[0-9a-f]{8}…", "[0-9a-f]{32}", pattern))
