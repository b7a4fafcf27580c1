"""graphql-ws itself, held against the fake gateway. The service desk has more: test_websocket_desk.py."""

from __future__ import annotations

import asyncio
import json
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from typing import Any

from tests.web.conftest import Running
from tests.web.fake_clients import emit
from tests.web.streaming import PATIENCE, until
from tests.web.test_websocket import token
from tidegate.core.live import Result

NODE = Path(__file__).parents[1] / "node"


async def started(script: str, site: Running, *arguments: str) -> Process:
    address = f"ws://{site.host}:{site.port}/graphql"
    return await asyncio.create_subprocess_exec("node", str(NODE / script), address, *arguments, stdout=PIPE)


async def said(process: Process) -> Any:
    assert process.stdout is not None
    async with asyncio.timeout(PATIENCE):
        return json.loads(await process.stdout.readline())


async def test_graphql_ws(site: Running) -> None:
    documents = ("subscription { count(to: 2) }", "{ hello }", "mutation { write }", "{ nope }", "{")
    process = await started("websocket.mjs", site, token("u5"), *documents)
    output, _ = await process.communicate()
    assert process.returncode == 0
    lines = [json.loads(line) for line in output.splitlines()]
    assert lines[0] == {"event": "connected"}
    assert lines[-1] == {"event": "closed", "code": 1000, "reason": "Normal Closure"}
    results = [line["result"]["data"] for line in lines if "result" in line]
    assert [data for data in results if "count" in data] == [{"count": 1}, {"count": 2}]
    assert {"hello": "world"} in results
    assert {"write": 1} in results
    assert {line["index"] for line in lines if "errors" in line} == {3, 4}
    assert {line["index"] for line in lines if line.get("event") == "complete"} == {0, 1, 2}


async def test_graphql_ws_comes_back_after_its_token_has_expired(site: Running) -> None:
    process = await started("websocket.mjs", site, token(), "subscription { ticks }", "subscription { tocks }")
    for _ in range(2):
        assert await said(process) == {"event": "connected"}
        await until(lambda: sum(len(client.subscriptions) for client in site.gateway.clients) == 2)
        emit(site.gateway, Result(b'{"data":{"ticks":1}}'))
        assert await said(process) == {"index": 0, "result": {"data": {"ticks": 1}}}
        (client,) = site.gateway.clients
        client.expire()
        assert await said(process) == {"event": "closed", "code": 4403, "reason": "Forbidden"}
    assert await said(process) == {"event": "connected"}
    process.kill()
    await process.communicate()
