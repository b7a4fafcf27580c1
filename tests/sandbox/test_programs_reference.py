"""docs/reference/programs.md says what is so."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from pathlib import Path

from tests.sandbox.script import value
from tidegate.sandbox import cpython, monty
from tidegate.sandbox.libraries import LIBRARIES

TEXT = (Path(__file__).parents[2] / "docs" / "reference" / "programs.md").read_text()


def section(title: str) -> str:
    return TEXT.partition(f"\n{title}\n")[2].partition("\n#")[0]


def test_libraries_and_their_versions() -> None:
    versions = json.loads((files("tidegate.sandbox.libraries") / "versions.json").read_text())
    told = dict(re.findall(r"^\| `(\w+)` \| [^|]* \| (\d+\.\d+)", section("### Libraries"), re.MULTILINE))
    assert told == {name: versions[file[:-3]]["version"].rpartition(".")[0] for name, file in LIBRARIES.items()}


def test_globals_are_there() -> None:
    titles = re.findall(r"^### (.*`.*)$", TEXT, re.MULTILINE)
    named = {re.match(r"[\w$.]+", name) for title in titles for name in re.findall(r"`([^`]+)`", title)}
    names = sorted(name[0] for name in named if name)
    assert len(names) > 10
    assert value(f"[{', '.join(f'typeof {name}' for name in names)}].includes('undefined')") is False


def test_what_is_missing_is_missing() -> None:
    table = section("## The language").partition("| there is no")[2]
    named = {
        name for row in re.findall(r"^\| (`[^|]*) \|", table, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)
    }
    names = sorted(named - {"import", "export", "toLocaleString", "await", "using", "ArrayBuffer"})
    assert len(names) > 12
    assert value(f"[{', '.join(f'typeof {name}' for name in names)}].every((type) => type === 'undefined')") is True


def test_modules_of_python() -> None:
    rows = dict(
        re.findall(r"^\| (both|the small one besides|all of Python besides) \| ([^|]*) \|$", TEXT, re.MULTILINE)
    )
    named = {who: set(re.findall(r"[a-z0-9]+", re.sub(r"\([^)]*\)|\. .*", "", row))) for who, row in rows.items()}
    assert named["both"] | named["the small one besides"] == monty.MODULES - {"__future__"}
    assert named["both"] | named["all of Python besides"] == cpython.MODULES - {"__future__"}
