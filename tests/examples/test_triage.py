"""The triage of the service desk, as three people in front of three screens see it: HTTP, graphql-ws, Socket.IO."""

from __future__ import annotations

import asyncio
import json
import time
from asyncio.subprocess import PIPE, Process
from contextlib import suppress
from math import inf
from pathlib import Path
from typing import Any

import jwt
import pytest

from tests.examples.conftest import copy_example
from tests.web.conftest import running
from tests.web.events import Browser
from tests.web.test_websocket_clients import NODE, said, started
from tidegate.app import Gateway
from tidegate.auth.claims import user_of
from tidegate.cli.demo import demo_users
from tidegate.core.emission import Audience, Emission
from tidegate.settings import Settings

SECRET = "a secret of the tests, long enough for HS256"
FILE = 'mutation { createTicket(title: "Help", description: "%s") { id } }'
CONVERSATION = """mutation ($id: ID!) {
  triageTicket(id: $id) { ticket { id author { name } comments { text author { name } } } }
}"""
COMMENT = "mutation ($id: ID!, $text: String!) { addComment(ticketId: $id, text: $text) { id } }"
TRIAGE = "mutation ($id: ID!) { triageTicket(id: $id) { reason ticket { priority } } }"


def token(folder: Path, who: str) -> str:
    claims = {"aud": "servicedesk", **demo_users(folder)[who], "exp": int(time.time()) + 6000}
    return jwt.encode(claims, SECRET, "HS256")


def has_heard_last(words: list[Any]) -> bool:
    return any(word.get("event", [None])[0] == "last" for word in words)


@pytest.mark.parametrize(
    ("words", "priority", "reason", "rings"),
    [
        ("The server is down!", "URGENT", "It says down.", True),
        ("The coffee is cold.", "NORMAL", "Nothing in it sounds alarming.", False),
    ],
    ids=["urgent", "calm"],
)
async def test_everybody_hears_of_a_triage(tmp_path: Path, words: str, priority: str, reason: str, rings: bool) -> None:
    folder = copy_example(tmp_path / "desk")
    gateway = Gateway.load(folder, {"JWT_SECRET": SECRET})
    browsers: list[Browser] = []
    screen: Process | None = None
    await gateway.open()
    try:
        async with running(gateway, Settings(port=0)) as site:  # type: ignore[arg-type]
            for who in ("sam", "ada"):
                options = json.dumps({"auth": {"token": token(folder, who)}, "transports": ["websocket"]})
                address = f"http://{site.host}:{site.port}"
                command = ("node", str(NODE / "events.mjs"), address, options)
                process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
                browsers.append(Browser(process))
            for browser in browsers:
                await browser.until(lambda words: any("connect" in word for word in words))

            async def ask(who: str, query: str, **variables: Any) -> Any:
                headers = {"Authorization": f"Bearer {token(folder, who)}"}
                response = await site.client.post(
                    "/graphql", json={"query": query, "variables": variables}, headers=headers
                )
                answer = response.json()
                assert "errors" not in answer, answer
                return answer["data"]

            number = (await ask("ada", FILE % words))["createTicket"]["id"]
            watching = "subscription { myTickets(first: 1) { id priority } }"
            screen = await started("websocket.mjs", site, token(folder, "ada"), watching)
            assert await said(screen) == {"event": "connected"}
            shown = {"id": number, "priority": "NORMAL"}
            assert await said(screen) == {"index": 0, "result": {"data": {"myTickets": [shown]}}}

            answer = await ask("sam", TRIAGE, id=number)
            assert answer == {"triageTicket": {"reason": reason, "ticket": {"priority": priority}}}
            if rings:
                shown = {"id": number, "priority": priority}
                assert await said(screen) == {"index": 0, "result": {"data": {"myTickets": [shown]}}}
            # What is for everybody comes after what was emitted before.
            gateway.rooms.emit([Emission("last", None, Audience.ALL)])
            for browser in browsers:
                await browser.until(has_heard_last)
            sam, ada = (each.events()[:-1] for each in browsers)
            assert sam == ([["ticketEscalated", {"id": number, "title": "Help"}]] if rings else [])
            assert ada == []
    finally:
        for browser in browsers:
            await browser.close()
        if screen is not None:
            # It ends by itself where the server has.
            with suppress(ProcessLookupError):
                screen.kill()
            await screen.communicate()
        await gateway.close()


async def test_what_a_triage_gives_can_be_gone_on_from(tmp_path: Path) -> None:
    folder = copy_example(tmp_path / "desk")
    gateway = Gateway.load(folder, {"JWT_SECRET": SECRET})
    catalog = gateway.catalog
    await gateway.open()
    try:

        async def ask(who: str, query: str, **variables: Any) -> Any:
            user = user_of(demo_users(folder)[who], inf, catalog.auth, catalog.roles)
            answer = json.loads((await gateway.execute(query, None, variables, user)).body)
            assert "errors" not in answer, answer
            return answer["data"]

        number = (await ask("ada", FILE % "The server is down!"))["createTicket"]["id"]
        await ask("ada", COMMENT, id=number, text="Hello?")
        await ask("sam", COMMENT, id=number, text="On it.")
        comments = [
            {"text": "Hello?", "author": {"name": "Ada"}},
            {"text": "On it.", "author": {"name": "Sam"}},
        ]
        ticket = {"id": number, "author": {"name": "Ada"}, "comments": comments}
        assert await ask("sam", CONVERSATION, id=number) == {"triageTicket": {"ticket": ticket}}
    finally:
        await gateway.close()
