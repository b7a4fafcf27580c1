"""Random stories, one after the other, until one goes wrong."""

from __future__ import annotations

import asyncio
from pathlib import Path

from hypothesis import HealthCheck, given, seed, settings

from tests.realtime.stories.drawing import stories
from tests.realtime.stories.steps import Story
from tests.realtime.stories.theatre import Theatre


def play_season(folder: Path, postgres: str | None, *, examples: int, number: int) -> Theatre:
    """`number`: equal ones draw equal stories. Raises what went wrong in the smallest story that was found."""
    theatre = Theatre(folder, postgres)
    with asyncio.Runner() as runner:

        @seed(number)
        @settings(
            max_examples=examples, deadline=None, database=None, print_blob=False, suppress_health_check=[*HealthCheck]
        )
        @given(stories())
        def play(story: Story) -> None:
            runner.run(theatre.play(story))

        try:
            play()
        finally:
            runner.run(theatre.close())
    return theatre
