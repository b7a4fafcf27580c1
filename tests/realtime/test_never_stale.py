"""Random service desks, random people who watch, and random writes: whatever anybody is shown was true for them, and
after each quiet moment it is what a fresh query by the same user answers. CONTRIBUTING.md says how to go on for longer.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.realtime.stories.season import play_season
from tests.realtime.stories.theatre import Theatre

EXAMPLES = 8
"""Of one to four acts: about a quarter of a minute on each database, on an idle machine. Each of the faults in
`stories/faults.py` is found in as many."""


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_nothing_is_stale_and_nothing_is_shown_to_others(tmp_path: Path, postgres_url: str, database: str) -> None:
    postgres = postgres_url if database == "postgres" else None
    theatre = Theatre(tmp_path, postgres)

    play_season(theatre, examples=EXAMPLES, number=7)

    assert theatre.stories >= EXAMPLES
    assert theatre.frames > theatre.stories
