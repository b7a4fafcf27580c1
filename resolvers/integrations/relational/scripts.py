"""Several statements of an author's in one text, run one after the other.

What separates them is a semicolon as the database's own tokenizer sees it: not one in a string, a name or a comment.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar, cast

from sqlglot import Dialect, TokenType
from sqlglot.errors import SqlglotError

from tidegate.core.expressions import Expression, Literal, Reference, Text
from tidegate.core.footprint import Read, Touch, Unknown
from tidegate.core.integration import Answer, Compiled, Declaration, Surroundings
from tidegate.core.json import Given
from tidegate.core.location import Location
from tidegate.core.problems import Problem, ProjectError
from tidegate.core.selection import Selection
from tidegate.resolvers.integrations.relational.connection import Connection
from tidegate.resolvers.integrations.relational.raw import PreparedSql
from tidegate.resolvers.integrations.relational.requests import parse_request
from tidegate.resolvers.integrations.relational.sql_text import mark_holes
from tidegate.resolvers.integrations.relational.verbs import Statement

T = TypeVar("T")


def read_script(
    declaration: Declaration, surroundings: Surroundings, integration: str, dialect: str
) -> Sequence[Statement]:
    """The statements in the order written, at least one. Raises `ProjectError` with everything that is wrong."""
    body = declaration.body
    if isinstance(body, Literal) and isinstance(body.value, str):
        body = Text((body.value,), body.at)
    parts: Sequence[Expression] = [body]
    if isinstance(body, Text):
        parts = split_statements(body, dialect) or parts
    statements: list[Statement] = []
    problems: list[Problem] = []
    for part in parts:
        try:
            alone = replace(declaration, body=part, verb="sql", at=part.at)
            verb = parse_request(alone, surroundings, integration, dialect)
        except ProjectError as error:
            problems += error.problems
        else:
            assert isinstance(verb, Statement)
            statements.append(verb)
    if problems:
        raise ProjectError(problems)
    return statements


def split_statements(text: Text, dialect: str) -> Sequence[Text]:
    """Each is at the line where it begins if `text` is a whole file, and otherwise where all of them are. One that
    cannot be read is left whole: reading it says what is wrong."""
    marked, _ = mark_holes(text)
    try:
        tokens = Dialect.get_or_raise(dialect).tokenize(marked)
    except SqlglotError:
        return [text]
    statements: list[Text] = []
    start, first = 0, None
    for token in tokens:
        if token.token_type is not TokenType.SEMICOLON:
            first = token.start if first is None else first
            continue
        if first is not None:
            statements.append(_between(text, marked, start, token.start, first))
        start, first = token.end + 1, None
    if first is not None:
        statements.append(_between(text, marked, start, len(marked), first))
    return statements


def _between(text: Text, marked: str, start: int, end: int, first: int) -> Text:
    """What stands in the marked text from `start` to `end`, with its holes again; its first word is at `first`."""
    at = text.at
    if (at.line, at.column) == (1, 1):
        before = marked[:first]
        at = Location(at.file, before.count("\n") + 1, first - before.rfind("\n"))
    parts: list[str | Reference] = []
    done = start
    for hole in mark_holes(text)[1]:
        if start <= hole.start < end:
            parts += [marked[done : hole.start], hole.reference]
            done = hole.start + len(hole.marker)
    return Text(tuple(part for part in (*parts, marked[done:end]) if part != ""), at)


@dataclass(frozen=True, slots=True, eq=False)
class PreparedScript:
    """Answers nothing but what it touched."""

    parts: Sequence[PreparedSql]

    @property
    def writes(self) -> bool:
        return any(part.writes for part in self.parts)

    async def learn(self, connection: Connection) -> Sequence[Problem]:
        return [problem for part in self.parts for problem in await part.learn(connection)]

    def reach(self) -> Sequence[Read]:
        return tuple(dict.fromkeys(read for part in self.parts for read in part.reach()))

    def compile(self, selection: Selection | None, rank: int) -> Compiled:
        return CompiledScript([part.compile(selection, rank) for part in self.parts])


class CompiledScript:
    """Runs its statements in order; the first that fails is the last."""

    def __init__(self, parts: Sequence[Compiled]) -> None:
        self._parts = parts
        self.inputs: tuple[Expression, ...] = tuple(each for part in parts for each in part.inputs)

    def reads(self, values: Sequence[Given | Unknown]) -> Sequence[Read]:
        return tuple(read for part, given in self._each(values) for read in part.reads(given))

    def describe(self) -> str:
        return "\n\n".join(part.describe() for part in self._parts)

    async def run(self, connection: Connection, values: Sequence[Given]) -> Answer:
        touches: list[Touch] = []
        for part, given in self._each(values):
            touches += (await cast(_Runs, part).run(connection, given)).touches
        return Answer(value=None, touches=tuple(touches))

    def _each(self, values: Sequence[T]) -> Iterator[tuple[Compiled, Sequence[T]]]:
        """The statements, each with its own values."""
        done = 0
        for part in self._parts:
            yield part, values[done : done + len(part.inputs)]
            done += len(part.inputs)


class _Runs(Protocol):
    """What a compiled request of this integration can do beside."""

    async def run(self, connection: Connection, values: Sequence[Given]) -> Answer: ...
