"""Somebody who reads a page and does what it says: two terminals, an editor, in a folder of their own."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import httpx
from graphql import GraphQLObjectType, build_schema

from tests.cli.test_serve import PATIENCE, Served
from tests.docs.blocks import Block, printed

PLACE: Final = "127.0.0.1:8000"
"""Where the pages say that the gateway is. Here it is where there is room."""
_SHAPE: Final = "{ __schema { types { name fields { name } } } }"


class Reader:
    """`folder` is theirs. What commands set stays set, as in a terminal. `tidegate` is in the folder `commands`, or is
    what they install."""

    def __init__(self, folder: Path, commands: Path | None, **environment: str) -> None:
        self.folder = folder
        self.place = PLACE
        self.said = ""
        """What the last commands printed to standard output."""
        self.served: Served | None = None
        self.saved = False
        """Whether files were written that the server may not have seen."""
        theirs = ("TIDEGATE_", "JWT_", "COV", "VIRTUAL_")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(theirs)}
        places = [commands, Path(sys.executable).parent, kept["PATH"]]
        path = os.pathsep.join(str(place) for place in places if place is not None)
        self.environment = {**kept, "PATH": path, "TIDEGATE_PORT": "0", "PYTHONUNBUFFERED": "1", **environment}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def follow(self, block: Block) -> None:
        """Does what this block is for."""
        if block.title:
            block.write(self.folder)
            self.saved = True
        elif block.language == "bash" and block.text.startswith("tidegate serve "):
            await self.serve(block.text)
        elif block.language == "bash":
            await self.caught_up()
            await self.type(block.text)
        elif block.language in ("json", "text"):
            shown = self.said.replace(self.place, PLACE).strip()
            assert printed(block).fullmatch(shown), f"{block}: {shown}"

    async def type(self, commands: str) -> None:
        """Runs `commands` to their end; all of them succeed."""
        state = self.folder / ".terminal"
        before = f". {state}\n" if state.exists() else ""
        script = f"set -ea\n{before}{{\n{commands.replace(PLACE, self.place)}}}\nexport -p > {state}\n"
        process = await self.start(script, asyncio.subprocess.PIPE)
        async with asyncio.timeout(PATIENCE):
            said, complained = await process.communicate()
        # What check and run say of themselves goes to standard error.
        self.said = said.decode() or complained.decode()
        assert process.returncode == 0, commands + self.said + complained.decode()

    async def serve(self, command: str) -> None:
        await self.stop()
        state = self.folder / ".terminal"
        script = f"set -a\n{f'. {state}' if state.exists() else ''}\nexec {command}"
        self.served = Served(await self.start(script, asyncio.subprocess.STDOUT))
        self.place = (await self.served.until(r"is served at http://([\w.:]+)/graphql"))[1]
        self.saved = False

    async def stop(self) -> None:
        if self.served is not None:
            self.served.process.send_signal(signal.SIGINT)
            await self.served.ended()
            self.served = None

    async def start(self, script: str, errors: int) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *("bash", "-c", script),
            cwd=self.folder,
            env=self.environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
        )

    async def caught_up(self) -> None:
        """Once the server has the schema that the files have."""
        if self.served is None or not self.saved:
            return
        self.saved = False
        (project,) = {path.parent.name for path in self.folder.glob("*/tidegate.yaml")} - {"desk"}
        script = f"set -a\n. {self.folder}/.terminal\ntidegate schema {project}"
        written = await self.start(script, asyncio.subprocess.PIPE)
        text, complained = await written.communicate()
        assert written.returncode == 0, complained.decode()
        types = build_schema(text.decode()).type_map.items()
        wanted = {name: sorted(kind.fields) for name, kind in types if isinstance(kind, GraphQLObjectType)}
        wanted = {name: fields for name, fields in wanted.items() if not name.startswith("__")}
        async with asyncio.timeout(PATIENCE), httpx.AsyncClient(verify=False, timeout=PATIENCE) as client:
            while True:
                answer = await client.post(f"http://{self.place}/graphql", json={"query": _SHAPE})
                told: Any = answer.json()["data"]["__schema"]["types"]  # Any: JSON
                have = {each["name"]: sorted(field["name"] for field in each["fields"] or ()) for each in told}
                if wanted.items() <= have.items():
                    return
                await asyncio.sleep(0.1)


def token(text: str) -> str:
    """The one in an address of the page."""
    found = re.search(r"#token=(\S+)", text)
    assert found is not None, text
    return found[1]
