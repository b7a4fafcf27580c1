"""Who may look into the gateway, and how far."""

from __future__ import annotations

import asyncio
import time

import pytest

from tests.web.conftest import Serving
from tests.web.console.conftest import Console, Opened, events, token
from tidegate.looking import Looking
from tidegate.settings import Console as Wanted
from tidegate.settings import Environment, Settings

EVERYTHING = (
    "project", "state", "health", "operations/me", "operations/me/refreshing", "runs", "runs/abc", "live", "run",
    "runs/abc/replay", "nonsense",
)  # fmt: skip
FIRST = {"operation": "openTickets", "arguments": {}}


@pytest.mark.parametrize(
    ("environment", "console", "there", "inner"),
    [
        (Environment.PRODUCTION, Wanted.OFF, False, False),
        (Environment.PRODUCTION, Wanted.ADMINS, True, False),
        (Environment.DEVELOPMENT, Wanted.OFF, True, True),
        (Environment.DEVELOPMENT, Wanted.ADMINS, True, True),
    ],
)
def test_where_it_is(environment: Environment, console: Wanted, there: bool, inner: bool) -> None:
    looking = Looking(Settings(environment=environment, console=console))
    assert (looking.insight is not None, bool(looking.recorders)) == (there, there)
    assert looking.insight is None or looking.insight.inner is inner


async def test_where_it_is_not_there_is_nothing(serving: Serving) -> None:
    site = await serving()
    headers = {"x-tidegate-console": "1", **token("kim")}
    for method in ("GET", "POST", "OPTIONS"):
        for path in ("", "/", "/main.js", "/api/project", "/api/live"):
            here = await site.client.request(method, f"/console{path}", headers=headers)
            nowhere = await site.client.request(method, f"/nothing{path}", headers=headers)
            assert here.status_code == 404
            assert (here.content, {**here.headers, "date": ""}) == (nowhere.content, {**nowhere.headers, "date": ""})


async def test_in_production_the_highest_role_and_nobody_else(operator: Console) -> None:
    for path in EVERYTHING:
        assert await operator.refused(path) == (401, "UNAUTHENTICATED"), path
        assert await operator.refused(path, **token("sam")) == (403, "FORBIDDEN"), path
        assert await operator.refused(path, {}, **token("ada")) == (403, "FORBIDDEN"), path
        assert await operator.refused(path, authorization="Bearer a.b.c") == (401, "UNAUTHENTICATED"), path
    project = await operator.get("project", **token("kim"))
    assert (project["author"], project["demo"], project["you"]) == (
        False,
        [],
        {"verified": True, "role": "admin", "user": "6"},
    )


async def test_an_expired_token_sees_no_more(operator: Console) -> None:
    kim = token("kim", exp=int(time.time()) + 3)
    ended = None
    async with asyncio.timeout(60), operator.client.stream("GET", "/console/api/live", headers=kim) as answer:
        assert answer.status_code == 200
        async for event, data in events(answer):
            ended = data if event == "end" else ended
    assert ended is not None
    assert ended["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert await operator.refused("live", **kim) == (401, "UNAUTHENTICATED")


async def test_where_every_token_has_the_highest_role_it_says_nothing(operator: Console) -> None:
    file = operator.folder / "tidegate.yaml"
    file.write_text(file.read_text().replace("auth:\n", "auth:\n  defaultRole: admin\n"))
    await operator.gateway.reload()
    assert await operator.refused("project", **token("kim")) == (403, "FORBIDDEN")


async def test_in_development_this_machine_needs_no_token(author: Console) -> None:
    assert (await author.get("project"))["author"] is True
    # Whoever has one is who they are, and may look all the same.
    assert (await author.get("project", **token("ada")))["you"]["role"] == "customer"
    assert await author.refused("project", authorization="Bearer a.b.c") == (401, "UNAUTHENTICATED")


FROM_ELSEWHERE = (
    {"host": "desk.example"},
    {"host": "127.0.0.1.evil.example"},
    {"x-forwarded-for": "203.0.113.7"},
    {"via": "1.1 proxy"},
    {"forwarded": "for=203.0.113.7"},
    {"x-forwarded-proto": "https"},
    {"x-forwarded-port": "443"},
    {"cf-connecting-ip": "203.0.113.7"},
    {"true-client-ip": "203.0.113.7"},
    {"x-client-ip": "203.0.113.7"},
    {"connection": "close"},
)
OF_OTHER_PAGES = (
    {"origin": "https://evil.example"},
    {"origin": "null"},
    {"origin": "http://127.0.0.1:1"},
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"sec-fetch-site": "none"},
)


async def test_in_development_others_need_a_token(author: Console) -> None:
    for headers in FROM_ELSEWHERE:
        assert await author.refused("project", **headers) == (401, "UNAUTHENTICATED"), headers
        assert await author.refused("project", **headers, **token("sam")) == (403, "FORBIDDEN"), headers
        assert (await author.get("project", **headers, **token("kim")))["author"] is True


async def test_a_proxy_that_says_nothing_of_itself_is_not_this_machine(author: Console) -> None:
    """As nginx passes requests on where nobody has configured more: by HTTP/1.0, in its own name."""
    for line in ("HTTP/1.0", "HTTP/1.0\r\nConnection: keep-alive", "HTTP/1.1\r\nConnection: close"):
        reader, writer = await asyncio.open_connection("127.0.0.1", author.port)
        head = f"GET /console/api/project {line}\r\nHost: 127.0.0.1:{author.port}\r\nx-tidegate-console: 1\r\n\r\n"
        writer.write(head.encode())
        assert b" 401 " in await reader.readline(), line
        writer.close()


async def test_pages_of_others_ask_for_nothing(author: Console, operator: Console) -> None:
    for console in (author, operator):
        for headers in OF_OTHER_PAGES:
            assert await console.refused("project", **headers, **token("kim")) == (403, "FORBIDDEN"), headers
            assert await console.refused("run", FIRST, **headers, **token("kim")) == (403, "FORBIDDEN"), headers


async def test_a_request_that_any_page_could_send_is_refused(author: Console) -> None:
    """Without our header: a browser sends such a request across origins without asking first."""
    del author.client.headers["x-tidegate-console"]
    for path in EVERYTHING:
        assert await author.refused(path, **token("kim")) == (403, "FORBIDDEN"), path
    answer = await author.client.options("/console/api/run", headers={"origin": "https://evil.example"})
    assert "access-control-allow-origin" not in answer.headers


async def test_cookies_and_addresses_are_nobodys(operator: Console) -> None:
    bearer = token("kim")["authorization"].removeprefix("Bearer ")
    assert await operator.refused(f"project?token={bearer}&access_token={bearer}") == (401, "UNAUTHENTICATED")
    cookie = f"token={bearer}; authorization=Bearer {bearer}"
    assert await operator.refused("project", cookie=cookie) == (401, "UNAUTHENTICATED")
    answer = await operator.client.get("/console/api/project", headers=token("kim"))
    assert "set-cookie" not in answer.headers
    assert answer.headers["cache-control"] == "no-store"


async def test_operators_call_as_themselves_and_replay_nothing(operator: Console) -> None:
    kim = token("kim")
    assert await operator.refused("run", {**FIRST, "as": None}, **kim) == (403, "FORBIDDEN")
    claims = {"claims": {"sub": "1", "role": "customer"}}
    assert await operator.refused("run", {**FIRST, "as": claims}, **kim) == (403, "FORBIDDEN")
    assert await operator.refused("runs/abc/replay", {}, **kim) == (403, "FORBIDDEN")
    assert await operator.refused("run", FIRST, **token("sam")) == (403, "FORBIDDEN")


async def test_methods(opened: Opened) -> None:
    console = await opened(environment=Environment.DEVELOPMENT)
    for path in ("project", "state", "health", "operations/me", "operations/me/refreshing", "runs", "live"):
        assert await console.refused(path, {}) == (405, "BAD_USER_INPUT"), path
    for path in ("run", "runs/abc/replay"):
        assert await console.refused(path) == (405, "BAD_USER_INPUT"), path
    form = await console.client.post("/console/api/run", data={"operation": "openTickets"})
    assert form.status_code == 415
