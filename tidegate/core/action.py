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
from tidegate.core.types import Argument


class When(StrEnum):
    """`BEFORE`: nothing is written yet, and no transaction is open. `DURING`: written, not committed. `AFTER`:
    committed, and published. `DEMAND`: when somebody asks for it by name."""

    BEFORE = "before"
    DURING = "during"
    AFTER = "after"
    DEMAND = "demand"


@dataclass(frozen=True, slots=True, eq=False)
class Asking:
    """An integration is asked: a SQL script, an e-mail."""

    integration: str
    prepared: Prepared


Work: TypeAlias = Program | Asking


@dataclass(frozen=True, slots=True, eq=False)
class Condition:
    """A row of `asking` means yes."""

    asking: Asking
    at: Location


@dataclass(frozen=True, slots=True, eq=False)
class Action:
    """`event` is `create`, `update` or `delete`; none on demand. `rank`, `min_role` and `parameters` are for those on
    demand; parameters of others come from the call's `parameters` and are checked all the same. `relations`: the roots
    of relations of the row that its texts name, so that they are read for it."""

    name: str
    owner: str
    when: When
    event: Access | None
    where: Condition | None
    parameters: Mapping[str, Argument]
    min_role: str
    rank: int
    work: Work
    timeout: float
    at: Location
    description: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class ActedWrite:
    """A write of an object that has actions for it, taken apart so that they can come between.

    `input`: the fields to write, as the operation says them (of `createMany` a list of such; none of a delete). `find`
    (update and delete): the rows that would be written, whole, by the caller's rank; it has the operation's own inputs.
    `write`: one row. Its references are `$input.FIELD`, for every column, absent where it is not written, and
    `$key.FIELD`. `stored`: one row by `$key`, whole, as the project sees it: no rule of access, no hidden column.
    `answer`: what the client is told, by `$keys`, a list of keys, with the caller's rights. Its selection is the
    client's. Of a delete it is asked before."""

    target: DataObject
    access: Access
    many: bool
    input: Expression | None
    find: Prepared | None
    write: Prepared
    stored: Prepared
    answer: Prepared
    before: tuple[Action, ...]
    during: tuple[Action, ...]
    after: tuple[Action, ...]
    at: Location
