"""Whatever stands under `steps`, it is read or its problems are told, and of no place twice."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.schema.functions.test_flows import EVERYTHING
from tests.schema.functions.world import compiled, function, project
from tidegate.core.problems import Problem, ProjectError
from tidegate.schema.step_keys import WORKS

LINES = EVERYTHING.strip("\n").split("\n")
ODD = (
    "",
    "null",
    "5",
    "true",
    "[]",
    "{}",
    "[[]]",
    "{ a: 1 }",
    "$ticket",
    "$ticket.size",
    "$words.0",
    '"{{ ticket.x }}"',
)
WORDS = sorted({*WORKS, *(key for keys in WORKS.values() for key in keys), "as", "timeout", "retry", *ODD})

changes = st.lists(
    st.tuples(
        st.integers(0, 60),
        st.integers(0, 20),
        st.sampled_from(["key", "value", "drop", "twice"]),
        st.sampled_from(WORDS),
    ),
    min_size=1,
    max_size=3,
)


def changed(lines: list[str], number: int, place: int, how: str, what: str) -> list[str]:
    """One line of it written otherwise: a word before a colon, or what follows one."""
    number %= len(lines)
    line = lines[number]
    colons = [index for index, sign in enumerate(line) if line[index : index + 2] == ": "]
    if how == "drop" or not colons:
        return lines[:number] + lines[number + 1 :]
    if how == "twice":
        return [*lines[:number], line, *lines[number:]]
    colon = colons[place % len(colons)]
    if how == "key":
        start = max(line.rfind(sign, 0, colon) for sign in " {[") + 1
        return [*lines[:number], line[:start] + (what.strip('$[]{} "') or "x") + line[colon:], *lines[number + 1 :]]
    end = min((found for sign in ",}]" if (found := line.find(sign, colon)) > 0), default=len(line))
    return [*lines[:number], f"{line[: colon + 1]} {what}{line[end:]}", *lines[number + 1 :]]


@settings(max_examples=25, deadline=None)
@given(changes)
def test_changed_steps(edits: list[tuple[int, int, str, str]]) -> None:
    lines = LINES
    for number, place, how, what in edits:
        lines = changed(lines, number, place, how, what) or LINES
    with TemporaryDirectory() as folder:
        told = found(project(Path(folder)), "\n".join(lines))
    places = [problem.at for problem in told]
    assert len(places) == len(set(places)), list(map(str, told))
    assert all(problem.sentence.endswith((".", "!", "?")) for problem in told)


def found(folder: Path, steps: str) -> Sequence[Problem]:
    try:
        compiled(folder, {"operations/f.yaml": function(steps)})
    except ProjectError as error:
        return error.problems
    return ()
