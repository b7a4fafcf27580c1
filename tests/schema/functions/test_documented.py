"""The functions of docs/reference/format.md are functions, and editors take them."""

from __future__ import annotations

import re
from json import loads
from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from tests.schema.functions.world import compiled
from tidegate.core.flow import all_steps
from tidegate.core.problems import Problems
from tidegate.kinds import installed_kinds
from tidegate.schema.editor import write_schemas
from tidegate.schema.reading import read_yaml
from tidegate.schema.tree import as_json

FORMAT = (Path(__file__).parents[3] / "docs/reference/format.md").read_text()
SECTION = re.split(r"\n### ", FORMAT.split("\n### functions\n", 1)[1])[0]
BLOCKS = re.findall(r"```yaml\n(.*?)```", SECTION, re.DOTALL)
NAMES = [block.partition(":")[0] for block in BLOCKS]


@pytest.mark.parametrize("block", BLOCKS, ids=NAMES)
def test_examples(desk: Path, block: str) -> None:
    catalog = compiled(desk, {"operations/shown.yaml": block})
    write_schemas(desk, catalog, installed_kinds())
    schema = loads((desk / ".tidegate" / "operations.schema.json").read_text())
    tree = read_yaml(block, "shown.yaml", Problems())
    assert tree is not None
    assert [error.message for error in Draft7Validator(schema).iter_errors(as_json(tree))] == []


def test_there_are_examples(desk: Path) -> None:
    assert len(BLOCKS) >= 4
    catalog = compiled(desk, {"operations/shown.yaml": "".join(BLOCKS)})
    flows = [operation.plan.flow for operation in catalog.operations.values() if operation.plan.flow is not None]
    assert len(flows) == len(BLOCKS)
    shown = {type(step.work) for each in flows for step in all_steps(each)}
    assert len(shown) >= 12
