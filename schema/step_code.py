"""`js:` and `python:` of steps and actions -> the programs that they are."""

from __future__ import annotations

import re
from typing import Final

from tidegate.core.problems import Problems
from tidegate.core.program import Language, Program
from tidegate.schema.folder import ProjectFolder
from tidegate.schema.form import Form

CODE: Final = ("js", "python")
"""The keys that name a file of code."""

RUNTIMES: Final = ("monty", "cpython")
"""What Python can be run by; the first unless something else is said."""

_FILES: Final = {"js": re.compile(r"\S+\.(?:js|ts)"), "python": re.compile(r"\S+\.py")}
_ENDINGS: Final = {"js": ".js or .ts", "python": ".py"}


class Programs:
    """Reads files of code. `found` are all that were read, by their names."""

    def __init__(self, folder: ProjectFolder, problems: Problems) -> None:
        self._folder = folder
        self._problems = problems
        self.found: dict[str, Program] = {}

    def read(self, form: Form, key: str, name: str, example: str) -> Program | None:
        """The file that `key` names. `name`: how people speak of what it does; of several such, the later ones get a
        number."""
        language = self._language(form, key)
        file = form.text(key)
        if file is None:
            return None
        at = form.node.entries[key].at
        if not _FILES[key].fullmatch(file):
            sentence = f'"{key}" names a file that ends in {_ENDINGS[key]}.'
            self._problems.add(at, sentence, f"Write {example}.{key[:2]}, say.")
            return None
        text = self._folder.referenced(file, at)
        if text is None:
            return None
        # One file may be the code of several: each speaks of itself by its own name.
        program = Program(self._free(name), language, self._folder.located(file, at), text)
        self.found[program.name] = program
        return program

    def _language(self, form: Form, key: str) -> Language:
        if key == "js":
            return Language.JAVASCRIPT
        runtime = form.word("runtime", RUNTIMES, "a runtime of Python")
        return Language.CPYTHON if runtime == "cpython" else Language.PYTHON

    def _free(self, name: str) -> str:
        number, free = 1, name
        while free in self.found:
            number += 1
            free = f"{name} ({number})"
        return free
