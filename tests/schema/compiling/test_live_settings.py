"""`live:` and `refresh:` of a project's operations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tidegate.core.operation import AUTO, Live, Refresh
from tidegate.core.problems import ProjectError

if TYPE_CHECKING:
    from tests.schema.compiling.conftest import Compile

QUERY = """
{name}:
  kind: query
  minRole: customer
  returns: "[Ticket!]!"
  run: {{ use: tickets, list: {{}} }}
{more}
"""
MUTATION = """
clean:
  kind: mutation
  minRole: admin
  returns: Int!
  run: { use: tickets, deleteMany: { where: { status: Done } } }
"""


def query(name: str, live: str) -> str:
    return QUERY.format(name=name, more=f"  live: {live}" if live else "")


@pytest.mark.parametrize(
    ("written", "live"),
    [
        ("", Live(0.05, ())),
        ("{}", Live(0.05, ())),
        ("false", None),
        ("{ throttle: 0s }", Live(0.0, ())),
        ("{ throttle: 1.5s }", Live(1.5, ())),
        ("{ throttle: 60s, groups: lists }", Live(60.0, ("lists",))),
        ("{ groups: [lists, board] }", Live(0.05, ("lists", "board"))),
        ("{ groups: [] }", Live(0.05, ())),
    ],
)
def test_live(compiled: Compile, written: str, live: Live | None) -> None:
    assert compiled({"operations/more.yaml": query("search", written)}).operations["search"].live == live


@pytest.mark.parametrize(
    ("written", "refresh"),
    [
        ("", AUTO),
        ("auto", AUTO),
        ("[auto]", AUTO),
        ("none", Refresh(derived=False)),
        ("[]", Refresh(derived=False)),
        ("all", Refresh(derived=True, queries=frozenset({"me", "a", "b", "c"}))),
        ("[a]", Refresh(derived=False, queries=frozenset({"a"}))),
        ("[c, auto]", Refresh(derived=True, queries=frozenset({"c"}))),
        ("[lists]", Refresh(derived=False, queries=frozenset({"a", "b"}))),
        ("[lists, board, me]", Refresh(derived=False, queries=frozenset({"a", "b", "me"}))),
    ],
)
def test_refresh(compiled: Compile, written: str, refresh: Refresh) -> None:
    text = query("a", "{ groups: [lists] }") + query("b", "{ groups: [board, lists] }") + query("c", "false")
    clean = MUTATION + (f"  refresh: {written}\n" if written else "")
    operation = compiled({"operations/more.yaml": text, "operations/clean.yaml": clean}).operations["clean"]
    assert operation.refresh == refresh
    assert operation.live is None


def test_who_cannot_be_read_may_be_meant(compiled: Compile) -> None:
    """A name is not called unknown where a mistake elsewhere hides some."""
    broken = QUERY.format(name="search", more="").replace("kind: query", "kind: qeury")
    with pytest.raises(ProjectError) as raised:
        compiled({"operations/more.yaml": broken + MUTATION + "  refresh: [search, lists]\n"})
    assert [problem.sentence for problem in raised.value.problems] == ['"qeury" is not a kind of operation.']
