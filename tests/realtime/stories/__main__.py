"""Plays random stories for as long as one likes: `python -m tests.realtime.stories --help`."""

from __future__ import annotations

import argparse
import secrets
import signal
import sys
import tempfile
import time
import traceback
from contextlib import ExitStack
from pathlib import Path

from tests import mariadb
from tests.conftest import start_postgres
from tests.realtime.stories.season import play_season
from tests.realtime.stories.theatre import Theatre

FOUND = "Found by story"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.realtime.stories", description=__doc__)
    parser.add_argument("--postgres", action="store_true", help="on PostgreSQL, instead of SQLite")
    parser.add_argument("--mysql", action="store_true", help="on MariaDB, instead of SQLite")
    parser.add_argument("--minutes", type=float, default=10.0, help="no season but the first begins later (10)")
    parser.add_argument("--examples", type=int, default=100, help="stories in a season (100)")
    parser.add_argument("--seed", type=int, help="the number of the first season, which is random where none is given")
    parser.add_argument("--as-found", action="store_true", help="what is found is not made smaller")
    asked = parser.parse_args()
    heed_signals()
    try:
        with tempfile.TemporaryDirectory(prefix="tidegate-stories-") as name, ExitStack() as closing:
            address = None
            if asked.mysql:
                address = mariadb.share(Path(name) / "mariadb").url
            if asked.postgres:
                server = start_postgres(Path(name) / "postgres")
                closing.callback(server.cleanup)
                address = str(server.get_uri()).replace(":@", "@")
            return play(Path(name), address, asked)
    except KeyboardInterrupt:
        return 130


def heed_signals() -> None:
    """Asked to end, this ends as it does for a person who has seen enough: it tidies up. In the background of a shell,
    too, which would have it ignore SIGINT."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))


def play(folder: Path, server: str | None, asked: argparse.Namespace) -> int:
    number = secrets.randbelow(10**6) if asked.seed is None else asked.seed
    end = time.monotonic() + 60 * asked.minutes
    while True:
        started = time.monotonic()
        theatre = Theatre(folder, server)
        try:
            play_season(theatre, examples=asked.examples, number=number, shrink=not asked.as_found)
        except Exception:  # noqa: BLE001 - whatever it is, it is told
            traceback.print_exc()
            print(f"{FOUND} {theatre.found}: --seed {number} --examples {asked.examples} plays it again.")
            return 1
        played = f"{theatre.stories} stories of {theatre.acts} acts, {theatre.frames} results"
        print(f"Season {number}: {played}, {time.monotonic() - started:.0f} s.", flush=True)
        if time.monotonic() >= end:
            return 0
        number += 1


if __name__ == "__main__":
    sys.exit(main())
