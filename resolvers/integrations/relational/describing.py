"""Statements as `tidegate plan` shows them."""

from __future__ import annotations

from collections.abc import Sequence
from json import dumps

from tidegate.core.expressions import Expression, Literal, Reference
from tidegate.resolvers.integrations.relational.drafts import Statement
from tidegate.resolvers.integrations.relational.keyed import EXTRA


def describe_statement(statement: Statement, inputs: Sequence[Expression]) -> str:
    """The SQL, and below it what each of its parameters is."""
    lines = [line.rstrip() for line in statement.sql.splitlines()]
    for number, slot in enumerate(statement.slots, 1):
        if slot.operand is None:
            lines.append(f"  {number} = {dumps(slot.constant, ensure_ascii=False, default=repr)}")
        else:
            path = "".join(f"[{step}]" for step in slot.operand.path)
            handed_on = slot.operand.place == EXTRA.place
            source = "what the step before gave" if handed_on else describe_input(inputs[slot.operand.place])
            lines.append(f"  {number} = {source}{path}")
    return "\n".join(lines)


def describe_input(expression: Expression) -> str:
    match expression:
        case Reference():
            return f"${expression}"
        case Literal(value=value):
            return dumps(value, ensure_ascii=False)
        case _:
            return type(expression).__name__.lower()
