"""Random service desks, random people who watch, and random writes: whatever anybody is shown was true for them, and
after each quiet moment it is what a fresh query by the same user answers. CONTRIBUTING.md says how to go on for longer.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.realtime.stories.season import play_season
from tests.realtime.stories.theatre import Theatre

EXAMPLES = {"sqlite": 8, "postgres": 8, "mysql": 4}
"""Of one to four acts: about a quarter of a minute on each database, on an idle machine. Each of the faults in
`stories/faults.py` is found in as many."""


@pytest.mark.parametrize("database", ["sqlite", "postgres", "mysql"])
def test_nothing_is_stale_and_nothing_is_shown_to_others(
    tmp_path: Path, request: pytest.FixtureRequest, database: str
) -> None:
    server = None
    if database == "postgres":
        server = request.getfixturevalue("postgres_url")
    if database == "mysql":
        server = request.getfixturevalue("mysql_server").url
    theatre = Theatre(tmp_path, server)

    play_season(theatre, examples=EXAMPLES[database], number=7)

    assert theatre.stories >= EXAMPLES[database]
    assert theatre.frames > theatre.stories
