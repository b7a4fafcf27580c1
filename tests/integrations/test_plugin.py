"""The package of docs/integrations.md, exactly as it is written there: built, installed, checked, served, and live."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from tests.cli.test_serve import PATIENCE, Served
from tests.test_packaging import install, run
from tidegate.testing.conformance import PROMISES

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "integrations.md").read_text()
FILES: dict[str, str] = dict(re.findall(r"^`([\w./]+)`\n\n```\w+\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL))


@asynccontextmanager
async def serving(python: Path, folder: Path) -> AsyncIterator[Served]:
    process = await asyncio.create_subprocess_exec(
        *(str(python), "-m", "tidegate", "serve", str(folder), "--port", "0"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    served = Served(process)
    try:
        yield served
    finally:
        await served.stop()


async def test_a_package_of_ones_own(tmp_path: Path) -> None:
    package = tmp_path / "package"
    for name, text in FILES.items():
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_text(text)
    run(sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", tmp_path / "dist", cwd=package)
    (wheel,) = (tmp_path / "dist").iterdir()
    python, site = install(tmp_path / "environment", wheel)
    # Tidegate as it is here, beside it.
    (site / "tidegate.pth").write_text(f"{ROOT}\n")
    project = tmp_path / "project"
    (package / "project").rename(project)
    tests = tmp_path / "tests"
    tests.mkdir()
    (package / "test_jsonfile.py").rename(tests / "test_jsonfile.py")
    assert "1 passed" in run(python, "-m", "pytest", "-q", "-p", "no:cacheprovider", tests, cwd=tests)
    # Somebody else's that is broken is in nobody's way.
    broken = site / "broken-1.0.dist-info"
    broken.mkdir()
    (broken / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (broken / "entry_points.txt").write_text("[tidegate.integrations]\nbroken = no_such_module:kind\n")
    run(python, "-m", "tidegate", "check", project, cwd=tmp_path)

    file = project / "notes.json"
    async with serving(python, project) as served, httpx.AsyncClient(timeout=PATIENCE) as client:
        address = (await served.until(r"is served at (\S+)"))[1]

        async def write(text: str) -> None:
            mutation = 'mutation($text: String!) { write(about: "tea", text: $text) }'
            answer = await client.post(address, json={"query": mutation, "variables": {"text": text}})
            assert answer.json() == {"data": {"write": text}, "extensions": {"refreshed": ["note"]}}

        asked = {"query": 'subscription { note(about: "tea") }'}
        async with client.stream("POST", address, json=asked, headers={"accept": "text/event-stream"}) as stream:
            frames = (json.loads(line[6:])["data"]["note"] async for line in stream.aiter_lines() if "data: {" in line)
            async with asyncio.timeout(PATIENCE):
                assert await anext(frames) is None
                await write("hot")
                assert await anext(frames) == "hot"
                file.write_text(json.dumps({"tea": "cold", "coffee": "black"}))
                assert await anext(frames) == "cold"
                await write("warm again")
                assert await anext(frames) == "warm again"
    assert json.loads(file.read_text()) == {"tea": "warm again", "coffee": "black"}


def test_it_is_short() -> None:
    written = FILES["pyproject.toml"] + FILES["tidegate_jsonfile.py"]
    assert len([line for line in written.splitlines() if line.strip()]) < 60
    assert len(FILES["tidegate_jsonfile.py"].splitlines()) < 60


def test_every_promise_is_named() -> None:
    assert [f"- `{promise.name}`: {promise.sentence}" for promise in PROMISES] == re.findall(
        r"^- `[\w-]+`: .*$", TEXT[TEXT.index("The promises:") :], re.MULTILINE
    )
