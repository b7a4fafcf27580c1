"""Every story in tests/cases/mistakes: the project of tests/cases/project with some files changed, and what is said."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tidegate.core.problems import ProjectError

if TYPE_CHECKING:
    from tests.schema.compiling.conftest import Compile

STORIES = sorted((Path(__file__).parents[2] / "cases" / "mistakes").glob("*.md"))

_FILE = re.compile(r"^`(?P<name>[^`]+)`(?: is not there\.|\n\n```\w*\n(?P<text>.*?)\n```)$", re.MULTILINE | re.DOTALL)
_PROBLEMS = re.compile(r"^```problems\n(.*?)\n```$", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.stem)
def test_mistakes(story: Path, served: Compile) -> None:
    told = story.read_text()
    expected = _PROBLEMS.search(told)
    assert expected is not None, "a story ends with what is said"
    files = {found["name"]: found["text"] and found["text"] + "\n" for found in _FILE.finditer(told)}
    assert files
    with pytest.raises(ProjectError) as raised:
        served(files)
    assert "\n".join(map(str, raised.value.problems)) == expected[1]


def test_there_are_many_stories() -> None:
    assert len(STORIES) >= 100


def test_a_problem_is_a_place_and_a_sentence() -> None:
    for story in STORIES:
        for line in (_PROBLEMS.search(story.read_text()) or [""] * 2)[1].split("\n"):
            assert re.fullmatch(r"\S+\.(yaml|yml|graphql|sql|txt):\d+:\d+: .+[.:?\])}]", line), line
