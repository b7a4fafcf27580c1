"""What the author's editor is told, held against the example and its misspellings."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from json import loads
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft7Validator

from tidegate.core.integration import IntegrationKind
from tidegate.core.problems import Problems
from tidegate.kinds import installed_kinds
from tidegate.schema.compile import compile_project
from tidegate.schema.editor import schema_line, write_schemas
from tidegate.schema.reading import read_yaml
from tidegate.schema.tree import as_json

if TYPE_CHECKING:
    from tests.schema.compiling.conftest import Compile

EXAMPLE = Path(__file__).parents[3] / "examples" / "servicedesk"


def plain(text: str) -> Any:  # Any: what YAML says
    problems = Problems()
    tree = read_yaml(text, "f.yaml", problems)
    assert tree is not None, problems.found
    return as_json(tree)


def schema_of(folder: Path, file: str) -> Draft7Validator:
    line = schema_line(file)
    path = (folder / file).parent / line.partition("$schema=")[2]
    return _validator(path.read_text())


@cache
def _validator(text: str) -> Draft7Validator:
    """Of a schema that is one."""
    schema = loads(text)
    Draft7Validator.check_schema(schema)
    return Draft7Validator(schema)


def yaml_files(folder: Path) -> list[str]:
    found = [*folder.glob("objects/**/*.yaml"), *folder.glob("operations/**/*.yaml"), folder / "tidegate.yaml"]
    return [path.relative_to(folder).as_posix() for path in found]


@pytest.fixture
def written(compiled: Compile, project: Path, kinds: Mapping[str, IntegrationKind]) -> Path:
    write_schemas(project, compiled({}), kinds)
    return project


def test_a_project_fits_its_own_schemas(written: Path) -> None:
    for file in yaml_files(written):
        assert [
            error.message for error in schema_of(written, file).iter_errors(plain((written / file).read_text()))
        ] == []


def test_the_example_fits_its_own_schemas(tmp_path: Path) -> None:
    kinds = installed_kinds()
    folder = tmp_path / "desk"
    (folder / "objects").mkdir(parents=True)
    (folder / "operations").mkdir()
    write_schemas(folder, compile_project(EXAMPLE, kinds, None), kinds)
    files = yaml_files(EXAMPLE)
    assert len(files) > 5
    for file in files:
        text = (EXAMPLE / file).read_text()
        assert [error.message for error in schema_of(folder, file).iter_errors(plain(text))] == []


def test_schemas_are_written_once(written: Path, compiled: Compile, kinds: Mapping[str, IntegrationKind]) -> None:
    files = sorted((written / ".tidegate").iterdir())
    assert [file.name for file in files] == ["objects.schema.json", "operations.schema.json", "tidegate.schema.json"]
    before = [file.stat().st_mtime_ns for file in files]
    write_schemas(written, compiled({}), kinds)
    assert [file.stat().st_mtime_ns for file in files] == before


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("tidegate.yaml", ".tidegate/tidegate.schema.json"),
        ("objects/tickets.yaml", "../.tidegate/objects.schema.json"),
        ("operations/deep/tickets.yaml", "../../.tidegate/operations.schema.json"),
    ],
)
def test_the_first_line_of_a_file(file: str, line: str) -> None:
    assert schema_line(file) == f"# yaml-language-server: $schema={line}"


OPERATION = """
mine:
  kind: query
  minRole: customer
  args: { status: Status, first: Int = 20, where: TicketFilter, long: { type: "[ID!]!", default: [] } }
  returns: "[Ticket!]!"
  timeout: 5s
  live: { throttle: 50ms, groups: [lists] }
  run:
    use: tickets
    list:
      where: { email: $currentUser.email, status: { in: [Todo] }, comments: { text: x } }
      orderBy: [-createdAt]
"""
WRITE = """
change:
  kind: mutation
  minRole: customer
  returns: Ticket!
  run: { use: tickets, update: { where: { id: $args.id }, set: { title: "{{ args.title }}", size: null } } }
  refresh: [auto, me]
"""


THROTTLED = "{ throttle: 50ms, groups: [lists] }"
LIVES = [
    OPERATION.replace(THROTTLED, live)
    for live in ("false", "{}", "{ throttle: 0s }", "{ throttle: 1m }", "{ groups: lists }")
]
REFRESHING = [WRITE.replace("[auto, me]", refresh) for refresh in ("auto", "all", "none", "[]")]


PAGE = OPERATION.replace('"[Ticket!]!"', "TicketConnection!")


@pytest.mark.parametrize("text", [OPERATION, WRITE, PAGE, *LIVES, *REFRESHING])
def test_operations_that_are_right(written: Path, text: str) -> None:
    assert [error.message for error in schema_of(written, "operations/x.yaml").iter_errors(plain(text))] == []


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("kind: query", "kind: qeury"),
        ("minRole: customer", "minRole: custmer"),
        ("minRole:", "minrole:"),
        ("status: Status", "status: Statsu"),
        ("where: TicketFilter", "where: TicketsFilter"),
        ("Ticket!]!", "Tickets!]!"),
        ("timeout: 5s", "timeout: 5"),
        ("use: tickets", "use: ticket"),
        ("list:", "lst:"),
        ("list:", "sql:"),
        ("email: $cur", "mail: $cur"),
        ("$currentUser", "$curentUser"),
        ("in: [Todo]", "inn: [Todo]"),
        ("in: [Todo]", "in: [Tood]"),
        ("text: x", "txt: x"),
        ("-createdAt", "-createdOn"),
        ("returns:", "return:"),
        ("throttle:", "trottle:"),
        ("50ms", "50"),
        ("[lists]", "[two words]"),
        ("live: {", "live: often #"),
        ("live: {", "live: true #"),
    ],
)
def test_misspelt_operations(written: Path, right: str, wrong: str) -> None:
    text = OPERATION.replace(right, wrong)
    if right == "$currentUser":
        text = text.replace("email: $curentUser.email", "size: $curentUser.email")
    assert text != OPERATION
    assert list(schema_of(written, "operations/x.yaml").iter_errors(plain(text)))


@pytest.mark.parametrize("wrong", ["[auto, mee]", "alll", "[me, me]", "true", "[change]"])
def test_misspelt_refresh(written: Path, wrong: str) -> None:
    text = WRITE.replace("[auto, me]", wrong)
    assert list(schema_of(written, "operations/x.yaml").iter_errors(plain(text)))


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("integration: db", "integration: dbb"),
        ("key: id", "key: ident"),
        ("type: Ticket", "type: Tickets"),
        ("access:", "acess:"),
        ("support: all", "suport: all"),
        ("support: all", "support: everything"),
        ("read:", "reed:"),
        ("{ email:", "{ mail:"),
        ("many: comments", "many: coments"),
        ("limit: 50", "limit: many"),
        ("note: {", "notes: {"),
        ("ticketId: id", "ticketId: idd"),
    ],
)
def test_misspelt_objects(written: Path, right: str, wrong: str) -> None:
    text = (written / "objects/tickets.yaml").read_text()
    assert right in text
    assert list(schema_of(written, "objects/x.yaml").iter_errors(plain(text.replace(right, wrong))))


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("roles:", "rols:"),
        ("[HS256]", "[HS255]"),
        ("secret:", "sercet:"),
        ("properties: me", "properties: mee"),
        ("kind: sqlite", "kind: sqlight"),
        ("file: desk.db", "fiel: desk.db"),
        ("file: desk.db", "file: 5"),
        ("config:", "limits: { timeout: 5 }\nconfig:"),
        ("config:", "limits: { timeot: 5s }\nconfig:"),
        ("config:", "cors: { origin: x }\nconfig:"),
    ],
)
def test_misspelt_settings(written: Path, right: str, wrong: str) -> None:
    text = (written / "tidegate.yaml").read_text()
    assert right in text
    assert list(schema_of(written, "tidegate.yaml").iter_errors(plain(text.replace(right, wrong))))


ACTIONS = """
tickets:
  integration: db
  key: id
  type: Ticket
  actions:
    tidy: { on: before create, js: actions/tidy.js }
    typed: { on: [before update, after update], where: true, js: actions/typed.ts, timeout: 2s }
    audit: { on: during update, where: "{{ prev.status }} <> {{ row.status }}", sql: actions/audit.sql }
    escalate: { on: demand, minRole: support, params: { level: Int! }, returns: Int, js: actions/escalate.js }
"""


def test_actions_fit_the_schema_and_their_misspellings_do_not(written: Path) -> None:
    schema = schema_of(written, "objects/tickets.yaml")
    assert [error.message for error in schema.iter_errors(plain(ACTIONS))] == []
    for right, wrong in (
        ("on: before create", "on: before creation"),
        ("[before update, after update]", "[before update, before update]"),
        ("actions/tidy.js", "actions/tidy.py"),
        ("timeout: 2s", "timeout: 2"),
        ("minRole: support", "minRole: suport"),
        ("on: demand, ", ""),
        ("where: true", "where: false"),
        ("js: actions/tidy.js", 'js: actions/tidy.js, sql: "select 1"'),
        (", sql: actions/audit.sql", ""),
    ):
        assert right in ACTIONS
        assert list(schema.iter_errors(plain(ACTIONS.replace(right, wrong)))), wrong
