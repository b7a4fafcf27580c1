"""SQL as its author wrote it, in a request or as a condition of an action -> a statement and what it answers."""

from __future__ import annotations

from dataclasses import replace

from tidegate.core.expressions import Literal, Reference, Text
from tidegate.core.integration import Declaration, Surroundings
from tidegate.core.objects import DataObject
from tidegate.core.problems import Problems
from tidegate.core.types import ListOf, Named, NonNull, TypeRef
from tidegate.resolvers.integrations.relational.cells import AS_STORED
from tidegate.resolvers.integrations.relational.outcomes import shape_of
from tidegate.resolvers.integrations.relational.sql_text import SqlText, read_sql
from tidegate.resolvers.integrations.relational.verbs import Outcome, Shape, Statement


def parse_statement(
    declaration: Declaration, surroundings: Surroundings, integration: str, dialect: str, problems: Problems
) -> Statement:
    """Arguments as of `requests.parse_request`. Raises `ProjectError` where nothing can be made of it."""
    body = declaration.body
    if isinstance(body, Literal) and isinstance(body.value, str):
        body = Text((body.value,), body.at)
    if not isinstance(body, Text):
        problems.add(body.at, '"sql" takes a text.', "Write the statement, or the name of a .sql file.")
        problems.raise_any()
        raise AssertionError
    if declaration.verb == "condition":
        assert declaration.target is not None
        body = _condition(declaration.target, body, dialect)
    text = replace(read_sql(body, dialect), subject=declaration.target)
    returns = declaration.returns or _plain_outcome(declaration.verb, text)
    outcome = shape_of(returns, surroundings)
    if declaration.returns is None and declaration.target is None and text.answers_rows:
        # A step of a function: every column, for the steps after it.
        outcome = Outcome(Shape.ROWS, returns, Named(AS_STORED), False)
    if text.writes and not text.answers_rows:
        shapes = {"Int": Shape.COUNT, "Boolean": Shape.WHETHER}
        shape = shapes.get(str(outcome.inner)) if outcome.shape is Shape.VALUE else None
        if shape is None:
            hint = "Write returns: Int! (how many rows) or Boolean! (whether any), or add RETURNING."
            problems.add(declaration.at, f"This statement answers no rows, and {returns} is promised.", hint)
        else:
            outcome = Outcome(shape, returns, outcome.inner, False)
    ours = (each for each in surroundings.objects.values() if each.integration == integration)
    target = next((each for each in ours if each.type == str(outcome.inner)), None)
    return Statement(text, target, outcome, declaration.at)


def _condition(target: DataObject, written: Text, dialect: str) -> Text:
    """A statement that answers a row where the condition holds of the row: it is the only one of a table of its own,
    which has the object's name and columns, so that a row can be looked at that is not stored, or not stored yet."""
    mark = "`" if dialect == "mysql" else '"'

    def quoted(name: str) -> str:
        return mark + name.replace(mark, mark * 2) + mark

    parts: list[str | Reference] = [f"SELECT 1 AS {quoted('value')} FROM (SELECT "]
    for index, column in enumerate(target.columns.values()):
        parts.append(", " if index else "")
        parts.append(Reference("row", (column.field,), written.at))
        parts.append(f" AS {quoted(column.column)}")
    parts.append(f") AS {quoted(target.table.rpartition('.')[2])} WHERE (")
    return Text((*(part for part in parts if part), *written.parts, "\n)"), written.at)


def _plain_outcome(verb: str, text: SqlText) -> TypeRef:
    """Of a statement in the middle of something, which nobody's type speaks of."""
    if verb == "condition" or (text.writes and not text.answers_rows):
        return Named("Int")
    return NonNull(ListOf(NonNull(Named("JSON"))))
