"""`tidegate plan`: functions, step by step, and operations drawn."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias
from xml.etree import ElementTree as ET

from click.testing import Result

Run: TypeAlias = Callable[..., Result]


def test_the_steps_of_a_function(tidegate: Run, desk: Path) -> None:
    (desk / "operations/more.yaml").write_text("""
both:
  kind: mutation
  minRole: support
  args: { id: ID! }
  returns: JSON
  steps:
    - if: $args.id
      then:
        - { as: one, use: tickets, get: { where: { id: $args.id } }, timeout: 1s }
      else: []
    - { use: db, sql: "update tickets set title = 'x' where id = {{ args.id }}" }
  onError:
    - { return: null }
""")
    planned = tidegate("plan", desk, "both")
    assert planned.exit_code == 0, planned.stderr
    lines = planned.stdout.splitlines()
    # After the operation and the document that calls it.
    assert lines[2:5] == [
        "choose  # operations/more.yaml:8",
        "  if args.id",
        "    get tickets (asks db; at most 1s; as one)  # operations/more.yaml:10",
    ]
    assert lines[5].startswith("      SELECT ")
    assert "        1 = $args.id" in lines
    assert lines[-7:] == [
        "sql (asks db)  # operations/more.yaml:12",
        "  update tickets set title = 'x' where id = ?",
        "    1 = $args.id",
        "answers what the last step gave (as JSON)",
        "onError  # operations/more.yaml:14",
        "  where a step fails",
        "  return nothing  # operations/more.yaml:14",
    ]
    assert not (desk / "desk.db").exists()


def test_every_operation_of_the_example_can_be_drawn(tidegate: Run, desk: Path) -> None:
    (desk / ".env").unlink()
    for name in ("triageTicket", "myTickets", "createTicket"):
        assert tidegate("plan", desk, name, "--diagram", "mermaid").stdout.startswith("flowchart TD\n")
        assert ET.fromstring(tidegate("plan", desk, name, "--diagram", "svg").stdout).tag.endswith("svg")


def test_a_diagram_is_written_to_a_file(tidegate: Run, desk: Path, tmp_path: Path) -> None:
    target = tmp_path / "triage.svg"
    drawn = tidegate("plan", desk, "triageTicket", "--diagram", "svg", "--output", target)
    assert (drawn.exit_code, drawn.stdout) == (0, "")
    assert drawn.stderr == f"{target} is written.\n"
    assert target.read_text() == tidegate("plan", desk, "triageTicket", "--diagram", "svg").stdout


def test_diagrams_that_cannot_be(tidegate: Run, desk: Path, tmp_path: Path) -> None:
    assert tidegate("plan", desk, "myTickets", "--diagram", "png").exit_code == 2
    assert tidegate("plan", desk, "myTickets", "--output", tmp_path / "x.svg").exit_code == 2
    unknown = tidegate("plan", desk, "triageTickt", "--diagram", "svg")
    assert unknown.exit_code == 2
    assert 'Did you mean "triageTicket"?' in unknown.stderr
    nowhere = tidegate("plan", desk, "myTickets", "--diagram", "svg", "--output", tmp_path / "no" / "x.svg")
    assert nowhere.exit_code != 0
    assert "No such file" in nowhere.stderr


def test_the_picture_of_the_docs(tidegate: Run, desk: Path) -> None:
    """To draw it anew: tidegate plan examples/servicedesk triageTicket --diagram svg --output FILE"""
    picture = Path(__file__).parents[2] / "docs/reference/triageTicket.svg"
    assert picture.read_text() == tidegate("plan", desk, "triageTicket", "--diagram", "svg").stdout
