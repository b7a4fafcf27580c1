"""The real command in a process of its own, asked over HTTP."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
from click.testing import Result

PATIENCE = 120.0


class Served:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.said = ""

    async def until(self, pattern: str) -> re.Match[str]:
        """Reads on until what was said matches."""
        assert self.process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            while not (found := re.search(pattern, self.said)):
                line = await self.process.stdout.readline()
                assert line, self.said
                self.said += line.decode()
        return found

    async def ended(self) -> int:
        """The exit code, once there is one."""
        async with asyncio.timeout(PATIENCE):
            await self.process.communicate()
        assert self.process.returncode is not None
        return self.process.returncode

    async def stop(self) -> int:
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
        return await self.ended()


@asynccontextmanager
async def serving(folder: Path, *options: str) -> AsyncIterator[Served]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("TIDEGATE_", "JWT_"))}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tidegate", "serve", str(folder), "--port", "0", *options),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**environ, "PYTHONUNBUFFERED": "1"},
    )
    served = Served(process)
    try:
        yield served
    finally:
        await served.stop()


async def test_the_demo_can_be_pasted(desk: Path) -> None:
    (desk / ".env").unlink()
    async with serving(desk, "--demo") as served:
        address = (await served.until(r"is served at (http://127\.0\.0\.1:\d+/graphql)"))[1]
        curl = await served.until(r"curl (\S+) \\\n.*\n  -H 'authorization: (Bearer \S+)' \\\n  -d '(.+)'\n")
        assert curl[1] == address
        assert all(f"{name} (" in served.said for name in ("ada", "alan", "grace", "sam", "kim"))
        headers = {"authorization": curl[2], "content-type": "application/json"}
        async with httpx.AsyncClient(verify=False, timeout=PATIENCE) as client:
            mine = (await client.post(address, headers=headers, content=curl[3])).json()
            page = await client.get(address, headers={"accept": "text/html"})
            anonymous = await client.post(address, json={"query": "{ me { name } }"})
        assert [ticket["email"] for ticket in mine["data"]["myTickets"]] == ["ada@acme.example"] * 3
        assert page.status_code == 200
        assert "graphiql" in page.text.lower()
        assert anonymous.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
        assert await served.stop() == 0


async def test_changes_are_taken_up_and_mistakes_are_not(desk: Path) -> None:
    operations = desk / "operations/users.yaml"
    text = operations.read_text()
    async with serving(desk, "--reload") as served:
        address = (await served.until(r"is served at (\S+)"))[1]
        async with httpx.AsyncClient(verify=False, timeout=PATIENCE) as client:

            async def knows(name: str) -> bool:
                answer = await client.post(address, json={"query": f"{{ {name} {{ name }} }}"})
                return bool(answer.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED")

            assert await knows("me")
            # Nobody signs in by a name and a password where there is no demonstration.
            who = {"user": "ada", "password": "breakwater"}
            session = await client.post(address.replace("/graphql", "/demo/session"), json=who)
            assert session.status_code == 404
            operations.write_text(text.replace("minRole: customer", "minRole: costumer"))
            await served.until(r'operations/users\.yaml:5:12: .*Did you mean "customer"\?')
            await served.until("Still serving what was served before")
            assert await knows("me")
            operations.write_text(text.replace("me:", "myself:"))
            await served.until("Reloaded")
            assert await knows("myself")
            assert not await knows("me")


async def test_each_demo_user_is_who_the_token_says_and_a_port_can_be_taken_once(desk: Path) -> None:
    async with serving(desk, "--demo") as served:
        address, port = (await served.until(r"is served at (http://127\.0\.0\.1:(\d+)\S+)")).groups()
        await served.until("Try it")
        tokens = dict(re.findall(r"^(\w+) \(\w+\)\n(\S+)$", served.said, re.MULTILINE))
        async with httpx.AsyncClient(verify=False, timeout=PATIENCE) as client:
            for name in ("ada", "grace", "kim"):
                headers = {"authorization": f"Bearer {tokens[name]}"}
                answer = await client.post(address, headers=headers, json={"query": "{ me { name } }"})
                assert answer.json() == {"data": {"me": {"name": name.capitalize()}}}
        async with serving(desk, "--port", port) as second:
            await second.until(f"error: Cannot listen at 127.0.0.1, port {port}")
            assert await second.ended() == 3


def test_settings_that_mean_nothing(tidegate: Callable[..., Result], desk: Path) -> None:
    (desk / ".env").write_text((desk / ".env").read_text() + "TIDEGATE_LOG_LEVEL=loud\n")
    served = tidegate("serve", desk, "--port", "0")
    assert "TIDEGATE_LOG_LEVEL is 'loud'" in served.stderr
    assert served.exit_code == 2
