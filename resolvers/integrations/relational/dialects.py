"""What differs between databases in the statements we write, apart from the JSON of a column (columns*.py).

`Dialect` says what a database can do and how it says some things; each has one of its own (dialect_*.py).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar, Final, Literal, TypeAlias

import sqlalchemy as sa
from sqlalchemy.engine import Dialect as CompilingDialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

from tidegate.resolvers.integrations.relational.tables import ReflectedColumn

Sql = sa.ColumnElement[Any]
"""An SQL expression. Any: its type is the database's business."""

ESCAPE: Final = "!"
"""Our own escape character in LIKE: unlike a backslash it means the same in every setting of every database."""

BATCH: Final = "tidegate_batch"
"""The rows with the values of many calls, in a statement that asks for all of them."""
SENT: Final = "tidegate_sent_"
"""What the name of a parameter begins with whose value comes from the call."""


class Fragment(sa.ColumnElement[Any]):
    """SQL of an author with bound values between its parts, kept to the letter. `parts` are text or expressions."""

    inherit_cache = False
    __visit_name__ = "fragment"

    def __init__(self, parts: Sequence[str | sa.ClauseElement]) -> None:
        self.parts = tuple(parts)
        self.type = sa.types.NULLTYPE


@compiles(Fragment)
def compile_fragment(element: Fragment, compiler: SQLCompiler, **options: Any) -> str:
    if compiler.dialect.paramstyle == "format":
        return "".join(
            part.replace("%", "%%") if isinstance(part, str) else compiler.process(part, **options)
            for part in element.parts
        )
    return "".join(part if isinstance(part, str) else compiler.process(part, **options) for part in element.parts)


class Source(sa.FromClause):
    """Something to select from that SQLAlchemy has no words for: an author's statement, rows made of a parameter."""

    inherit_cache = False
    __visit_name__ = "source"
    named_with_column = False

    def __init__(self, parts: Sequence[str | sa.ClauseElement]) -> None:
        self.fragment = Fragment(parts)

    @property
    def _from_objects(self) -> list[sa.FromClause]:
        return [self]


@compiles(Source)
def _compile_source(element: Source, compiler: SQLCompiler, **options: Any) -> str:
    del options  # what SQLAlchemy says of a table does not concern a fragment
    return compile_fragment(element.fragment, compiler)


def literal(text: str) -> Sql:
    """A text of our own, written into the statement as it stands. Never for a value that anybody sends."""
    return Fragment(("'" + text.replace("'", "''") + "'",))


Name: TypeAlias = Literal["sqlite", "postgres", "mysql"]

GatherPage: TypeAlias = Callable[[Sql, Sequence[Sql], Sql | None, Sql], Sql]
"""Like `Dialect.gathered`, of some of the rows: the text, the order, the offset and how many."""


class Dialect(ABC):
    """One database's. Two of a kind are equal; none has a state."""

    name: ClassVar[Name]
    """Also sqlglot's name of it."""

    typed: ClassVar[bool]
    """Parameters have types of their own, and the driver makes values of these of what it is given. Otherwise the
    statements bring values into the form that they are kept in (storing.py)."""
    strict: ClassVar[bool]
    """Columns hold what they are declared to hold, and columns of results are of a known type."""
    recordsets: ClassVar[bool]
    """Rows of a table's own type can be made of one JSON parameter."""
    wraps_writes: ClassVar[bool]
    """A statement that writes and answers rows can stand in a WITH."""
    updates_return: ClassVar[bool]
    """UPDATE and DELETE have RETURNING."""
    locks_rows: ClassVar[bool]
    """Others write at the same time, and a SELECT can keep them from its rows."""
    plans_limits: ClassVar[bool]
    """The planner wants to know the number in LIMIT."""
    computes_limits: ClassVar[bool]
    """LIMIT takes an expression."""
    asks_together: ClassVar[bool]
    """Many questions of one statement can be one statement: `compile_batched`."""
    keeps_order: ClassVar[bool]
    """A subquery in FROM keeps its order without a limit, and with one whatever is made of its rows."""
    compares_json: ClassVar[bool]
    """A column of type JSON can be compared."""
    guesses_types: ClassVar[bool]
    """A text that is compared with a number is taken for one: `7b` for 7, and what is no number for 0."""

    @abstractmethod
    def compiling(self, release: int) -> CompilingDialect: ...

    def returns_inserted(self, release: int) -> bool:  # noqa: ARG002 - of most it is known without
        """INSERT has RETURNING."""
        return True

    def inserts_lists(self, release: int) -> bool:  # noqa: ARG002 - of most it is known without
        """INSERT takes the rows that one parameter lists, and answers them in this order."""
        return False

    def compile(self, statement: sa.ClauseElement, release: int = 0) -> tuple[str, tuple[str, ...], Mapping[str, Any]]:
        """For a server of this `Reflection.release`: the text, the names of its bound values in the
        order of its parameters, and the values that SQLAlchemy itself put in (an OFFSET of 0, say)."""
        compiled = statement.compile(dialect=self.compiling(release))
        assert isinstance(compiled, SQLCompiler)
        return str(compiled), tuple(compiled.positiontup or ()), compiled.params

    # The others have no such statement.
    def compile_batched(self, statement: sa.ClauseElement, release: int = 0) -> tuple[str, tuple[str, ...]] | None:  # noqa: ARG002
        """The same with columns of `BATCH`, named like the values, in the place of the values of the call; none where
        the database does not ask together. The names stand in the same order, so a parameter that stays has the number
        that it has in `compile`."""
        return None

    def quoted(self, name: str) -> str:
        return self.compiling(0).identifier_preparer.quote(name)

    @abstractmethod
    def joined(self, parts: Sequence[str | Sql]) -> Sql:
        """One text of several, none of them null. Neighbouring literals become one."""

    @abstractmethod
    def framed(self, before: str, text: Sql, after: str) -> Sql:
        """A text with others around it; null where it is null."""

    @abstractmethod
    def gathered(self, text: Sql, order: Sequence[Sql] = ()) -> Sql:
        """The texts of many rows with commas between them; empty for no rows. `order` is theirs, where a subquery does
        not keep its own."""

    def gathers_pages(self, release: int) -> GatherPage | None:  # noqa: ARG002 - of most it is known without
        """What gathers some of many rows, where a subquery in FROM cannot depend on the rows around the statement it is
        in; none where it can, and a page of rows is made there."""
        return None

    @abstractmethod
    def bytes(self, text: Sql) -> Sql:
        """A text as the UTF-8 that goes to the client, so that no driver decodes it."""

    @abstractmethod
    def hex(self, text: Sql) -> Sql: ...

    @abstractmethod
    def text(self, value: Sql) -> Sql: ...

    def text_parameter(self, bound: Sql) -> Sql:
        """A parameter that is a text, whatever stands around it."""
        return self.text(bound)

    @abstractmethod
    def ordered(self, value: Sql, *, descending: bool, nullable: bool) -> list[Sql]:
        """For ORDER BY: nulls are greater than every value. Only what may be null says where nulls go: an index can
        then be used as it is."""

    @abstractmethod
    def member(self, subject: Sql, bound: Sql, *, is_bytes: bool) -> Sql:
        """That the subject is one of the items of a parameter (`storing.listed`)."""

    @abstractmethod
    def lowered(self, value: Sql) -> Sql:
        """In lower case, to be compared to the letter. Of a parameter (`storing.lowered`) too."""

    @abstractmethod
    def lowered_parameter(self, bound: Sql) -> Sql: ...

    @abstractmethod
    def matches(self, subject: Sql, bound: Sql, *, any_case: bool, is_text: bool, is_plain: bool) -> Sql:
        """That a text is like a pattern (`storing.pattern`), to the letter unless `any_case`. `is_plain`: its column
        compares so by itself."""

    def letters(self, value: Sql, column: ReflectedColumn) -> Sql | None:  # noqa: ARG002 - most compare so by themselves
        """The value of a column as something that equals the same letters and no others; none where it is that."""
        return None

    def numbered(self, order: Sequence[Sql]) -> Sql:
        """The number of a row among those of a subquery; `order` as for `gathered`."""
        parts: list[str | Sql] = ["row_number() OVER ("]
        for each in order:
            parts += [", " if len(parts) > 1 else "ORDER BY ", each]
        return Fragment((*parts, ")"))

    def average(self, value: Sql) -> Sql:
        return sa.func.avg(value)

    def empty_row(self) -> str:
        """What stands in an INSERT of nothing but defaults."""
        return " DEFAULT VALUES"


def merged(parts: Iterable[str | Sql]) -> list[str | Sql]:
    """Neighbouring texts become one, empty ones none."""
    found: list[str | Sql] = []
    for part in parts:
        if isinstance(part, str) and found and isinstance(found[-1], str):
            found[-1] += part
        elif part != "" if isinstance(part, str) else True:
            found.append(part)
    return found


def pieces_of(parts: Iterable[str | Sql]) -> list[Sql]:
    return [literal(part) if isinstance(part, str) else part for part in parts]


def framed_by_pipes(before: str, text: Sql, after: str) -> Sql:
    """`before || text || after`."""
    around: list[str | Sql] = ["("]
    around += [literal(before), " || "] if before else []
    around.append(text)
    around += [" || ", literal(after)] if after else []
    return Fragment((*around, ")"))
