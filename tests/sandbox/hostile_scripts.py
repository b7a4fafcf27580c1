"""The scripts in `hostile`, each with what must come of it: `*.js`, `python/*.python` for both kinds of Python, and
`cpython/*.python`.

The first line says it, in JavaScript's the second what is tried; in Python's there may be a line for one kind before
which its name stands. `answers:` JSON of the value; `throws:`, `exceeds:` and `breaks:` a part of the message, of
faults `thrown`, `limit` and `broken`; `fails:` any of them; `stops:` which limits of the process may end it (`cpu`,
`time`, `memory`). Nothing after the colon: whatever it is. Questions to the gateway are refused with an error, but for
`compare`, which is false, and `emit`, which is done; a call to the operation `slow` takes for ever.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tidegate.core.program import Language

FOLDER = Path(__file__).parent / "hostile"


OUTCOMES = {"answers", "throws", "exceeds", "breaks", "stops", "fails"}
NAMES = {Language.JAVASCRIPT: "// ", Language.PYTHON: "# ", Language.CPYTHON: "# "}


@dataclass(frozen=True)
class Hostile:
    name: str
    language: Language
    file: str
    code: str
    outcome: str
    what: str

    def __str__(self) -> str:
        return self.name


def read(path: Path, language: Language) -> Hostile:
    code = path.read_text()
    said: dict[str, tuple[str, str]] = {}
    for line in code.split("\n"):
        if not line.startswith(NAMES[language]):
            break
        head, _, what = line.removeprefix(NAMES[language]).partition(":")
        *only, outcome = head.split(" ")
        if outcome in OUTCOMES and len(only) < 2:
            said.setdefault("".join(only), (outcome, what.strip()))
    outcome, what = said[language] if language in said else said[""]
    assert outcome in OUTCOMES, path
    suffix = "js" if language is Language.JAVASCRIPT else "py"
    return Hostile(path.stem, language, f"actions/{path.stem}.{suffix}", code, outcome, what)


SCRIPTS = [
    *(read(path, Language.JAVASCRIPT) for path in sorted(FOLDER.glob("*.js"))),
    *(read(path, Language.PYTHON) for path in sorted(FOLDER.glob("python/*.python"))),
    *(
        read(path, Language.CPYTHON)
        for path in sorted([*FOLDER.glob("python/*.python"), *FOLDER.glob("cpython/*.python")])
    ),
]
