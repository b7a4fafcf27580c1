"""The scripts in `hostile/*.js`, each with what must come of it.

The first line says it, the second what is tried. `answers:` JSON of the value; `throws:`, `exceeds:` and `breaks:` a
part of the message, of faults `thrown`, `limit` and `broken`; `stops:` which limits of the process may end it (`cpu`,
`time`, `memory`). Nothing after the colon: whatever it is. Questions to the gateway are refused with an error, but for
`compare`, which is false, and `emit`, which is done; a call to the operation `slow` takes for ever.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "hostile"


@dataclass(frozen=True)
class Hostile:
    name: str
    code: str
    outcome: str
    what: str

    def __str__(self) -> str:
        return self.name


def read(path: Path) -> Hostile:
    code = path.read_text()
    outcome, _, what = code.partition("\n")[0].removeprefix("// ").partition(":")
    assert outcome in {"answers", "throws", "exceeds", "breaks", "stops"}, path
    return Hostile(path.stem, code, outcome, what.strip())


SCRIPTS = [read(path) for path in sorted(FOLDER.glob("*.js"))]
