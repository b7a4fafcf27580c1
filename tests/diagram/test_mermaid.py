"""Every line of a flowchart is one of a few forms, whatever the names in it are."""

from __future__ import annotations

import re

from hypothesis import HealthCheck, given, settings

from tests.diagram.outlines import OUTLINES
from tidegate.core.catalog import Catalog
from tidegate.diagram.drawing import draw
from tidegate.diagram.mermaid import as_mermaid
from tidegate.diagram.outline import Outline

_SIGN = r"(?:[A-Za-z0-9 _,/()]|#[0-9]+;)"
_LABEL = rf"{_SIGN}*(?:<br/>{_SIGN}*)*"
_NODE = "n[0-9]+"
_NODES = re.compile(
    rf'({_NODE})(?:\["{_LABEL}"\]|\("{_LABEL}"\)|\(\["{_LABEL}"\]\)|\[\["{_LABEL}"\]\]|>"{_LABEL}"\]|\{{\{{"{_LABEL}"\}}\}})'
)
_OPENED = re.compile(rf'subgraph ({_NODE}) \["{_LABEL}"\]')
_LINKED = re.compile(rf'({_NODE}) (?:-->(?:\|"{_SIGN}+"\|)?|-\.->) ({_NODE})')


def hold(text: str) -> None:
    """A grammar of what is written here, stricter than Mermaid's own."""
    first, title, *lines = text.split("\n")
    assert first == "flowchart TD"
    assert re.fullmatch(rf"    accTitle: {_SIGN}*", title)
    assert lines.pop() == ""
    known: set[str] = set()
    linked: set[str] = set()
    open_frames = 0
    for line in lines:
        stripped = line.lstrip(" ")
        # Each level is indented by four.
        assert len(line) - len(stripped) == 4 * (1 + open_frames - (stripped == "end")), line
        if found := _NODES.fullmatch(stripped) or _OPENED.fullmatch(stripped):
            assert found[1] not in known, line
            known.add(found[1])
            open_frames += stripped.startswith("subgraph")
        elif found := _LINKED.fullmatch(stripped):
            linked |= {found[1], found[2]}
        elif stripped == "end":
            open_frames -= 1
            assert open_frames >= 0
        else:
            assert stripped == "direction TB", line
    assert open_frames == 0
    assert linked <= known


@given(OUTLINES)
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_outline(outline: Outline) -> None:
    hold(as_mermaid(outline))


def test_real_operations(drawn: Catalog) -> None:
    for operation in drawn.operations.values():
        hold(as_mermaid(draw(operation)))


def test_ways_part_and_meet(drawn: Catalog) -> None:
    text = as_mermaid(draw(drawn.operations["everything"]))
    assert re.search(r'n\d+ -->\|"if error#46;code is one of #8230;"\| n\d+', text)
    respond = re.search(r'(n\d+)\["respond #123; one, two #125;<br/>', text)
    assert respond is not None
    assert len(re.findall(rf"--> {respond[1]}$", text, re.MULTILINE)) == 3
