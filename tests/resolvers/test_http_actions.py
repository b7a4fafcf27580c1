"""`$http` in actions, end to end: the gateway, the sandbox, and a server that the project names in `http.allow`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.actions.world import World, open_world, prepare_database, sqlite_file, write_project
from tests.resolvers.servers import Request, Server

Make = Callable[..., Awaitable[World]]

FETCH = """
  fetch: { on: demand, minRole: member, params: { url: String!, more: JSON }, js: fetch.js }
  tell: { on: demand, minRole: member, params: { url: String!, more: JSON }, js: tell.js }
  often: { on: demand, minRole: member, params: { url: String!, more: JSON }, js: often.js }
"""
FILES = {
    "fetch.js": """
      function run(input, context) {
        const { url, more } = context.parameters;
        return $http({ url, ...more });
      }
    """,
    "often.js": """
      function run(input, context) {
        const { url, more } = context.parameters;
        let number = 0;
        for (; number < more.times; number += 1) $http.get(url);
        return number;
      }
    """,
    "tell.js": """
      function run(input, context) {
        const { url, more } = context.parameters;
        try {
          return $http({ url, ...more });
        } catch (error) {
          return { name: error.name, message: error.message, status: error.status ?? null, data: error.data ?? null };
        }
      }
    """,
}


@pytest.fixture
async def make(tmp_path: Path) -> AsyncIterator[Make]:
    """Opens a project that may go to these servers."""
    opened: list[World] = []

    async def make(*servers: Server, limits: str = "{}") -> World:
        database = sqlite_file(tmp_path)
        await prepare_database(database)
        allowed = json.dumps([f"127.0.0.1:{server.port}" for server in servers])
        settings = f"http: {{ allow: {allowed} }}\nlimits: {limits}\n"
        write_project(tmp_path / "project", database, FETCH, FILES, settings=settings)
        world = await open_world(tmp_path / "project", database)
        opened.append(world)
        return world

    yield make
    for world in opened:
        await world.gateway.close()


def answer(request: Request) -> None:
    match request.target.split("?")[0]:
        case "/json":
            request.answer(b'{"a": [1, "\xc3\xab"]}', Content_Type="application/json")
        case "/text":
            request.answer(b"just text")
        case "/echo":
            fields = {"method": request.method, "target": request.target, "body": request.body.decode()}
            fields["type"] = request.headers.get("content-type", "")
            fields["mine"] = request.headers.get("x-mine", "")
            request.answer(json.dumps(fields).encode())
        case "/broken":
            request.answer(b'{"why": "secret of theirs"}', 503)
        case "/inside":
            request.redirect("http://169.254.169.254/latest/meta-data")
        case "/circle":
            request.redirect("/circle")
        case "/large":
            request.answer(b"a" * int(request.target.split("?")[1]))
        case "/quotes":
            request.answer(b"\x01" * 500_000)


async def fetch(world: World, server: Server | None, path: str, action: str = "Fetch", **more: Any) -> Any:
    url = path if server is None else f"http://127.0.0.1:{server.port}{path}"
    text = f"mutation($url: String!, $more: JSON) {{ tasks{action}(url: $url, more: $more) }}"
    return await world.data("ann", text, url=url, more=more)


async def test_bodies(make: Make) -> None:
    async with Server(answer) as server:
        world = await make(server)
        assert await fetch(world, server, "/json") == {"a": [1, "ë"]}
        assert await fetch(world, server, "/text") == "just text"


async def test_requests(make: Make) -> None:
    async with Server(answer) as server:
        world = await make(server)
        found = await fetch(world, server, "/echo?a=1", params={"b": {"c": 2}, "d": None}, headers={"X-Mine": 7})
        assert found["target"] == "/echo?a=1&b=%7B%22c%22%3A2%7D"
        assert (found["method"], found["mine"], found["body"]) == ("GET", "7", "")
        posted: dict[str, Any] = {"method": "post", "data": {"a": 1, "b": "x y"}}
        found = await fetch(world, server, "/echo", **posted)
        assert (found["method"], found["body"]) == ("POST", "a=1&b=x%20y")
        assert found["type"] == "application/x-www-form-urlencoded"
        found = await fetch(world, server, "/echo", **posted, headers={"content-type": "application/json"})
        assert json.loads(found["body"]) == posted["data"]


async def test_other_statuses_are_thrown(make: Make) -> None:
    async with Server(answer) as server:
        world = await make(server)
        assert await fetch(world, server, "/broken", "Tell") == {
            "name": 503,
            "status": 503,
            "message": '{"why": "secret of theirs"}',
            "data": {"why": "secret of theirs"},
        }
        text = f'mutation {{ tasksFetch(url: "http://127.0.0.1:{server.port}/broken") }}'
        message, extensions = await world.error("ann", text)
        assert message == "$http was answered with status 503"
        assert extensions["code"] == "ACTION_FAILED"


@pytest.mark.parametrize(
    "url",
    [
        *("http://127.0.0.1:1/", "http://localhost/", "http://169.254.169.254/", "http://[::ffff:10.0.0.1]/"),
        *("http://2130706433/", "http://[64:ff9b::7f00:1]/", "http://[2002:7f00:1::]/", "{}/inside"),
    ],
)
async def test_the_inside_is_closed(url: str, make: Make) -> None:
    async with Server(answer) as server:
        world = await make(server)
        found = await fetch(world, None, url.replace("{}", f"http://127.0.0.1:{server.port}"), "Tell")
        assert found == {
            "name": "AddressError",
            "message": "$http may not go there: the address is not public.",
            "status": None,
            "data": None,
        }


@pytest.mark.parametrize("url", ["file:///etc/passwd", "http://a@b/", "http://a\r\nX: b/", "", "gopher://a/"])
async def test_what_is_no_address(url: str, make: Make) -> None:
    world = await make()
    assert (await fetch(world, None, url, "Tell"))["name"] == "TypeError"


async def test_limits_of_the_project(make: Make) -> None:
    async with Server(answer) as server, Server(lambda _: None) as silent:
        world = await make(
            server, silent, limits="{ httpBody: 1KiB, httpTimeout: 2s, httpRedirects: 1, scriptData: 4KiB }"
        )
        assert len(await fetch(world, server, "/large?1024")) == 1024
        found = await fetch(world, server, "/large?1025", "Tell")
        assert found["message"] == "The answer to $http has more than 1024 bytes."
        found = await fetch(world, server, "/circle", "Tell")
        assert (found["name"], len(server.asked)) == ("RedirectError", 4)
        found = await fetch(world, silent, "/", "Tell")
        assert (found["name"], found["message"]) == ("TimeoutError", "$http had no answer in time.")


async def test_many_requests_of_one_run(make: Make) -> None:
    async with Server(answer) as server:
        world = await make(server, limits="{ scriptCalls: 5 }")
        assert await fetch(world, server, "/text", "Often", times=5) == 5
        text = "mutation($url: String!, $more: JSON) { tasksOften(url: $url, more: $more) }"
        url = f"http://127.0.0.1:{server.port}/text"
        message, extensions = await world.error("ann", text, url=url, more={"times": 6})
        assert message == "More than 5 requests to the gateway by one run."
        assert extensions["code"] == "LIMIT"
        assert len(server.asked) == 10


async def test_answers_that_grow_on_the_way_into_the_sandbox(make: Make) -> None:
    """Half a megabyte of what JSON writes with six characters each is an error of that call, or its answer."""
    async with Server(answer) as server:
        world = await make(server)
        for _ in range(2):
            asked = await world.ask("ann", f'mutation {{ tasksTell(url: "http://127.0.0.1:{server.port}/quotes") }}')
            assert "errors" in asked or asked["data"]["tasksTell"]
        assert await fetch(world, server, "/text") == "just text"


async def test_programs_that_wait_keep_nobody_waiting(make: Make) -> None:
    """Programs wait for a server that waits until others were served."""
    go, waiting = asyncio.Event(), asyncio.Event()

    async def wait(request: Request) -> None:
        if len(server.asked) >= 4:
            waiting.set()
        await go.wait()
        request.answer(request.target.encode())

    async with Server(wait) as server:
        world = await make(server, limits="{ httpTimeout: 60s, scriptTime: 60s, timeout: 60s }")
        asked = [asyncio.ensure_future(fetch(world, server, f"/{number}")) for number in range(12)]
        await waiting.wait()
        for _ in range(5):
            assert await world.data("ann", "{ taskCount }") == 1
        go.set()
        # "/3" is JSON only without its stroke.
        assert await asyncio.gather(*asked) == [f"/{number}" for number in range(12)]
