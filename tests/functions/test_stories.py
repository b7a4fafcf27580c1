"""Golden cases of functions: each story is played, and must come to be what is written.

`TIDEGATE_TELL=1 pytest tests/functions` writes what came of the commands instead; read it before you believe it.
"""

from __future__ import annotations

import logging
import os
from difflib import unified_diff
from pathlib import Path

import pytest

from tests.functions.player import LogLines, Player
from tests.functions.stories import read_story
from tests.functions.upstream import Upstream
from tests.functions.world import open_world

STORIES = sorted((Path(__file__).parent / "stories").glob("*.md"))
ALSO = {"postgres": "Also on PostgreSQL", "mysql": " and MariaDB."}
"""What a story says that is told there, too."""
TOLD = [
    *((path, "sqlite") for path in STORIES),
    *((path, kind) for kind, words in ALSO.items() for path in STORIES if words in path.read_text()),
]


@pytest.mark.parametrize(("path", "kind"), TOLD, ids=[f"{path.stem}-{kind}" for path, kind in TOLD])
async def test_story(path: Path, kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    database = str(tmp_path / "notes.db") if kind == "sqlite" else request.getfixturevalue(f"{kind}_database")
    story, log = read_story(path), LogLines()
    logger = logging.getLogger("tidegate")
    upstream = Upstream(story.server)
    async with upstream.server:
        world = await open_world(tmp_path / "project", database, story.files, story.limits, upstream.server.port)
        logger.addHandler(log)
        try:
            player = Player(world, upstream, log)
            outcomes = [await player.play(commands) for commands in story.commands]
        finally:
            logger.removeHandler(log)
            await world.gateway.close()
    compare(path, story.text, story.told(outcomes))


def compare(path: Path, written: str, told: str) -> None:
    if os.environ.get("TIDEGATE_TELL"):
        path.write_text(told)
    if told != written:
        pytest.fail("\n".join(unified_diff(written.splitlines(), told.splitlines(), "written", "came", lineterm="")))
