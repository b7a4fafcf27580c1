"""One result of 5 KB to many websockets: what the server's side of it costs, by who writes the frames.

    python -m bench.frames [--subscribers 100 1000] [--rounds N] [--writes N]

No database and no GraphQL: a mutation puts its title into a list made beforehand, which all get as one frame each. The
load, the cores and the rounds are those of `bench.live`; the servers are in `frame_servers.py`.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import subprocess
import sys

from bench import fanout, report
from bench.contestants import Contestant
from bench.database import Database
from bench.fanout import Scenario
from bench.frame_servers import NAMES
from bench.machine import Cores, describe


class NoDatabase(Database):
    """A process that does nothing, for whoever looks after a database's processor time."""

    async def restore(self) -> None: ...


FIGURES = {figure: head for figure, head in report.LIVE_FIGURES.items() if figure in ("server", "last", "memory")}


def parse(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.frames", description=__doc__)
    parser.add_argument("--subscribers", nargs="+", type=int, default=[100, 1000])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--writes", type=int, default=20, help="mutations of one round, each sent to all")
    return parser.parse_args(words)


async def main(options: argparse.Namespace) -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    cores = Cores.share_out()
    chosen = [
        Contestant(name, (sys.executable, "-m", "bench.frame_servers", kind, "{port}"))
        for kind, name in reversed(NAMES.items())
    ]
    nobody = subprocess.Popen(["sleep", "infinity"])  # noqa: ASYNC220 - starts at once
    print(describe(cores), flush=True)
    try:
        for subscribers in options.subscribers:
            scenario = Scenario(subscribers, keyed=False, writes=options.writes, rounds=options.rounds)
            taken = await fanout.measure(chosen, NoDatabase("", nobody.pid, ""), cores, scenario)
            title = f"{scenario.title}, medians of {options.rounds} rounds, CPU for each frame"
            print(report.compared(title, taken, FIGURES, "server"), end="\n\n", flush=True)
    finally:
        nobody.kill()
        nobody.wait()


if __name__ == "__main__":
    asyncio.run(main(parse(sys.argv[1:])))
