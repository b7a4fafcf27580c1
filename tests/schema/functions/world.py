"""The project of tests/cases/project with functions in it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from shutil import copytree

from tidegate.core.catalog import Catalog
from tidegate.core.flow import Flow
from tidegate.core.problems import ProjectError
from tidegate.kinds import installed_kinds
from tidegate.schema.compile import compile_project

PROJECT = Path(__file__).parents[2] / "cases" / "project"
ENVIRONMENT = {"JWT_SECRET": "0123456789abcdef0123456789abcdef"}
CALLED = """
ticket:
  kind: query
  minRole: support
  args: { id: ID! }
  returns: Ticket
  run: { use: tickets, get: { where: { id: $args.id } } }
tickets_:
  kind: query
  minRole: support
  returns: TicketConnection!
  run: { use: tickets, list: {} }
setPriority:
  kind: mutation
  minRole: support
  args: { id: ID!, priority: Priority! }
  returns: Result!
  run:
    use: db
    sql: |
      update tickets set note = '{{ args.priority }}' where id = {{ args.id }} returning id, note as priority
"""
TYPES = """
enum Priority { NORMAL URGENT }
type Result { id: ID! priority: Priority! }
type Triage { ticket: ID! priority: Priority! reason: String }
"""
CODE = {
    "functions/find_words.js": "function run(input) { return input.text.split(' '); }\n",
    "functions/judge.py": "def run(input, context):\n    return {'urgent': True, 'reason': 'loud'}\n",
}


def project(folder: Path) -> Path:
    """A copy to change, with the code of `CODE`, the operations of `CALLED` and a mail server `pager`."""
    copy = Path(copytree(PROJECT, folder / "project"))
    settings = (copy / "tidegate.yaml").read_text()
    pager = 'pager: { kind: smtp, url: "smtp://mail.example", from: desk@example.com }'
    settings = settings.replace("integrations:\n", f"integrations:\n  {pager}\n")
    (copy / "tidegate.yaml").write_text(settings)
    (copy / "types.graphql").write_text((copy / "types.graphql").read_text() + TYPES)
    (copy / "operations" / "called.yaml").write_text(CALLED)
    for name, text in CODE.items():
        (copy / name).parent.mkdir(exist_ok=True)
        (copy / name).write_text(text)
    return copy


def compiled(folder: Path, files: Mapping[str, str]) -> Catalog:
    """Raises `ProjectError`."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return compile_project(folder, installed_kinds(), ENVIRONMENT)


def function(steps: str, *, kind: str = "mutation", more: str = "") -> str:
    """operations/*.yaml with the function `f` of the argument `id`; `steps` and `more` are as they are indented."""
    head = f"f:\n  kind: {kind}\n  minRole: support\n  args: {{ id: ID! }}\n  returns: JSON\n"
    return f"{head}  steps:\n{steps}\n{more}"


def flow(folder: Path, steps: str, **more: str) -> Flow:
    """Raises `ProjectError`."""
    found = compiled(folder, {"operations/f.yaml": function(steps, **more)}).operations["f"].plan.flow
    assert found is not None
    return found


def problems(folder: Path, steps: str, **more: str) -> list[str]:
    try:
        flow(folder, steps, **more)
    except ProjectError as error:
        return [f"{problem.at.line - 6}:{problem.at.column}: {problem.sentence}" for problem in error.problems]
    return []
