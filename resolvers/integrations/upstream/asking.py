"""What is the same of all requests to other servers, prepared and compiled: what they read, and what they touch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from tidegate.core.expressions import Expression
from tidegate.core.footprint import Read, Touch, Unknown
from tidegate.core.integration import Compiled
from tidegate.core.json import Given
from tidegate.core.selection import Selection


class AnyWish(Protocol):
    """What is asked, as far as it is the same for all. `resource`: what alone it reads or writes, none for anything
    there. `poll`: seconds."""

    @property
    def inputs(self) -> tuple[Expression, ...]: ...

    @property
    def reads(self) -> bool: ...

    @property
    def resource(self) -> str | None: ...

    @property
    def poll(self) -> float | None: ...


W = TypeVar("W", bound=AnyWish)


@dataclass(frozen=True, slots=True, eq=False)
class _Asking(Generic[W]):
    wish: W
    source: str

    @property
    def touch(self) -> Touch:
        return Touch(self.source, self.wish.resource)

    @property
    def known_reads(self) -> Sequence[Read]:
        return (Read(self.source, self.wish.resource, poll=self.wish.poll),) if self.wish.reads else ()


@dataclass(frozen=True, slots=True, eq=False)
class PreparedAsking(_Asking[W], ABC):
    """Implements `Prepared`, but for what is sent."""

    @property
    def writes(self) -> bool:
        return not self.wish.reads

    @abstractmethod
    def compile(self, selection: Selection | None, rank: int) -> Compiled: ...

    def reach(self) -> Sequence[Read]:
        return self.known_reads

    def foretell(self) -> Sequence[Touch]:
        return (self.touch,)


@dataclass(frozen=True, slots=True, eq=False)
class CompiledAsking(_Asking[W], ABC):
    """Implements `Compiled`, but for what is said of it."""

    @property
    def inputs(self) -> tuple[Expression, ...]:
        return self.wish.inputs

    def reads(self, values: Sequence[Given | Unknown]) -> Sequence[Read]:  # noqa: ARG002 - the same for all
        return self.known_reads

    @abstractmethod
    def describe(self) -> str: ...
