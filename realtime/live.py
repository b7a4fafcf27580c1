"""Live queries: questions that are asked again whenever a change could have given them another answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from tidegate.core.change import Change
from tidegate.core.errors import OperationError
from tidegate.core.integration import Answer
from tidegate.core.live import Encode, Question, Result


class Watcher(Protocol):
    """One who watches a question. Called from the event loop; never waits, never raises."""

    def deliver(self, result: Result) -> None:
        """A result that differs from the one delivered before, or the first."""
        ...


class Asker(Protocol):
    """A runner, as far as live queries need it."""

    def ask(
        self, questions: Sequence[Question], deadline: float, /
    ) -> Awaitable[Sequence[Answer | OperationError]]: ...


class LiveQueries:
    """Implements core's `Bus`. `asker` answers questions; `clock` is the event loop's."""

    def __init__(self, asker: Asker, clock: Callable[[], float] | None = None) -> None:
        raise NotImplementedError  # being written

    def watch(self, question: Question, encode: Encode, throttle: float, watcher: Watcher) -> None:
        """From now on `watcher` gets every new result, the first one soon."""
        raise NotImplementedError

    def unwatch(self, question: Question, watcher: Watcher) -> None:
        raise NotImplementedError

    def publish(self, change: Change) -> None:
        raise NotImplementedError

    async def close(self) -> None:
        """Nothing is asked or delivered any more."""
        raise NotImplementedError
