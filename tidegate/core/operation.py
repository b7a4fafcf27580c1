"""What a project can do: an operation, and the plan that says how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from tidegate.core.action import ActedWrite, Demand
from tidegate.core.expressions import Hold
from tidegate.core.flow import Flow
from tidegate.core.integration import Prepared
from tidegate.core.location import Location
from tidegate.core.objects import DataObject
from tidegate.core.types import Argument, TypeRef


class Kind(StrEnum):
    QUERY = "query"
    MUTATION = "mutation"


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """What is asked of an integration. `acted`: how it is run instead, where actions come in between. `asks`: what it
    does, in names alone: `list tickets`, `sql`. `gives`: the type of an object whose rows it gives, every plain field
    of them; empty where it gives anything else."""

    integration: str
    prepared: Prepared
    at: Location
    acted: ActedWrite | Demand | None = None
    asks: str = ""
    gives: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Lookup:
    """How rows of an object are found by their keys, as the caller may read them. `together`: the request takes the
    list `$keys` and gives the rows there are; else it takes `$key.FIELD` of one, and gives that row or null."""

    target: DataObject
    request: Request
    together: bool


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """Either requests, or a function's `flow`. The answer is the last request's. `transaction` names the integration
    whose session all requests share, in a transaction where something is written. Of a function, `lookups` find what
    its answer does not hold of the rows in it, by the name of their type, and `hold` gives its answer as `returns` has
    it, or raises `OperationError`: for who calls it from within."""

    run: tuple[Request, ...]
    transaction: str | None
    flow: Flow | None = None
    lookups: Mapping[str, Lookup] = field(default_factory=dict)
    hold: Hold | None = None

    @property
    def source(self) -> str:
        """The integration that is asked first. Functions are one of their own."""
        return self.run[0].integration if self.run else "functions"

    @property
    def writes(self) -> bool:
        return self.flow.writes if self.flow is not None else any(step.prepared.writes for step in self.run)

    @property
    def acted(self) -> ActedWrite | Demand | None:
        return self.run[-1].acted if self.run else None


@dataclass(frozen=True, slots=True)
class Live:
    """How a query is kept live. `throttle`: seconds between two refreshes, at least; the first one after a quiet time
    comes at once. `groups`: names under which `refresh:` can mean it."""

    throttle: float = 0.05
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refresh:
    """What a mutation refreshes. `derived`: whatever its writes could have changed. `queries`: these in any case."""

    derived: bool = True
    queries: frozenset[str] = frozenset()


AUTO: Final = Refresh()


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """One field of the API. `rank` is `min_role`'s place in the order of roles; `timeout` is in seconds. `live` is
    none for what cannot be subscribed to."""

    name: str
    kind: Kind
    min_role: str
    rank: int
    arguments: Mapping[str, Argument]
    returns: TypeRef
    plan: Plan
    timeout: float
    at: Location
    description: str = ""
    deprecated: str | None = None
    live: Live | None = None
    refresh: Refresh = AUTO
