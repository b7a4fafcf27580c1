"""Functions: operations of several steps, as their plans have them.

A function is one block of steps. A step does one thing, gives a value, and may keep it under a name for the steps after
it. A block gives what its last step gave; so does the function, unless a step returns earlier.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

from tidegate.core.emission import Audience
from tidegate.core.expressions import Expression, Record
from tidegate.core.filters import Operator
from tidegate.core.location import Location
from tidegate.core.program import Program

if TYPE_CHECKING:
    from tidegate.core.operation import Request

Block: TypeAlias = "tuple[Step, ...]"


@dataclass(frozen=True, slots=True)
class Retry:
    """`times` more attempts. The gap before attempt n (the first retry is 1) is `interval * factor ** (n - 1)` seconds,
    at most `most`, and up to the part `jitter` of it (0 to 1) less, by chance."""

    times: int
    interval: float = 0.1
    factor: float = 1.0
    most: float = 60.0
    jitter: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """`name` is its `as`, empty where there is none. `label` is how people speak of it, and holds no value: the name,
    or what it does (`call setPriority`). `timeout` is for each attempt, in seconds."""

    work: Work
    label: str
    at: Location
    name: str = ""
    timeout: float | None = None
    retry: Retry | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """With no operator: whether the subject is true, that is neither null, false, 0 nor empty. Else as in a filter:
    SQL's rules for null, but `ne` and `notIn` hold for null as well. `value` is a list for `in`, `notIn` and `between`,
    true or false for `isNull` and `isNotNull`."""

    subject: Expression
    operator: Operator | None
    value: Expression | None
    at: Location


Condition: TypeAlias = tuple[Check, ...]
"""All of them hold."""


@dataclass(frozen=True, slots=True, eq=False)
class Ask:
    """A request to an integration, an acted write included. `missing`: what is told where there is no such row."""

    request: Request
    missing: Expression | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """Code, with `given` as its input."""

    program: Program
    given: Record | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Invoke:
    """Another operation, as the same user. `missing`: what is told where it gives null."""

    operation: str
    given: Record | None = None
    missing: Expression | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Branch:
    """The block of the first condition that holds, or `otherwise`. Gives what that gave, null for an empty one."""

    cases: tuple[tuple[Condition, Block], ...]
    otherwise: Block = ()


class Mode(StrEnum):
    """`SEQUENTIAL`: one after the other. `PARALLEL`: `size` at a time, a next one as soon as one has ended. `BATCH`:
    `size` at a time, the next ones when all of them have ended."""

    SEQUENTIAL = "sequential"
    PARALLEL = "parallel"
    BATCH = "batch"


@dataclass(frozen=True, slots=True, eq=False)
class Each:
    """`body` once for each item, as `$value`, with its `$index`. Gives what each gave, in the order of the items.
    `size` none: what `limits.parallel` allows. `delay`: seconds between two iterations, or between two batches. Names
    given in the body are gone after it."""

    items: Expression
    body: Block
    mode: Mode = Mode.SEQUENTIAL
    size: int | None = None
    delay: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Filter:
    """The items, as `$value` with `$index`, for which the condition holds, or for which the body gives something true:
    exactly one of them is there."""

    items: Expression
    condition: Condition | None = None
    body: Block = ()


@dataclass(frozen=True, slots=True, eq=False)
class Joined:
    """What a query gives for each of many rows, as their `field`. With no `keys` it is asked with `given`, in which
    `$row` is the row: once for each different value, all together. With them it is asked once: each argument of `keys`
    is the list of the different values of its expression, and of what it answers those items belong to a row whose
    fields named in `match` are equal to these expressions: all of them where `many`, else the first. A row with a null
    among its values asks nothing, and has null, or nothing where `many`. `required`: null will not do; `missing` is
    what is told then."""

    field: str
    operation: str
    given: Record
    keys: Record | None
    match: Record | None
    many: bool
    required: bool
    missing: Expression | None
    at: Location


@dataclass(frozen=True, slots=True, eq=False)
class Join:
    """The items, or one, with what is joined to each. `chosen`: only those fields are asked for that the client selects
    of the function's answer, which is this."""

    items: Expression
    fields: tuple[Joined, ...]
    chosen: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Parallel:
    """All branches at the same time. Gives what each gave, in the order written. The first error ends the others."""

    branches: tuple[Block, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Attempt:
    """Where `body` fails, `catch` with `$error` (`code`, `message`, `step`: the label of what failed); without a
    `catch` the error goes on. A refusal (`PASSING`) goes on in any case. `last` is run in any case, and gives nothing.
    In a transaction, what the body did is undone where it fails."""

    body: Block
    catch: Block | None = None
    last: Block = ()


@dataclass(frozen=True, slots=True, eq=False)
class Transaction:
    """What the body writes is committed together when it ends, or undone. In a transaction already, a savepoint."""

    integration: str
    body: Block


@dataclass(frozen=True, slots=True, eq=False)
class Emit:
    """`to`: for `USERS` one value or a list of them, for `ROLE` the role's name. Gives nothing."""

    event: str
    audience: Audience
    to: Expression | None
    data: Expression | None


@dataclass(frozen=True, slots=True, eq=False)
class Value:
    value: Expression


@dataclass(frozen=True, slots=True, eq=False)
class Return:
    """Ends the function, with this value."""

    value: Expression | None


@dataclass(frozen=True, slots=True, eq=False)
class Respond:
    """Answers whoever called, and goes on. `timeout`: seconds that what follows may take, none: what the function may.
    In a function called by another one, the answer waits until this one has ended."""

    value: Expression | None
    timeout: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Refuse:
    """Ends the function with REFUSED and this text for the client."""

    message: Expression


@dataclass(frozen=True, slots=True, eq=False)
class Wait:
    seconds: float


Work: TypeAlias = (
    "Ask | Run | Invoke | Branch | Each | Filter | Join | Parallel | Attempt | Transaction | Emit | Value | Return "
    "| Respond | Refuse | Wait"
)


@dataclass(frozen=True, slots=True, eq=False)
class Flow:
    """`on_error` is run where a step fails and nothing in the function catches it, with `$error`; what it returns is
    the answer, and where it returns nothing the error goes on. Not after a refusal."""

    steps: Block
    on_error: Block = ()
    writes: bool = True


def blocks_of(work: Work) -> Sequence[Block]:
    """The blocks within a step, in the order written."""
    match work:
        case Branch(cases=cases, otherwise=otherwise):
            return (*(block for _, block in cases), otherwise)
        case Each(body=body) | Filter(body=body) | Transaction(body=body):
            return (body,)
        case Parallel(branches=branches):
            return branches
        case Attempt(body=body, catch=catch, last=last):
            return (body, catch or (), last)
        case _:
            return ()


def expressions_of(work: Work) -> Iterator[Expression]:
    """What is resolved before a step is run, but for what its request asks."""
    match work:
        case Ask(missing=missing):
            found: Sequence[Expression | None] = (missing,)
        case Run(given=given):
            found = (given,)
        case Invoke(given=given, missing=missing):
            found = (given, missing)
        case Branch(cases=cases):
            found = [each for condition, _ in cases for each in _compared(condition)]
        case Each(items=items):
            found = (items,)
        case Filter(items=items, condition=condition):
            found = (items, *_compared(condition or ()))
        case Join(items=items, fields=fields):
            found = (items, *(each for joined in fields for each in _joined(joined)))
        case Emit(to=to, data=data):
            found = (to, data)
        case Value(value=value) | Return(value=value) | Respond(value=value):
            found = (value,)
        case Refuse(message=message):
            found = (message,)
        case _:
            found = ()
    return (each for each in found if each is not None)


def calls_of(work: Work) -> Sequence[str]:
    """The operations that a step calls by name."""
    match work:
        case Invoke(operation=name):
            return (name,)
        case Join(fields=fields):
            return tuple(joined.operation for joined in fields)
        case _:
            return ()


def _joined(joined: Joined) -> Iterator[Expression | None]:
    yield from (joined.given, joined.keys, joined.match, joined.missing)


def _compared(condition: Condition) -> Iterator[Expression | None]:
    for check in condition:
        yield check.subject
        yield check.value


def steps_of(block: Block) -> Sequence[Step]:
    """Every step of a block, those within others included, in the order written."""
    found: list[Step] = []
    for step in block:
        found.append(step)
        for inner in blocks_of(step.work):
            found += steps_of(inner)
    return found


def names_of(block: Block) -> Sequence[str]:
    """The names that its steps give to those after it."""
    found: list[str] = []
    for step in block:
        found += [step.name] if step.name else []
        if not isinstance(step.work, Each | Filter):
            for inner in blocks_of(step.work):
                found += names_of(inner)
    return found


def all_steps(flow: Flow) -> Sequence[Step]:
    return (*steps_of(flow.steps), *steps_of(flow.on_error))
