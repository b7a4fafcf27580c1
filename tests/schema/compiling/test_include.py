"""`include:`: folders that several projects share."""

from __future__ import annotations

from collections.abc import Mapping
from json import loads
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tidegate.core.action import ActedWrite, Action
from tidegate.core.integration import IntegrationKind
from tidegate.core.operation import Operation
from tidegate.core.problems import ProjectError
from tidegate.core.program import Program
from tidegate.schema.editor import schema_line, write_schemas
from tidegate.schema.inclusion import DEEPEST, folders_to_watch

if TYPE_CHECKING:
    from tests.schema.compiling.conftest import Compile

PROJECT = Path(__file__).parents[2] / "cases" / "project"
SETTINGS = (PROJECT / "tidegate.yaml").read_text()
OPERATION = """
{name}:
  kind: query
  minRole: customer
  returns: "[Ticket!]!"
  run: {{ use: tickets, list: {{}} }}
"""


def including(*folders: str) -> str:
    return f"{SETTINGS}\ninclude: [{', '.join(folders)}]\n"


def operation(name: str) -> str:
    return OPERATION.format(name=name)


def problems_of(compiled: Compile, files: Mapping[str, str | bytes | None]) -> list[str]:
    with pytest.raises(ProjectError) as raised:
        compiled(files)
    return [str(problem) for problem in raised.value.problems]


def actions_of(found: Operation) -> list[Action]:
    acted = found.plan.acted
    assert isinstance(acted, ActedWrite)
    return [action for actions in acted.actions.values() for action in actions]


def test_types_objects_and_operations_of_a_folder_are_the_projects(served: Compile, project: Path) -> None:
    catalog = served(
        {
            "tidegate.yaml": including("../shared"),
            "../shared/types.graphql": "type Team { id: ID! name: String! }\n",
            "../shared/objects/teams.yaml": """
teams:
  integration: db
  key: id
  type: Team
  access: { read: { customer: all } }
""",
            "../shared/operations/deep/teams.yaml": """
teams:
  kind: query
  minRole: customer
  returns: "[Team!]!"
  run: { use: db, sql: sql/teams.sql }
""",
            "../shared/sql/teams.sql": "select id, name from teams",
        }
    )
    assert str(catalog.types["Team"].at) == "../shared/types.graphql:1:6"
    assert str(catalog.objects["teams"].at) == "../shared/objects/teams.yaml:2:1"
    assert str(catalog.operations["teams"].at) == "../shared/operations/deep/teams.yaml:2:1"
    assert "tickets" in catalog.objects
    assert catalog.included == (project.parent.resolve() / "shared",)


def test_two_folders_may_have_files_of_the_same_name(served: Compile) -> None:
    files: dict[str, str | bytes | None] = {"tidegate.yaml": including("../one", "../two")}
    for name in ("one", "two"):
        files[f"../{name}/types.graphql"] = f"type Thing_{name} {{ id: ID! }}\n"
        files[f"../{name}/objects/{name}.yaml"] = f"""
{name}:
  integration: db
  key: id
  type: Thing_{name}
  access: {{ read: {{ customer: all }}, create: {{ customer: all }} }}
  actions: {{ tidy: {{ on: before create, js: actions/tidy.js }} }}
"""
        files[f"../{name}/actions/tidy.js"] = f"function run() {{ return '{name}'; }}"
        files[f"../{name}/operations/x.yaml"] = f"""
create_{name}:
  kind: mutation
  minRole: customer
  args: {{ id: ID! }}
  returns: Thing_{name}!
  run: {{ use: {name}, create: {{ id: $args.id }} }}
"""
    catalog = served(files)
    assert {program.file: program.text for program in catalog.programs} == {
        f"../{name}/actions/tidy.js": f"function run() {{ return '{name}'; }}" for name in ("one", "two")
    }
    (action,) = actions_of(catalog.operations["create_two"])
    assert isinstance(action.work, Program)
    assert action.work.file == "../two/actions/tidy.js"


def test_names_that_are_there_twice(compiled: Compile) -> None:
    assert problems_of(
        compiled,
        {
            "tidegate.yaml": including("../shared"),
            "../shared/types.graphql": "type Ticket { id: ID! }\n",
            "../shared/objects/tickets.yaml": "tickets: { integration: db, key: id, type: Ticket }\n",
            "../shared/operations/me.yaml": operation("me"),
        },
    ) == [
        (
            '../shared/objects/tickets.yaml:1:1: The object "tickets" is declared twice; the first is at '
            "objects/tickets.yaml:1:1. Rename or remove one of them."
        ),
        (
            '../shared/operations/me.yaml:2:1: The operation "me" is declared twice; the first is at '
            "operations/me.yaml:1:1. Rename or remove one of them."
        ),
        (
            '../shared/types.graphql:1:6: The type "Ticket" is declared twice; the first is at types.graphql:9:6. '
            "Keep one of them."
        ),
    ]


def test_mistakes_are_told_where_they_stand(compiled: Compile) -> None:
    assert problems_of(
        compiled,
        {
            "tidegate.yaml": including("../shared"),
            "../shared/types.graphql": "type Team {\n",
            "../shared/operations/x.yaml": 'x: { kind: query, minRole: customer, returns: "[Ticket!]!", '
            "run: { use: db, sql: sql/x.sql } }\n",
            "../shared/sql/x.sql": "select * from tickets where id = {{ args.id }}",
            "../shared/operations/y.yml": "",
        },
    ) == [
        '../shared/operations/y.yml:1:1: The name of a YAML file ends in ".yaml" here. Rename the file.',
        '../shared/sql/x.sql:1:42: There is no argument "id". Declare it.',
        "../shared/types.graphql:2:1: This is not GraphQL: expected Name, found <EOF>. A brace is not closed.",
    ]


def test_a_folder_may_include_others_and_be_included_twice_on_two_ways(compiled: Compile) -> None:
    catalog = compiled(
        {
            "tidegate.yaml": including("../one", "../two", "parts"),
            "../one/tidegate.yaml": "include: ../common/three\n",
            "../two/tidegate.yaml": "include: [../common/three]\n",
            "../common/three/operations/x.yaml": operation("three"),
            "parts/operations/y.yaml": operation("four"),
        }
    )
    assert {str(catalog.operations[name].at) for name in ("three", "four")} == {
        "../common/three/operations/x.yaml:2:1",
        "parts/operations/y.yaml:2:1",
    }


def test_folders_in_a_circle(compiled: Compile) -> None:
    assert problems_of(
        compiled,
        {
            "tidegate.yaml": including("../one", "."),
            "../one/tidegate.yaml": "include: [../two]\n",
            "../two/tidegate.yaml": "include: [../one, ../project]\n",
        },
    ) == [
        "../two/tidegate.yaml:1:11: Folders include each other in a circle: ../one -> ../two -> ../one. Leave one out.",
        (
            "../two/tidegate.yaml:1:19: Folders include each other in a circle: "
            "this project -> ../one -> ../two -> this project. Leave one out."
        ),
        "tidegate.yaml:13:19: Folders include each other in a circle: this project -> this project. Leave one out.",
    ]


def test_too_many_in_a_row(compiled: Compile) -> None:
    files: dict[str, str | bytes | None] = {
        f"../f{n}/tidegate.yaml": f"include: ../f{n + 1}\n" for n in range(1, DEEPEST + 1)
    }
    (problem,) = problems_of(compiled, {"tidegate.yaml": including("../f1"), "../f5/types.graphql": "", **files})
    assert problem == (
        "../f4/tidegate.yaml:1:10: More than 4 folders include each other in a row: "
        "../f1 -> ../f2 -> ../f3 -> ../f4 -> ../f5."
    )


@pytest.mark.parametrize(
    ("named", "sentence"),
    [
        ("/etc", '"/etc" is not the relative path of a folder. Write ../shared, say, from the folder of this file on.'),
        (
            "~/shared",
            '"~/shared" is not the relative path of a folder. Write ../shared, say, from the folder of this file on.',
        ),
        (
            "$HOME/x",
            '"$HOME/x" is not the relative path of a folder. Write ../shared, say, from the folder of this file on.',
        ),
        (
            "'${HOME}/x'",
            (
                "${HOME} cannot be read here: the environment is for integrations and auth only. "
                "Secrets cannot reach an operation."
            ),
        ),
        ("../shred", 'There is no folder "../shred". Did you mean "../shared"?'),
        ("tidegate.yaml", 'There is no folder "tidegate.yaml". Did you mean '),
        ("../link", '"../link" is a link, or behind one. Name the folder itself.'),
        ("../link/objects", '"../link/objects" is a link, or behind one. Name the folder itself.'),
        ("../empty", 'The folder "../empty" has nothing of a project. It has types.graphql, objects/*.yaml or'),
        ("operations/shared", '"operations/shared" lies in the objects or operations of another folder. Its files'),
        ("7", '"include" of tidegate.yaml holds texts; a number is not one.'),
    ],
)
def test_what_cannot_be_included(compiled: Compile, project: Path, named: str, sentence: str) -> None:
    (project.parent / "empty").mkdir()
    (project / "operations" / "shared" / "operations").mkdir(parents=True)
    (project.parent / "link").symlink_to(project.parent / "shared")
    problems = problems_of(
        compiled,
        {"tidegate.yaml": including(named), "../shared/objects/none.yaml": "# Nothing yet.\n{}\n"},
    )
    found = [problem for problem in problems if problem.startswith("tidegate.yaml:13:")]
    assert len(found) == 1, problems
    assert sentence.removesuffix("Did you mean ") in found[0]


def test_the_same_folder_twice(compiled: Compile) -> None:
    (problem,) = problems_of(
        compiled, {"tidegate.yaml": including("../shared", "../shared/"), "../shared/types.graphql": ""}
    )
    assert problem == 'tidegate.yaml:13:22: "../shared/" is included twice. Remove one of them.'


def test_settings_are_the_projects(compiled: Compile) -> None:
    assert problems_of(
        compiled, {"tidegate.yaml": including("../shared"), "../shared/tidegate.yaml": "name: other\nroles: [a]\n"}
    ) == [
        (
            '../shared/tidegate.yaml:1:1: "name" cannot be set in a folder that is included. '
            "The settings are those of the project that includes it."
        ),
        (
            '../shared/tidegate.yaml:2:1: "roles" cannot be set in a folder that is included. '
            "The settings are those of the project that includes it."
        ),
    ]


def test_files_stay_inside_the_folder_that_is_included(compiled: Compile, project: Path) -> None:
    secret = project.parent / "secret.sql"
    secret.write_text("select 1")
    shared = project.parent / "shared"
    (shared / "sql").mkdir(parents=True)
    (shared / "sql" / "link.sql").symlink_to(secret)
    (shared / "operations").mkdir()
    (shared / "operations" / "link.yaml").symlink_to(project / "operations" / "me.yaml")
    asking = "{}: {{ kind: query, minRole: customer, returns: Int, run: {{ use: db, sql: {} }} }}\n"
    names = {"a": "../secret.sql", "b": "../project/x.sql", "c": "sql/link.sql", "d": "sql/lint.sql"}
    assert problems_of(
        compiled,
        {
            "tidegate.yaml": including("../shared"),
            "../shared/operations/x.yaml": "".join(asking.format(*each) for each in names.items()),
        },
    ) == [
        (
            "../shared/operations/link.yaml:1:1: This link leads out of the folder that is included. "
            "Put the file itself there."
        ),
        (
            '../shared/operations/x.yaml:1:73: "../secret.sql" is not inside the folder that is included. '
            "Name a file from that folder on."
        ),
        (
            '../shared/operations/x.yaml:2:73: "../project/x.sql" is not inside the folder that is included. '
            "Name a file from that folder on."
        ),
        (
            '../shared/operations/x.yaml:3:73: "sql/link.sql" is a link that leads out of the folder that is included. '
            "Put the file itself there."
        ),
        (
            '../shared/operations/x.yaml:4:73: There is no file "sql/lint.sql" in the folder that is included. '
            'Did you mean "sql/link.sql"?'
        ),
    ]


def test_what_is_to_be_watched_however_wrong_it_is(project: Path) -> None:
    (project / "tidegate.yaml").write_text(f"{including('../one', '../missing', '/etc')}nonsense: 1\n")
    one = project.parent / "one"
    one.mkdir()
    (one / "tidegate.yaml").write_text("include: [../two]\nname: x\n")
    root = project.parent.resolve()
    assert folders_to_watch(project) == [root / "one", root / "two", root / "missing"]
    (project / "tidegate.yaml").write_text("include: [\n")
    assert folders_to_watch(project) == []


def test_editors_find_the_schemas_of_the_project(
    compiled: Compile, project: Path, kinds: Mapping[str, IntegrationKind]
) -> None:
    name = "../shared/operations/deep/x.yaml"
    write_schemas(project, compiled({"tidegate.yaml": including("../shared"), name: operation("x")}), kinds)
    line = schema_line(name, project)
    assert line == "# yaml-language-server: $schema=../../../project/.tidegate/operations.schema.json"
    schema = loads(((project / name).parent / line.partition("$schema=")[2]).read_text())
    assert schema["title"] == "operations/*.yaml"
    settings = loads((project / ".tidegate" / "tidegate.schema.json").read_text())
    assert "include" in settings["properties"]
