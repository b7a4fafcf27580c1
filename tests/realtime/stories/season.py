"""Random stories, one after the other, until one goes wrong."""

from __future__ import annotations

import asyncio

from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.realtime.stories.scenes import stories
from tests.realtime.stories.steps import Story
from tests.realtime.stories.theatre import Theatre


def play_season(theatre: Theatre, *, examples: int, number: int, shrink: bool = True) -> None:
    """`number`: equal ones draw equal stories. Raises what went wrong, in the smallest story that was found if it is to
    `shrink`. Closes the theatre."""
    phases = (Phase.explicit, Phase.generate, Phase.shrink) if shrink else (Phase.explicit, Phase.generate)
    with asyncio.Runner() as runner:

        @seed(number)
        @settings(
            max_examples=examples,
            deadline=None,
            database=None,
            phases=phases,
            report_multiple_bugs=False,
            suppress_health_check=[*HealthCheck],
        )
        @given(stories())
        def play(story: Story) -> None:
            runner.run(theatre.play(story))

        try:
            play()
        finally:
            runner.run(theatre.close())
