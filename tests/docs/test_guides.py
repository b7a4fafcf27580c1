"""docs/guides: they build one project together, which is in order after each page; its documents are valid, its
commands run and print what the page shows."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from graphql import build_schema, parse, validate

from tests.docs.blocks import DOCS, Block, blocks
from tests.docs.reader import Reader

NAV = yaml.safe_load((DOCS.parent / "mkdocs.yml").read_text(encoding="utf-8"))["nav"]
(PAGES,) = ([next(iter(entry.values())) for entry in part["Guides"]] for part in NAV if "Guides" in part)
ENVIRONMENT = {
    "JWT_SECRET": "a secret of the tests, long enough for HS256",
    "ISBN_TOKEN": "t",
    "SMTP_URL": "smtp://127.0.0.1:9",
    "PAGER_URL": "http://127.0.0.1:9/",
    "PAGER_SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "TIDEGATE_RUNS": "off",
    "TIDEGATE_SANDBOX": "weak",
}


def unnamed(block: Block) -> str:
    """What a block is that is no file: commands, their output, a document; anything else is an oversight."""
    assert block.language in ("bash", "json", "text", "graphql"), block
    return block.language


def test_every_guide_is_in_the_navigation() -> None:
    assert sorted(PAGES) == sorted(path.relative_to(DOCS).as_posix() for path in (DOCS / "guides").glob("*.md"))


def wrong(folder: Path, page: str) -> list[str]:
    """The mistakes in the page's documents."""
    asked = [block for block in blocks(page) if not block.title and block.language == "graphql"]
    if not asked:
        return []
    command = [sys.executable, "-m", "tidegate", "schema", str(folder / "library")]
    schema = build_schema(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return [f"{block}: {error.message}" for block in asked for error in validate(schema, parse(block.text))]


@pytest.mark.parametrize("page", PAGES)
async def test_guide(tmp_path: Path, page: str) -> None:
    before = [block for earlier in PAGES[: PAGES.index(page)] for block in blocks(earlier)]
    for block in before + blocks(page):
        if block.title:
            block.write(tmp_path)
    async with Reader(tmp_path, **ENVIRONMENT) as reader:
        for block in blocks(page):
            if not block.title and unnamed(block) != "graphql":
                await reader.follow(block)
    assert wrong(tmp_path, page) == []
    assert any("tidegate check" in block.text for block in blocks(page))
