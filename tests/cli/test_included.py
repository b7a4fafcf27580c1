"""`include:` at work: a folder beside the project is served, checked and watched with it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import httpx
import pytest
from click.testing import Result

from tests.cli.test_serve import PATIENCE, serving

Run: TypeAlias = Callable[..., Result]

COUNT = """
{name}:
  kind: query
  minRole: anonymous
  returns: Int!
  run: {{ use: db, sql: sql/count.sql }}
"""


@pytest.fixture
def shared(desk: Path) -> Path:
    """The desk includes it."""
    settings = desk / "tidegate.yaml"
    settings.write_text(f"{settings.read_text()}\ninclude: ../shared\n")
    folder = desk.parent / "shared"
    (folder / "operations").mkdir(parents=True)
    (folder / "sql").mkdir()
    (folder / "operations/counts.yaml").write_text(COUNT.format(name="howMany"))
    (folder / "sql/count.sql").write_text("select count(*) from tickets")
    return folder


def test_what_is_shared_is_run(tidegate: Run, desk: Path, shared: Path) -> None:
    assert tidegate("check", desk).exit_code == 0
    assert "at ../shared/operations/counts.yaml:2:1" in tidegate("plan", desk, "howMany").stdout
    ran = tidegate("run", desk, "howMany")
    assert json.loads(ran.stdout)["data"]["howMany"] > 0, ran.stderr
    (shared / "sql/count.sql").write_text("select count(*) from tickets where id = {{ args.no }}")
    checked = tidegate("check", desk)
    assert checked.exit_code == 1
    assert checked.stderr.startswith("../shared/sql/count.sql:1:49: ")


async def test_changes_of_what_is_shared_are_taken_up(desk: Path, shared: Path) -> None:
    counts = shared / "operations/counts.yaml"
    async with serving(desk, "--reload") as served:
        address = (await served.until(r"is served at (\S+)"))[1]
        async with httpx.AsyncClient(timeout=PATIENCE) as client:

            async def knows(name: str) -> bool:
                answer = await client.post(address, json={"query": f"{{ {name} }}"})
                return "data" in answer.json()

            assert await knows("howMany")
            counts.write_text(COUNT.format(name="thatMany").replace("anonymous", "anonymus"))
            await served.until(r'\.\./shared/operations/counts\.yaml:4:12: .*Did you mean "anonymous"\?')
            await served.until("Still serving what was served before")
            counts.write_text(COUNT.format(name="thatMany"))
            await served.until("Reloaded")
            assert await knows("thatMany")
            assert not await knows("howMany")


def test_two_folders_have_programs_of_the_same_name(tidegate: Run, desk: Path) -> None:
    settings = desk / "tidegate.yaml"
    settings.write_text(f"{settings.read_text()}\ninclude: [../one, ../two]\n")
    for name in ("one", "two"):
        folder = desk.parent / name
        (folder / "operations").mkdir(parents=True)
        (folder / "functions").mkdir()
        (folder / "operations/say.yaml").write_text(f"""
{name}:
  kind: query
  minRole: anonymous
  returns: JSON
  steps:
    - {{ as: script, js: functions/say.js }}
    - {{ as: snake, python: functions/say.py }}
    - {{ return: [$script, $snake] }}
{name}Fails: {{ kind: query, minRole: anonymous, returns: JSON, steps: [{{ js: functions/fail.js }}] }}
""")
        (folder / "functions/say.js").write_text(f"function run() {{ return '{name} in JavaScript'; }}")
        (folder / "functions/say.py").write_text(f"def run(input, context):\n    return '{name} in Python'\n")
        (folder / "functions/fail.js").write_text(f"function run() {{\n  throw new Error('{name} failed'); }}")
    for name in ("one", "two"):
        ran = tidegate("run", desk, name)
        assert json.loads(ran.stdout) == {"data": {name: [f"{name} in JavaScript", f"{name} in Python"]}}, ran.stderr
        failed = tidegate("run", desk, f"{name}Fails")
        assert f"../{name}/functions/fail.js:2" in failed.stderr
        assert "functions/" not in failed.stdout
