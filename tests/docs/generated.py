"""docs/reference/generated.md, made from the code: `python -m tests.docs.generated > docs/reference/generated.md`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Final

from tidegate.cli.group import COMMANDS
from tidegate.core.errors import PASSING, Code
from tidegate.core.limits import Limits
from tidegate.schema import directives, step_settings, steps
from tidegate.schema.project import SIZES
from tidegate.settings import Settings, variable

_STEPS: Final = "format.md#functions"
_UNITS: Final = {1024 * 1024: " MiB", 1024: " KiB"}


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _default(name: str, value: int | float) -> str:
    if isinstance(value, float):
        return f"{value:g} s"
    unit = next((unit for unit in _UNITS if value % unit == 0), 1) if name in SIZES else 1
    return f"{value // unit}{_UNITS.get(unit, '')}"


def _keys(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def page() -> str:
    settings = [
        [f"`{variable(field.name)}`", field.metadata["shown"], field.metadata["meaning"]] for field in fields(Settings)
    ]
    limits = [[f"`{field.name}`", _default(field.name, getattr(Limits(), field.name))] for field in fields(Limits)]
    codes = [[f"`{code}`", "yes" if code in PASSING else ""] for code in Code]
    works = [[f"`{name}`", _keys(beside)] for name, beside in steps.WORKS.items()]
    shown = [getattr(directives, name).__strawberry_directive__ for name in ("MinRole", "Timeout")]
    marks = [
        [f"`@{each.graphql_name or each.python_name[0].lower() + each.python_name[1:]}`", each.description or ""]
        for each in shown
    ]
    return "\n".join(
        [
            "# All names, made from the code",
            "",
            "Made by `python -m tests.docs.generated`; a test holds it against the code.",
            "",
            "## Settings",
            "",
            "The operator's, from the environment: [settings](settings.md).",
            "",
            _table(("variable", "default", "meaning"), settings),
            "## Limits",
            "",
            "The project's, under `limits:`. What each is of: [limits](format.md#limits).",
            "",
            _table(("limit", "default"), limits),
            "## Error codes",
            "",
            "`extensions.code` of an error. They are stable. A refusal goes through every `try` of a function.",
            "[What they are over HTTP](http.md#statuses).",
            "",
            _table(("code", "a refusal"), codes),
            "## Keys of steps",
            "",
            f"What each does: [functions]({_STEPS}).",
            "",
            _table(("a step with", "may have beside it"), works),
            f"Any step may also have {_keys(step_settings.COMMON)}; `retry` has {_keys(step_settings.RETRY_KEYS)}.",
            "",
            "## Directives",
            "",
            "In the schema that clients see (`tidegate schema`). Projects have none to write but `@deprecated`.",
            "",
            _table(("directive", "says"), marks),
            "## Commands",
            "",
            f"{', '.join(f'[`{name}`](cli.md#tidegate-{name})' for name in COMMANDS)}.",
            "",
        ]
    )


if __name__ == "__main__":
    sys.stdout.write(page())
