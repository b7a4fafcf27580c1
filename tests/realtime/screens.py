"""Those who watch a real gateway from inside the process, and what they are shown."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jwt
import orjson

from tidegate.app import Gateway
from tidegate.clients import Client
from tidegate.core.errors import OperationError
from tidegate.core.live import Result
from tidegate.subscription import Subscription

EXAMPLE = Path(__file__).parents[2] / "examples" / "servicedesk"
SECRET = "the secret of clients that stay connected, over 32 bytes"
PEOPLE: Mapping[str, Mapping[str, Any]] = {
    "ada": {"sub": "1", "email": "ada@acme.example", "role": "customer", "org": {"team": "acme"}},
    "alan": {"sub": "2", "email": "alan@acme.example", "role": "customer", "org": {"team": "acme"}},
    "grace": {"sub": "3", "email": "grace@globex.example", "role": "customer", "org": {"team": "globex"}},
    "sam": {"sub": "4", "email": "sam@desk.example", "role": "support"},
    "kim": {"sub": "6", "email": "kim@desk.example", "role": "admin"},
}
"""Any: claims are JSON."""
_SQLITE = "  db: { kind: sqlite, file: desk.db, migrations: sql/migrations }\n"
_POSTGRES = '  db: { kind: postgres, url: "${DATABASE_URL}", migrations: sql/migrations-postgres }\n'


class Screen:
    """A sink that keeps what it is shown."""

    def __init__(self) -> None:
        self.shown: list[Any] = []  # Any: GraphQL responses
        self.error: OperationError | None = None
        self.over = False
        self._news = asyncio.Event()

    def result(self, result: Result) -> None:
        self.shown.append(orjson.loads(result.body))
        self._news.set()

    def ended(self, error: OperationError | None) -> None:
        self.error, self.over = error, True
        self._news.set()

    async def until(self, wanted: Callable[[Screen], bool]) -> None:
        async with asyncio.timeout(60):
            while not wanted(self):
                self._news.clear()
                await self._news.wait()

    async def next(self, count: int) -> Any:
        """The `count`th response. Any: it is JSON."""
        await self.until(lambda screen: len(screen.shown) >= count)
        return self.shown[count - 1]


def bearer(who: str, **changes: Any) -> list[tuple[bytes, bytes]]:
    claims = {"exp": int(time.time()) + 600, "aud": "servicedesk", **PEOPLE[who], **changes}
    return [(b"authorization", b"Bearer " + jwt.encode(claims, SECRET, "HS256").encode())]


async def quiet() -> None:
    """Long enough for whatever should not come."""
    await asyncio.sleep(0.3)


def copy_desk(folder: Path, *, postgres: bool = False, limits: str = "") -> Path:
    """The service desk, ready to be changed and served."""
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("*.db", "*.db-*", ".env", ".tidegate"))
    settings = folder / "tidegate.yaml"
    text = settings.read_text()
    assert _SQLITE in text
    text = text.replace(_SQLITE, _POSTGRES) if postgres else text
    settings.write_text(f"{text}\nlimits: {{ {limits} }}\n" if limits else text)
    return folder


def nothing(_: OperationError) -> None:
    pass


async def connect(gateway: Gateway, who: str, **changes: Any) -> Client:
    return await gateway.connect(bearer(who, **changes), nothing)


def watch(client: Client, text: str, **variables: Any) -> tuple[Screen, Subscription]:
    screen = Screen()
    return screen, client.subscribe(text, None, variables, screen)


async def change(client: Client, text: str, **variables: Any) -> Any:
    """The response. Any: it is JSON."""
    answer = orjson.loads((await client.execute(text, None, variables)).body)
    assert "errors" not in answer, answer
    return answer
