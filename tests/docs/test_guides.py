"""docs/guides: they build one project together, which is in order after each page; its commands run and print what the
page shows, and its documents are answered by the whole of it."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import httpx
import yaml
from graphql import OperationDefinitionNode, OperationType, parse

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
WHO: Final = "--claim sub=1 --claim email=ada@example.com --claim role=librarian"
LENT: Final = """
insert into books (id, title, author) values (1, 'The sea', 'Banville'), (2, 'Solaris', 'Lem');
insert into loans (book_id, email, due_on) values (2, 'ada@example.com', '2026-12-01');
"""
GIVEN: Final = {"id": "1"}


def unnamed(block: Block) -> str:
    """What a block is that is no file: commands, their output, a document; anything else is an oversight."""
    assert block.language in ("bash", "json", "text", "graphql"), block
    return block.language


def test_every_guide_is_in_the_navigation() -> None:
    assert sorted(PAGES) == sorted(path.relative_to(DOCS).as_posix() for path in (DOCS / "guides").glob("*.md"))


async def test_guides(tmp_path: Path, tidegate: Path) -> None:
    asked: list[Block] = []
    async with Reader(tmp_path, tidegate, **ENVIRONMENT) as reader:
        for page in PAGES:
            shown = blocks(page)
            for block in shown:
                if block.title:
                    block.write(tmp_path)
            # `check` is known to succeed from the commands themselves.
            assert any("tidegate check" in block.text for block in shown), page
            for block in shown:
                if not block.title and unnamed(block) != "graphql":
                    await reader.follow(block)
            asked += [block for block in shown if not block.title and block.language == "graphql"]
        await reader.type(f"tidegate token library {WHO}\n")
        headers = {"authorization": f"Bearer {reader.said.strip()}"}
        await reader.serve("tidegate serve library")
        with closing(sqlite3.connect(tmp_path / "library" / "library.db")) as database:
            database.executescript(LENT)
        async with httpx.AsyncClient(base_url=f"http://{reader.place}", headers=headers, timeout=60) as client:
            assert [str(block) for block in asked if not await is_answered(client, block)] == []
    assert len(asked) > 4


async def is_answered(client: httpx.AsyncClient, block: Block) -> bool:
    """Whether there are data and no errors; of a subscription, at first."""
    document = parse(block.text)
    (operation,) = (each for each in document.definitions if isinstance(each, OperationDefinitionNode))
    given = {each.variable.name.value: GIVEN[each.variable.name.value] for each in operation.variable_definitions or ()}
    body = {"query": block.text, "variables": given}
    if operation.operation is not OperationType.SUBSCRIPTION:
        answer = (await client.post("/graphql", json=body)).json()
    else:
        answer = await first(client, body)
    assert not answer.get("errors"), f"{block}: {answer}"
    return all(value not in (None, []) for value in answer["data"].values())


async def first(client: httpx.AsyncClient, body: dict[str, Any]) -> Any:
    """Any: JSON."""
    async with client.stream("POST", "/graphql", json=body, headers={"accept": "text/event-stream"}) as answer:
        async for line in answer.aiter_lines():
            if line.startswith("data:") and line.removeprefix("data:").strip():
                return json.loads(line.removeprefix("data:"))
    raise AssertionError(body)
