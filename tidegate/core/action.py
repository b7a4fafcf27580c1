"""What a project does around the writes of an object, and on demand: its actions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from tidegate.core.expressions import Expression
from tidegate.core.integration import Prepared
from tidegate.core.location import Location
from tidegate.core.objects import Access, DataObject
from tidegate.core.program import Program
from tidegate.core.selection import Selection
from tidegate.core.types import Argument


class When(StrEnum):
    """`BEFORE`: nothing is written yet. `DURING`: written, not committed. `AFTER`: committed, and published.
    `DEMAND`: when somebody asks for it by name."""

    BEFORE = "before"
    DURING = "during"
    AFTER = "after"
    DEMAND = "demand"


@dataclass(frozen=True, slots=True, eq=False)
class Asking:
    """An integration is asked: a statement, an e-mail. References begin with `row`, `prev`, `args` (the action's
    parameters), `currentUser` and `config`."""

    integration: str
    prepared: Prepared


@dataclass(frozen=True, slots=True, eq=False)
class Deep:
    """A row with what it belongs to, as far as an action names it: asked by `$key`, and as the project sees it."""

    prepared: Prepared
    selection: Selection


Work: TypeAlias = Program | tuple[Asking, ...]
"""Code, or requests one after the other."""


@dataclass(frozen=True, slots=True, eq=False)
class Action:
    """`event` is none on demand. `where`: a row of it means yes. `parameters` are those declared. `rank` and
    `min_role` say who may demand it. `timeout` is in seconds.
    `deep` is there where its texts name fields of other rows (`row.author.name`)."""

    name: str
    owner: str
    when: When
    event: Access | None
    where: Asking | None
    parameters: Mapping[str, Argument]
    min_role: str
    rank: int
    work: Work
    timeout: float
    at: Location
    description: str = ""
    deep: Deep | None = None

    @property
    def title(self) -> str:
        """How people speak of it."""
        return f'the action "{self.name}" of {self.owner}'


class Answers(StrEnum):
    """What the client of a write is told: the row, the rows, how many, or whether any."""

    ROW = "row"
    ROWS = "rows"
    COUNT = "count"
    WHETHER = "whether"


@dataclass(frozen=True, slots=True, eq=False)
class ActedWrite:
    """A write of an object that has actions for it, taken apart so that they can come in between.

    `input`: the fields to write, as the operation says them: a record, of `createMany` the reference to a list of such,
    with `fixed` for all of them; none of a delete. `find` (update, delete): every row that would be written, whole;
    asked with the operation's own values and the caller's rank. `claim`: the same, in the transaction that writes them:
    nobody else does until it has ended. `write`: one row. Its references are those of the operation, `$input.FIELD` for
    every column, absent where it is not written, and `$key.FIELD`; it answers a list of the row as written, whole
    (create: the row itself; delete: how many rows). `stored`: one row by `$key`, whole, as the project sees it: no rule
    of access, no hidden field. `answer`: one row by `$key` for the client, with the caller's rights; none for numbers.
    `required`: a single row must be there."""

    target: DataObject
    access: Access
    many: bool
    answers: Answers
    required: bool
    input: Expression | None
    fixed: Expression | None
    find: Prepared | None
    claim: Prepared | None
    write: Prepared
    stored: Prepared
    answer: Prepared | None
    actions: Mapping[When, tuple[Action, ...]]


@dataclass(frozen=True, slots=True, eq=False)
class Demand:
    """An action asked for by name. The operation's arguments are the key's fields, each of which the caller may leave
    out with all the others, and the action's parameters. `find`: the row by `$key`, whole, if the caller may read
    it."""

    target: DataObject
    action: Action
    find: Prepared
