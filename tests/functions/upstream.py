"""A server for `$http` that answers as a story says, and writes down what it was asked."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from tests.resolvers.servers import Request, Server

GRACE = 0.05
"""Seconds for what should not come. Too short a time makes no test fail."""


@dataclass(eq=False)
class Held:
    """A request that waits for the story to let it go."""

    target: str
    released: asyncio.Event = field(default_factory=asyncio.Event)


class Upstream:
    """`rules`: for each path what is answered, one after the other, the last of them from then on: a status, with a
    body or without, `held` before it where it waits to be released; `never`; `drop`."""

    def __init__(self, rules: str) -> None:
        self._rules: dict[str, list[str]] = {}
        for line in filter(None, map(str.strip, rules.splitlines())):
            path, _, answers = line.partition(": ")
            self._rules[path] = [each.strip() for each in answers.split(" | ")]
        self._log: list[str] = []
        self._open: list[Held] = []
        self._news = asyncio.Event()
        self.server = Server(self._answer)

    def take_log(self) -> list[str]:
        """What was asked since the last time."""
        log, self._log = self._log, []
        return log

    async def gather(self, count: int) -> list[str]:
        """Who is held, once there are so many."""
        async with asyncio.timeout(60):
            while len(self._open) < count:
                self._news.clear()
                await self._news.wait()
        await asyncio.sleep(GRACE)
        return sorted(each.target for each in self._open)

    def release(self, target: str) -> None:
        found = next(each for each in self._open if each.target == target)
        self._open.remove(found)
        found.released.set()

    async def _answer(self, request: Request) -> None:
        body = f" {request.body.decode()}" if request.body else ""
        self._log.append(f"{request.method} {request.target}{body}")
        path = request.target.partition("?")[0]
        answers = self._rules.get(path, ["404"])
        words = (answers.pop(0) if len(answers) > 1 else answers[0]).split(" ", 1)
        if words == ["drop"]:
            request.close()
            return
        if words[0] in ("held", "never"):
            held = Held(request.target)
            if words[0] == "held":
                self._open.append(held)
                self._news.set()
            await held.released.wait()
            words = words[1].split(" ", 1)
        text = words[1] if len(words) > 1 else ""
        request.answer(text.encode(), int(words[0]), content_type="application/json")
