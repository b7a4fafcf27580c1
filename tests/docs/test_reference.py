"""docs/reference, docs/integrations.md and the decisions: every block is run, or held against what runs.

How, is told by its page and its language (`HOW`); the test of that name takes all of them. Fragments of projects are
compiled in a whole project (`fragments.py`), and their editor's schema takes them.
"""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Final

import click
import pytest
from graphql import GraphQLObjectType, GraphQLSchema, ObjectTypeExtensionNode, build_schema, parse, print_ast
from jsonschema import Draft7Validator

from tests.docs import test_reference_programs, test_reference_served
from tests.docs.blocks import DOCS, Block, blocks
from tests.docs.fragments import Fragments
from tests.docs.reference import ENVIRONMENT, SECRET, commands_of, of, tidegate
from tests.integrations.test_plugin import FILES as PACKAGE
from tidegate.cli import main
from tidegate.cli.demo import demo_users
from tidegate.cli.exits import Exit
from tidegate.core.catalog import Catalog
from tidegate.core.problems import Problems, ProjectError
from tidegate.kinds import installed_kinds
from tidegate.schema.api import build_api
from tidegate.schema.compile import compile_project
from tidegate.schema.editor import project_schemas
from tidegate.schema.reading import read_yaml
from tidegate.schema.tree import as_json

ROOT: Final = DOCS.parent
PAGES: Final = sorted(
    path.relative_to(DOCS).as_posix()
    for path in (
        *(DOCS / "reference").rglob("*.md"),
        *(DOCS / "decisions").glob("*.md"),
        DOCS / "integrations.md",
        DOCS / "consistency.md",
    )
)
HOW: Final[Mapping[tuple[str, str], str]] = {
    ("reference/cli.md", "bash"): "test_commands",
    ("reference/cli.md", "text"): "test_usage",
    ("reference/events.md", "js"): "test_socket_events_in_a_browser",
    ("reference/format.md", "text"): "test_the_folder",
    ("reference/integrations-graphql.md", "bash"): "test_commands_to_other_hosts",
    ("reference/live.md", "graphql"): "test_live_queries",
    ("reference/live.md", "json"): "test_live_queries",
    ("reference/live.md", "http"): "test_answers_that_go_on",
    ("reference/live.md", "js"): "test_a_websocket_that_comes_back",
    ("reference/programs.md", "js"): "test_javascript",
    ("reference/programs.md", "python"): "test_python",
    ("reference/runs.md", "bash"): "test_a_run_as_it_happens",
    ("reference/runs.md", "text"): "test_a_run_as_it_happens",
    ("reference/triggers.md", "bash"): "test_a_touch",
    ("reference/triggers.md", "json"): "test_a_touch",
}
"""YAML, and GraphQL that is not told here, are of projects: `test_fragments`. The package of integrations.md is built,
installed, tested and served by tests/integrations/test_plugin.py."""


def how(block: Block) -> str:
    if block.text in PACKAGE.values():
        return "test_plugin"
    found = HOW.get((block.page, block.language))
    return found or ("test_fragments" if block.language in ("yaml", "graphql") else "")


def test_every_block_is_run() -> None:
    shown = [block for page in PAGES for block in blocks(page)]
    assert [str(block) for block in shown if not how(block)] == []
    assert {how(block) for block in shown} - {"test_plugin"} <= TESTS
    assert len(shown) > 80
    assert [name for name in set(HOW.values()) if name not in {how(block) for block in shown}] == []


FRAGMENTED: Final = [page for page in PAGES if any(how(block) == "test_fragments" for block in blocks(page))]


@pytest.mark.parametrize("page", FRAGMENTED)
def test_fragments(tmp_path: Path, page: str) -> None:
    fragments = Fragments(tmp_path, page)
    shown = [block for block in blocks(page) if how(block) == "test_fragments"]
    extensions = [block for block in shown if block.text.startswith("extend ")]
    for block in shown:
        if block not in extensions:
            fragments.show(block)
    catalog = compiled(fragments)
    assert refused_by_editors(fragments.project, catalog) == []
    served = build_schema(build_api(catalog).sdl)
    for block in extensions:
        assert_served(block, served)
    if "demo.yaml" in fragments.blocks:
        assert demo_users(fragments.project)


def compiled(fragments: Fragments) -> Catalog:
    try:
        return compile_project(fragments.project, installed_kinds(), ENVIRONMENT)
    except ProjectError as error:
        found = [f"{fragments.blocks.get(problem.at.file, '')} {problem}" for problem in error.problems]
        pytest.fail("\n".join(found))


def refused_by_editors(project: Path, catalog: Catalog) -> list[str]:
    """What is valid and yet underlined."""
    found = []
    for name, schema in project_schemas(catalog, installed_kinds()).items():
        kind = name.partition(".")[0]
        validator = Draft7Validator(schema)
        for file in sorted(project.glob("tidegate.yaml" if kind == "tidegate" else f"{kind}/*.yaml")):
            tree = read_yaml(file.read_text(encoding="utf-8"), file.name, Problems())
            assert tree is not None
            found += [
                f"{file.name}: {error.json_path} {error.message}" for error in validator.iter_errors(as_json(tree))
            ]
    return found


def assert_served(block: Block, served: GraphQLSchema) -> None:
    """The schema has the fields of this `extend type`, of the same types."""
    for extension in parse(block.text).definitions:
        assert isinstance(extension, ObjectTypeExtensionNode), block
        type = served.type_map[extension.name.value]
        assert isinstance(type, GraphQLObjectType)
        for field in extension.fields or ():
            real = type.fields[field.name.value]
            assert print_ast(field.type) == str(real.type), block
            arguments = {each.name.value: print_ast(each.type) for each in field.arguments or ()}
            assert arguments == {name: str(each.type) for name, each in real.args.items()}, block


def test_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is in a project's folder: all of it is in the example, once it has been checked."""
    monkeypatch.chdir(tmp_path)
    (block,) = of("reference/format.md", "text")
    top, *inside = [line.split()[0] for line in block.text.splitlines()]
    example = Path(shutil.copytree(ROOT / "examples" / "servicedesk", tmp_path / top))
    (example / ".env").write_text(f"JWT_SECRET={SECRET}")
    assert tidegate("check", top).exit_code == 0
    assert [name for name in inside if not list(example.glob(name.rstrip("/")))] == []


def parse_command(words: list[str]) -> None:
    """By the command's own parser, which holds values to their types. Raises `click.UsageError`."""
    context = click.Context(main, info_name="tidegate")
    name, *rest = words
    command = main.get_command(context, name)
    assert command is not None, words
    if isinstance(command, click.Group) and rest and rest[0] in command.commands:
        name, *rest = rest
        command = command.commands[name]
    with command.make_context(name, rest, parent=context):
        pass


ELSEWHERE: Final = re.compile(r"\bserve\b|://|--follow|…|--no-new")
"""What serves until it is stopped, or asks another host, or wants what is the reader's own."""


def test_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is done, from the first to the last, in one folder."""
    monkeypatch.chdir(tmp_path)
    with closing(sqlite3.connect("shop.db")) as shop, shop:
        shop.execute("create table audit_log (id integer primary key)")
        shop.execute("create table orders (id integer primary key, total integer)")
    (tmp_path / "web" / "dist").mkdir(parents=True)
    run = ""
    ran = 0
    for block in of("reference/cli.md", "bash"):
        for words in commands_of(block):
            if "show" in words and not run:
                assert tidegate("run", "desk", "triageTicket", "--as", "sam", "--args", '{"id": 1}').exit_code == 0
                run = json.loads(tidegate("runs", "desk", "--json").stdout)[0]["id"]
            real = [run[:8] if word == "3f2a" else word for word in words]
            parse_command(real)
            if not ELSEWHERE.search(" ".join(real)):
                done = tidegate(*real)
                assert done.exit_code == 0, (block, real, done.output)
                ran += 1
    assert ran > 20


def test_usage() -> None:
    """`make test` holds the page against the commands; what their own text says to begin with can be done, too."""
    first, *others = of("reference/cli.md", "text")
    begin = re.findall(r"^  tidegate (.*?)  ", first.text, re.MULTILINE)
    assert [each.split()[0] for each in begin] == ["init", "serve"]
    codes = dict(re.findall(r"^  (\d)  (.*)$", first.text, re.MULTILINE))
    assert sorted(codes) == sorted(str(int(code)) for code in Exit)
    for block in others:
        assert tidegate(*block.text.split(" [", 1)[0].split()[1:], "--help").stdout.startswith(
            f"Usage: {block.text[:12]}"
        )


def test_commands_to_other_hosts() -> None:
    for block in of("reference/integrations-graphql.md", "bash"):
        for words in commands_of(block):
            parse_command(words)


TESTS: Final = {*globals(), *vars(test_reference_programs), *vars(test_reference_served)}
