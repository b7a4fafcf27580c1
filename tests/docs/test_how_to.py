"""docs/how-to: each project shown there is in order."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.docs.blocks import DOCS, blocks
from tidegate.cli import main

PAGES = sorted(path.relative_to(DOCS).as_posix() for path in (DOCS / "how-to").glob("*.md"))
PROBE = "probe: { kind: query, minRole: anonymous, returns: Int!, steps: [{ return: 1 }] }\n"
"""What makes settings alone a project."""
CONFIGURATION = {"nginx"}
"""Of other programs, which the tests do not have."""


@pytest.mark.parametrize("page", PAGES)
def test_projects(tmp_path: Path, page: str) -> None:
    shown = blocks(page)
    assert shown
    for block in shown:
        assert block.title or block.language in CONFIGURATION, block
        if block.title:
            block.write(tmp_path)
    for folder in sorted(tmp_path.iterdir()):
        if not (folder / "operations").exists():
            (folder / "operations").mkdir()
            (folder / "operations" / "probe.yaml").write_text(PROBE)
        checked = CliRunner().invoke(main, ["check", str(folder)], prog_name="tidegate")
        assert checked.exit_code == 0, checked.output
