"""Plants faults in a copy of the product, and says after how many stories each is found:
`python -m tests.realtime.stories.faults`."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.realtime.stories.__main__ import FOUND, heed_signals

ROOT = Path(__file__).parents[3]
NOT_COPIED = shutil.ignore_patterns(".git", ".venv", "node_modules", "__pycache__", ".hypothesis", ".*_cache")


@dataclass(frozen=True)
class Fault:
    """`places`: a file, what stands once in it, and what is put in its place."""

    name: str
    what: str
    places: tuple[tuple[str, str, str], ...]


RELATIONAL = "resolvers/integrations/relational"
FAULTS = (
    Fault(
        "old-key",
        "a row that moves away is not missed where it was",
        (
            # On SQLite it is asked for, on PostgreSQL the statement gives it, on MySQL it was looked at before.
            (f"{RELATIONAL}/compiled_writes.py", "else [*earlier, *images]", "else [*images]"),
            (f"{RELATIONAL}/images.py", "        if not told.before:\n", "        if True:\n"),
            (f"{RELATIONAL}/locked_writes.py", "else [*before, *after]", "else [*after]"),
        ),
    ),
    Fault(
        "re-authorisation",
        "a token that is exchanged for a lesser one leaves everything as it was",
        (("tidegate/clients.py", "headers = headers\n        self._take(edition, user)\n", "headers = headers\n"),),
    ),
    Fault(
        "shared",
        "who asks the same with other values gets the answer of who was first",
        (
            (
                "resolvers/runner.py",
                "(runnable, *(frozen(value) for given in values for value in given))",
                "(runnable,)",
            ),
        ),
    ),
    Fault(
        "lost-touch",
        "what is written while a query is being asked does not have it asked again",
        (("realtime/machine.py", "                query.state = State.STALE\n", "                pass\n"),),
    ),
    Fault(
        "filter",
        "the condition of access rules is dropped",
        (
            (
                f"{RELATIONAL}/filters.py",
                "condition(draft, item.rows(access, draft.rank), item, table, Use.RULE)",
                "None",
            ),
        ),
    ),
    Fault(
        "called",
        "what a function calls is not what it reads",
        (
            (
                "resolvers/flow_reads.py",
                "case Invoke(operation=name, given=given):",
                "case Invoke(operation=name, given=given) if depth < 0:",
            ),
        ),
    ),
    Fault(
        "unknown",
        "what comes from an earlier step is taken for null",
        (("resolvers/flow_reads.py", "            return UNKNOWN\n", "            return None\n"),),
    ),
    Fault(
        "anybody",
        "a function's answer is everybody's",
        (("resolvers/function_questions.py", "frozen(call.arguments), frozen(user))", "frozen(call.arguments))"),),
    ),
)


def plant(fault: Fault, copy: Path) -> None:
    """Raises `ValueError` where the product is not what it was when the fault was written."""
    for name, right, wrong in fault.places:
        file = copy / name
        text = file.read_text()
        if text.count(right) != 1:
            raise ValueError(f"{fault.name}: what is to be changed does not stand once in {name}.")
        file.write_text(text.replace(right, wrong))


def play(copy: Path, arguments: list[str]) -> Iterator[str]:
    """The lines that playing on the copy writes."""
    command = [sys.executable, "-m", "tests.realtime.stories", "--as-found", *arguments]
    # The copy stands before whatever is installed.
    environ = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    with subprocess.Popen(command, cwd=copy, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                yield line.decode()
        except BaseException:
            process.terminate()
            process.wait()
            raise


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.realtime.stories.faults", description=__doc__)
    parser.add_argument("--postgres", action="store_true", help="on PostgreSQL, instead of SQLite")
    parser.add_argument("--mysql", action="store_true", help="on MariaDB, instead of SQLite")
    parser.add_argument(
        "--examples", type=int, default=15, help="stories that must find a fault (15, as in `make test`)"
    )
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("faults", nargs="*", metavar="FAULT", help=f"some of: {', '.join(f.name for f in FAULTS)}")
    asked = parser.parse_args()
    arguments = ["--examples", str(asked.examples), "--seed", str(asked.seed), "--minutes", "0"]
    arguments += [flag for flag, wanted in (("--postgres", asked.postgres), ("--mysql", asked.mysql)) if wanted]
    heed_signals()
    missed = 0
    for fault in FAULTS:
        if asked.faults and fault.name not in asked.faults:
            continue
        with tempfile.TemporaryDirectory(prefix="tidegate-fault-") as name:
            copy = Path(name) / "copy"
            shutil.copytree(ROOT, copy, symlinks=True, ignore=NOT_COPIED)
            plant(fault, copy)
            lines = list(play(copy, arguments))
        print(f"{fault.name} ({fault.what}): {lines[-1].strip()}", flush=True)
        first = next((number for number, line in enumerate(lines) if "Violation: " in line), len(lines))
        print("".join(f"    {line[:300].rstrip()}\n" for line in lines[first : first + 4]), flush=True)
        missed += not lines[-1].startswith(FOUND)
    return int(missed > 0)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
