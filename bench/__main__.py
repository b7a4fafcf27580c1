"""`make bench`: prints the tables; progress goes to stderr."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from bench import queries, report
from bench.contestants import contestants, node
from bench.database import TICKETS, serve_tickets
from bench.machine import Cores, describe

FULL = queries.Plan(sizes=(1, 20, 100, 1000), rounds=7, seconds=2.0, warm_up=3.0, connections=8)
QUICK = queries.Plan(sizes=(1, 20, 100, 1000), rounds=3, seconds=0.7, warm_up=1.0, connections=8)


def parse(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a short run: under two minutes, and noisier")
    parser.add_argument(
        "--only", nargs="+", choices=list(contestants()), help="some contestants; the first is compared"
    )
    parser.add_argument("--rows", nargs="+", type=int, help="sizes other than 1, 20, 100 and 1000")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--seconds", type=float, help="of a round, and of warming up")
    parser.add_argument("--connections", type=int, help="requests under way at a time (8)")
    parser.add_argument("--json", type=Path, help="also write every sample to this file")
    return parser.parse_args(words)


def node_version() -> str:
    return subprocess.run([node(), "--version"], capture_output=True, text=True, check=True).stdout.strip()


async def main(options: argparse.Namespace) -> None:
    base = QUICK if options.quick else FULL
    plan = queries.Plan(
        sizes=options.rows or base.sizes,
        rounds=options.rounds or base.rounds,
        seconds=options.seconds or base.seconds,
        warm_up=options.seconds or base.warm_up,
        connections=options.connections or base.connections,
    )
    current = asyncio.current_task()
    assert current is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, current.cancel)  # so that servers are stopped
    known = contestants()
    chosen = [known[name] for name in options.only or known]
    cores = Cores.share_out()
    queries.progress(f"loading {TICKETS:,} tickets")
    async with serve_tickets() as database:
        print(describe(cores))
        print(
            f"PostgreSQL {database.version} on a Unix socket, {TICKETS:,} tickets; Python {sys.version.split()[0]}, "
            f"Node {node_version()}; {plan.connections} keep-alive connections, {plan.seconds:g} s a round\n",
            flush=True,
        )
        results = await queries.measure(chosen, database, cores, plan)
    for rows in plan.sizes:
        print(report.table(results, rows), end="\n\n")
    if options.json:
        options.json.write_text(json.dumps([asdict(result) for result in results], indent=1))


if __name__ == "__main__":
    try:
        asyncio.run(main(parse(sys.argv[1:])))
    except RuntimeError as error:
        sys.exit(str(error))
