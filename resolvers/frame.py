"""Where a call is: who calls, in which transaction, how deep within other calls."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace

from tidegate.core.call import Call, Line
from tidegate.core.errors import Code, OperationError
from tidegate.core.expressions import Scope
from tidegate.core.json import Json
from tidegate.core.limits import Limits
from tidegate.core.user import CurrentUser
from tidegate.resolvers.pace import Pace
from tidegate.resolvers.trace import Trace
from tidegate.resolvers.transaction import Transaction

Properties = Callable[[CurrentUser, Transaction], Awaitable[Mapping[str, Json]]]


@dataclass(slots=True)
class Allowance:
    """How much a root call may still do, in all that it calls."""

    actions: int
    steps: int
    hashes: int = 20
    """Some 50 ms of a processor each, which no limit of the sandbox counts."""
    pace: Pace = field(default_factory=Pace)


@dataclass(frozen=True, slots=True)
class Frame:
    """`call` is the root's: what was begun by one request of a client has one number, one user and one deadline.
    `depth` is 0 for it."""

    call: Call
    transaction: Transaction
    limits: Limits
    config: Mapping[str, Json]
    properties: Properties
    allowance: Allowance = field(default_factory=lambda: Allowance(0, 0))
    depth: int = 0
    joined: bool = True
    """Whether what is written belongs to `transaction`. Else each step and each call commits its own, and `transaction`
    is only where events wait for the end of their step."""
    reads_only: bool = False
    """In a query: nothing may be written or emitted."""
    trace: Trace | None = None
    """Of the function that was called from outside, if it is one."""
    step: int = 0
    """The number of the step that this is within, in the trace."""
    confined: bool = False
    """In a function that is live, code that does not speak of the gateway may not call operations: nobody would know
    what it has read."""

    @property
    def user(self) -> CurrentUser:
        return self.call.user

    def within(self) -> Frame:
        """Of a call that this one makes. Raises LIMIT where calls are nested too deep."""
        if self.depth >= self.limits.nesting:
            raise OperationError(Code.LIMIT, f"Calls are nested more than {self.limits.nesting} deep.")
        return replace(self, depth=self.depth + 1)

    def join(self, transaction: Transaction) -> Frame:
        """The same call, in another transaction: what follows the commit."""
        return replace(self, transaction=transaction, joined=True)

    def count_action(self) -> None:
        """Raises LIMIT where one call runs too many actions."""
        if self.allowance.actions <= 0:
            raise OperationError(Code.LIMIT, f"One call may run {self.limits.actions} actions at most.")
        self.allowance.actions -= 1

    def count_step(self) -> None:
        """Raises LIMIT where one call runs too many steps."""
        if self.allowance.steps <= 0:
            raise OperationError(Code.LIMIT, f"One call may run {self.limits.steps} steps at most.")
        self.allowance.steps -= 1

    def write(self, line: Line) -> None:
        """To the console: it is not kept here, since a call may run thousands of programs."""
        if self.trace is not None:
            self.trace.wrote(self.step, line)

    async def scope(self, values: Mapping[str, Json], *, properties: bool = False) -> Scope:
        """What the references of a request can reach."""
        fields = self.user.fields
        if properties:
            fields = {**fields, "properties": await self.properties(self.user, self.transaction)}
        return {**values, "currentUser": fields, "config": self.config}
