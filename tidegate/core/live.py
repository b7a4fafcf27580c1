"""Live queries, as far as more than one part speaks of them."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from tidegate.core.call import Call, Runnable
from tidegate.core.errors import OperationError
from tidegate.core.footprint import Read
from tidegate.core.integration import Answer
from tidegate.core.json import Given


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """A query with all its values, for one step each. Questions with equal keys have equal answers, until somebody
    writes what `reads` name. The key holds the runnable itself, so it is never equal across roles or catalogs."""

    runnable: Runnable
    values: tuple[tuple[Given, ...], ...]
    reads: tuple[Read, ...]
    key: Hashable
    call: Call | None = None
    """Of a function: who asked first, with which arguments. Whoever asks with an equal key would be answered the
    same."""

    @property
    def poll(self) -> float | None:
        """Seconds after which it is asked again, though nobody has touched what it reads."""
        return min((read.poll for read in self.reads if read.poll is not None), default=None)


@dataclass(slots=True, eq=False)
class Result:
    """One result of a live query, shared by everybody who gets it. `body` is a complete GraphQL response in JSON.
    `topic`: a newer result replaces an older one of the same topic that has not been sent yet. `transient`: an error
    that may pass by itself, so it is tried again. `frames` is for transports: what they made of the body, by a name
    of theirs, so that it is made once for all. `answer`: what `body` was made of, where somebody inside wants it: of
    errors, and of results that nobody is sent."""

    body: bytes
    topic: str = ""
    transient: bool = False
    answer: Answer | OperationError | None = None
    frames: dict[str, bytes] = field(default_factory=dict)


Encode: TypeAlias = Callable[[Answer | OperationError], Result]
"""Makes the result that subscribers get. Never raises."""


class Sink(Protocol):
    """Where a subscription's results go. Called from the event loop; never waits, never raises. Who cannot take a
    result now keeps the newest of each topic, and no more."""

    def result(self, result: Result) -> None: ...

    def ended(self, error: OperationError | None) -> None:
        """Nothing follows. With no error the subscription is complete."""
        ...
