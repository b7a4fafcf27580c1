"""What functions cost, beside what they ask and run: for `make bench-sandbox`.

    values   twenty steps that give a value: Tidegate's own cost, and nothing else
    one      one such step: what any call costs
    mixed    twenty steps: four ask SQLite, two are JavaScript, two Python, the others conditions, loops and values
    parts    what `mixed` asks and runs, asked one by one: the same queries as operations, the same code in the sandbox

They are called in turns, so that whatever else the machine does falls on all."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Final

from tidegate.app import Gateway
from tidegate.broadcast import Broadcast
from tidegate.core.program import Invocation
from tidegate.core.user import CurrentUser
from tidegate.edition import Edition
from tidegate.sandbox.sandbox import LocalSandbox

USER: Final = CurrentUser("anonymous", 0, {}, None, verified=False)
PAUSE: Final = 0.01
"""Seconds between two calls: in them the next context is made, as it would be in a gateway that is not saturated."""

FILES: Final = {
    "tidegate.yaml": (
        "name: bench\nroles: [anonymous]\nintegrations: { db: { kind: sqlite, file: bench.db } }\n"
        "limits: { runSteps: 100 }\n"
    ),
    "types.graphql": "type Row { id: Int!, n: Int! }\n",
    "objects/rows.yaml": (
        "rows: { integration: db, table: rows, key: id, type: Row, access: { read: { anonymous: all } } }\n"
    ),
    "functions/count.js": "function run(input) { return { count: input.rows.length }; }\n",
    "functions/judge.py": "def run(input):\n    return {'many': input['count'] > 3}\n",
}
_VALUES: Final = "".join(f"    - {{ as: v{n}, value: {{ n: {n}, before: $args.id }} }}\n" for n in range(20))
_MIXED: Final = """\
    - { as: first, call: row, with: { id: $args.id } }
    - { as: rows, use: rows, list: { limit: 20 } }
    - { as: counted, js: functions/count.js, with: { rows: $rows } }
    - { as: judged, python: functions/judge.py, with: { count: $counted.count } }
    - if: $judged.many
      then: [{ as: said, value: many }]
      else: [{ as: said, value: few }]
    - { as: small, filter: $rows, if: { $value.n: { lt: 5 } } }
    - { as: again, call: row, with: { id: $args.id } }
    - { as: both, value: { first: $first, again: $again } }
    - each: $small
      do: [{ value: $value.n }]
      as: numbers
    - { as: total, use: rows, count: {} }
    - { as: counted2, js: functions/count.js, with: { rows: $small } }
    - { as: judged2, python: functions/judge.py, with: { count: $counted2.count } }
    - try: [{ as: fine, value: true }]
      catch: [{ value: false }]
    - { value: { said: $said, total: $total, numbers: $numbers } }
"""
_OPERATIONS: Final = f"""\
row:
  kind: query
  minRole: anonymous
  args: {{ id: Int! }}
  returns: Row
  run: {{ use: rows, get: {{ where: {{ id: $args.id }} }} }}
list: {{ kind: query, minRole: anonymous, returns: "[Row!]!", run: {{ use: rows, list: {{ limit: 20 }} }} }}
count: {{ kind: query, minRole: anonymous, returns: Int!, run: {{ use: rows, count: {{}} }} }}
one:
  kind: query
  minRole: anonymous
  args: {{ id: Int! }}
  returns: JSON
  steps: [{{ value: {{ n: 1, before: $args.id }} }}]
values:
  kind: query
  minRole: anonymous
  args: {{ id: Int! }}
  returns: JSON
  steps:
{_VALUES}\
mixed:
  kind: query
  minRole: anonymous
  args: {{ id: Int! }}
  returns: JSON
  steps:
{_MIXED}"""


def write_project(folder: Path) -> None:
    for name, text in {**FILES, "operations/bench.yaml": _OPERATIONS}.items():
        file = folder / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
    with sqlite3.connect(folder / "bench.db") as database:
        database.execute("create table rows (id integer primary key, n integer not null)")
        database.executemany("insert into rows (n) values (?)", [(n,) for n in range(20)])
    database.close()


class NoHost:
    async def ask(self, _what: object, _arguments: object) -> None:
        raise AssertionError("This code asks for nothing.")

    def log(self, level: str, text: str) -> None:
        pass


async def functions(times: int) -> None:
    with TemporaryDirectory() as folder:
        write_project(Path(folder))
        broadcast, sandbox = Broadcast(), LocalSandbox()
        edition = Edition.load(Path(folder), {}, broadcast, None, sandbox)
        gateway = Gateway(Path(folder), {}, edition, broadcast, None, sandbox)
        await gateway.open()
        try:
            await _measure(gateway, sandbox, times)
        finally:
            await gateway.close()


async def _measure(gateway: Gateway, sandbox: LocalSandbox, times: int) -> None:
    async def call(text: str) -> None:
        response = await gateway.execute(text, None, None, USER)
        assert not response.errors, response.body

    async def parts() -> None:
        for text in ("{ row(id: 3) { id n } }", "{ list { id n } }", "{ row(id: 3) { id n } }", "{ count }"):
            await call(text)
        rows = [{"id": n, "n": n} for n in range(20)]
        for program in (*gateway.catalog.programs, *gateway.catalog.programs)[:4]:
            given = Invocation({"rows": rows, "count": 20})
            await sandbox.run(program, given, NoHost(), asyncio.get_running_loop().time() + 60)

    works: dict[str, Callable[[], Awaitable[None]]] = {
        "one": lambda: call("{ one(id: 3) }"),
        "values": lambda: call("{ values(id: 3) }"),
        "mixed": lambda: call("{ mixed(id: 3) }"),
        "parts": parts,
    }
    took: dict[str, list[float]] = {name: [] for name in works}
    used: dict[str, list[float]] = {name: [] for name in works}
    for turn in range(times + 3):
        for name, work in works.items():
            before, begun = process_time(), perf_counter()
            await work()
            if turn >= 3:
                took[name].append(1000 * (perf_counter() - begun))
                used[name].append(1e6 * (process_time() - before))
            await asyncio.sleep(PAUSE)
    print("\nA function of twenty steps, ms      least     p50    CPU of the gateway, µs")
    for name in works:
        print(f"{name:<34} {min(took[name]):>6.2f} {median(took[name]):>7.2f} {median(used[name]):>14.0f}")
    step = (median(used["values"]) - median(used["one"])) / 19
    own = median(used["mixed"]) - median(used["parts"])
    ratio = median(took["mixed"]) / median(took["parts"])
    print(f"a step that does nothing else: {step:.1f} µs of CPU; mixed : parts = x {ratio:.2f} of the time")
    print(f"mixed above its parts: {own:.0f} µs of the gateway's CPU, {own / 20:.1f} a step")
