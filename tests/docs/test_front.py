"""What somebody sees first: README.md, docs/index.md and docs/security.md. What they show is compiled, validated or run
as the tutorial has it; where they point to, is there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Final

import click
from graphql import build_schema, parse, validate

from tests.docs.blocks import DOCS, Block, blocks
from tests.docs.fragments import Fragments
from tests.docs.test_reference import compiled
from tests.sandbox.script import run
from tidegate.cli.group import main
from tidegate.schema.api import build_api

ROOT: Final = DOCS.parent
README: Final = "../README.md"
INSTALLING: Final = ("python3 -m venv .venv", "pip install .", "pip install tidegate", ". .venv/bin/activate")
"""What test_tutorial does with a wheel."""


def shown(page: str, *languages: str) -> list[Block]:
    return [block for block in blocks(page) if block.language in languages]


def test_what_the_readme_shows_is_a_project(tmp_path: Path) -> None:
    fragments = Fragments(tmp_path, README)
    for block in shown(README, "yaml", "js"):
        fragments.show(block)
    schema = build_schema(build_api(compiled(fragments)).sdl)
    (document,) = shown(README, "graphql")
    assert validate(schema, parse(document.text)) == []
    assert {block.language for block in blocks(README)} == {"yaml", "js", "graphql", "bash"}


def test_the_program_of_the_readme() -> None:
    (block,) = shown(README, "js")
    given = {"title": "  The printer hums "}
    done = run(block.text, given)
    assert done.failure is None
    assert done.input == {"title": "The printer hums"}
    ((what, emitted),) = done.asked
    assert what == "emit"
    assert {"role", "ticketFiled"} <= {each for each in emitted if isinstance(each, str)}
    assert run(block.text, {"title": " "}).failed().message == "A ticket needs a title."


def test_commands_of_the_first_pages() -> None:
    """They are commands, with options that there are."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    lines = [line for page in (README, "index.md") for block in shown(page, "bash") for line in block.text.splitlines()]
    assert len(lines) > 10
    for line in lines:
        for command in re.split(r" && ", re.split(r"\s+#|\s{2,}", line)[0]):
            words = shlex.split(command)
            if words[0] == "make":
                assert words[1] in targets, line
            elif words[0] == "tidegate":
                takes(words[1:])
            else:
                assert command in INSTALLING, line


def takes(words: list[str]) -> None:
    """What the real parser takes. Folders need not be there."""
    context = click.Context(main)
    command = main.get_command(context, words[0])
    assert command is not None, words
    command.make_parser(context).parse_args(words[1:])


def test_the_first_page_is_the_tutorial_and_shows_nothing_else() -> None:
    tutorial = "".join(block.text for block in shown("tutorial.md", "bash"))
    assert [str(block) for block in blocks("index.md") if block.text not in tutorial] == []
    assert blocks("security.md") == []


def test_every_link_of_the_readme_leads_somewhere() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    places = re.findall(r"\]\(([^)\s]+)\)|src=\"([^\"]+)\"", text)
    assert len(places) > 30
    for place in (first or second for first, second in places):
        file, _, anchor = place.partition("#")
        assert (ROOT / file).exists(), place
        if anchor:
            titles = re.findall(r"^#+ (.+)$", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}, place
