"""Starting, stopping, and everything that uvicorn was told."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from tests.web.conftest import Serving, make_gateway
from tidegate.settings import Settings
from tidegate.web.server import CannotListen, listen, serve

ROOT = Path(__file__).parents[2]
Started = tuple[Process, int]


@asynccontextmanager
async def started(**environment: str) -> AsyncIterator[Started]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.web.serve_fake",
        cwd=ROOT,
        env={**os.environ, "TIDEGATE_PORT": "0", **environment},
        stdout=PIPE,
        stderr=PIPE,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(120):
            yield process, int(await process.stdout.readline())
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


async def ended(process: Process) -> tuple[int | None, str, str]:
    output, complaints = await process.communicate()
    return process.returncode, output.decode(), complaints.decode()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_it_cleanly(number: signal.Signals) -> None:
    async with started() as (process, port), httpx.AsyncClient(trust_env=False, verify=False, timeout=60) as client:
        # One connection that is idle after an answer, one that never said anything.
        assert (await client.get(f"http://127.0.0.1:{port}/healthz")).status_code == 200
        _, mute = await asyncio.open_connection("127.0.0.1", port)
        process.send_signal(number)
        assert await ended(process) == (0, "no longer watching\nopened 1, closed 1\n", "")
        mute.close()


async def test_requests_under_way_may_end_within_their_time() -> None:
    async with (
        started(TIDEGATE_SHUTDOWN_TIMEOUT="1s") as (process, port),
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, verify=False, timeout=60) as client,
    ):
        slow = asyncio.create_task(client.post("/graphql", json={"query": "{ slow }"}))
        assert (await client.get("/healthz")).status_code == 200
        process.send_signal(signal.SIGTERM)
        code, output, _ = await ended(process)
        assert (code, output) == (0, "no longer watching\nopened 1, closed 1\n")
        await asyncio.gather(slow, return_exceptions=True)


async def test_a_port_that_is_taken() -> None:
    with listen("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(CannotListen, match=f"port {port}"):
            listen("127.0.0.1", port)
        gateway = make_gateway()
        with pytest.raises(CannotListen):
            await serve(gateway, Settings(port=port))
        assert (gateway.opened, gateway.closed) == (0, 0)
    with pytest.raises(CannotListen):
        listen("no such host.invalid", 0)


async def test_a_gateway_that_cannot_be_opened_leaves_the_port_free() -> None:
    class Broken(Exception):
        pass

    class Stuck(type(make_gateway())):  # type: ignore[misc]
        async def open(self) -> None:
            raise Broken

    made = make_gateway()
    with pytest.raises(Broken):
        await serve(Stuck(made.catalog, made.authenticator), Settings(port=0))


async def test_ipv6() -> None:
    with listen("::1", 0) as listener:
        assert listener.family == socket.AF_INET6


async def test_nothing_says_what_serves(serving: Serving) -> None:
    site = await serving()
    for path in ("/healthz", "/graphql", "/nothing"):
        assert "server" not in (await site.client.get(path)).headers


async def test_proxies_are_believed_only_where_trusted(serving: Serving, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "uvicorn.access")
    for trusted, seen in (((), "127.0.0.1"), (("127.0.0.0/8",), "203.0.113.9"), (("10.0.0.0/8",), "127.0.0.1")):
        site = await serving(trusted_proxies=trusted, access_log=True)
        caplog.clear()
        await site.client.get("/healthz", headers={"x-forwarded-for": "203.0.113.9"})
        assert f"{seen}:" in caplog.text
        assert '"GET /healthz HTTP/1.1" 200' in caplog.text
