"""`make bench-live`: prints the tables; progress goes to stderr."""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import signal
import sys
import tempfile
from dataclasses import asdict, replace
from pathlib import Path

from bench import fanout, report
from bench.__main__ import node_version
from bench.contestants import contestants, writer
from bench.database import serve_tickets
from bench.fanout import Scenario
from bench.machine import Cores, describe
from bench.queries import progress

FULL = (
    Scenario(100, keyed=False, writes=10, rounds=5),
    Scenario(1000, keyed=False, writes=3, rounds=5),
    Scenario(5000, keyed=False, writes=1, rounds=3),
    Scenario(1000, keyed=True, writes=20, rounds=5),
)
QUICK = (
    Scenario(100, keyed=False, writes=5, rounds=2),
    Scenario(1000, keyed=False, writes=2, rounds=2),
    Scenario(5000, keyed=False, writes=1, rounds=1),
    Scenario(1000, keyed=True, writes=10, rounds=2),
)
LIVE = ("tidegate", "mercurius", "yoga", "strawberry")
LIMIT = "limit"


def parse(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.live", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a short run, and a noisier one")
    parser.add_argument("--only", nargs="+", choices=[*LIVE, LIMIT], help="some contestants; the first is compared")
    parser.add_argument("--shared", nargs="*", type=int, help="subscribers of one list (100 1000 5000)")
    parser.add_argument("--keyed", nargs="*", type=int, help="subscribers with a ticket each (1000)")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--json", type=Path, help="also write every sample to this file")
    return parser.parse_args(words)


def scenarios(options: argparse.Namespace) -> list[Scenario]:
    chosen = QUICK if options.quick else FULL
    if options.shared is not None or options.keyed is not None:
        writes = chosen[0].writes
        shared = [Scenario(each, False, max(1, writes * 100 // max(each, 100)), 1) for each in options.shared or ()]
        keyed = [Scenario(each, True, writes, 1) for each in options.keyed or ()]
        chosen = tuple(replace(each, rounds=chosen[0].rounds) for each in shared + keyed)
    return [replace(each, rounds=options.rounds or each.rounds) for each in chosen]


async def main(options: argparse.Namespace) -> None:
    current = asyncio.current_task()
    assert current is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, current.cancel)  # so that servers are stopped
    # A socket for each subscriber, in the servers and in the load.
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    names = options.only or [*LIVE, LIMIT]
    known = contestants()
    chosen = [known[name] for name in names if name != LIMIT]
    cores = Cores.share_out()
    progress("loading tickets")
    with tempfile.TemporaryDirectory(prefix="tidegate-bench-") as folder:
        limit = writer(Path(folder)) if LIMIT in names else None
        async with serve_tickets() as database:
            print(describe(cores))
            versions = f"Python {sys.version.split()[0]}, Node {node_version()}"
            print(f"PostgreSQL {database.version} on a Unix socket; {versions}")
            if limit is None and LIMIT in names:
                print("There is no C compiler here (cc), so the limit is left out.")
            print(flush=True)
            results = []
            for scenario in scenarios(options):
                # The C writer knows of one list only.
                taking_part = chosen if limit is None or scenario.keyed else [*chosen, limit]
                taken = await fanout.measure(taking_part, database, cores, scenario)
                results += taken
                print(report.live_table(taken), end="\n\n", flush=True)
    if options.json:
        options.json.write_text(json.dumps([asdict(result) for result in results], indent=1))


if __name__ == "__main__":
    try:
        asyncio.run(main(parse(sys.argv[1:])))
    except RuntimeError as error:
        sys.exit(str(error))
