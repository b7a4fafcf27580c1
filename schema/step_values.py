"""Steps that say something: a value, an answer, an event, a refusal. And the one that waits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tidegate.core.emission import Audience
from tidegate.core.expressions import Expression, Literal
from tidegate.core.flow import Emit, Refuse, Respond, Return, Value, Wait
from tidegate.core.operation import Kind
from tidegate.core.problems import Problems, did_you_mean
from tidegate.schema.expressions import build_expression
from tidegate.schema.form import Form
from tidegate.schema.shapes import Shape
from tidegate.schema.step_answers import AnswerCheck
from tidegate.schema.step_calls import read_message
from tidegate.schema.step_scope import Position, StepScope
from tidegate.schema.step_settings import LONGEST, read_duration
from tidegate.schema.tree import ScalarNode

AUDIENCES: Final = {"emitUsers": Audience.USERS, "emitRole": Audience.ROLE, "emitAll": Audience.ALL}
TO: Final = {"emitUsers": "users", "emitRole": "role"}
"""Under which key each of them says who is told."""

LONGEST_EVENT: Final = 200
"""Characters of an event's name."""


class ValueReader:
    def __init__(self, roles: Sequence[str], problems: Problems) -> None:
        self._roles = roles
        self._problems = problems

    def value(self, form: Form, known: StepScope) -> tuple[Value, Shape]:
        built = build_expression(form.node.entries["value"], known.scope, self._problems)
        return Value(built), known.shape_of(built)

    def answer(self, form: Form, known: StepScope, position: Position) -> tuple[Return | Respond, Shape]:
        key = "return" if form.has("return") else "respond"
        at = form.key_at(key)
        node = form.node.entries[key]
        nothing = isinstance(node, ScalarNode) and node.value is None
        value = None if nothing else build_expression(node, known.scope, self._problems)
        why = position.ends or (position.answers if key == "respond" else "")
        if why:
            self._problems.add(at, f'"{key}" cannot stand in {why}.', "Keep the value with as: and answer after it.")
        elif key == "respond" and position.header.kind is Kind.QUERY:
            sentence = f'"{position.header.name}" is a query, and a query has nothing to do once it has answered.'
            self._problems.add(at, sentence, "Write return, or kind: mutation.")
        returns = position.header.returns
        if returns is not None and position.sound:
            answer = Literal(None, node.at) if value is None else value
            subject = f"the answer of {position.header.name}"
            AnswerCheck(known.base.types, self._problems).check(answer, returns, subject)
        shape = None if value is None else known.shape_of(value)
        if key == "return":
            return Return(value), shape
        return Respond(value, read_duration(form, "timeout")), shape

    def refuse(self, form: Form, known: StepScope) -> Refuse | None:
        message = read_message(form, "refuse", known, self._problems)
        return Refuse(message) if message is not None else None

    def wait(self, form: Form) -> Wait | None:
        seconds = read_duration(form, "wait", most=LONGEST)
        return Wait(seconds) if seconds is not None else None

    def emit(self, form: Form, key: str, known: StepScope, position: Position) -> Emit | None:
        event = form.text(key)
        if event is not None and ("{{" in event or event.startswith("$")):
            at = form.node.entries[key].at
            self._problems.add(at, "The name of an event stands for itself.", "Put what differs into data.")
        elif event is not None and len(event) > LONGEST_EVENT:
            at = form.node.entries[key].at
            self._problems.add(at, f"The name of an event has {LONGEST_EVENT} characters at most.")
        to: Expression | None = None
        if key in TO:
            form.required(TO[key], hints={"users": "Who is told?", "role": "Which role is told?"})
            node = form.node_of(TO[key])
            to = build_expression(node, known.scope, self._problems) if node is not None else None
        if key == "emitRole" and isinstance(to, Literal) and to.value not in self._roles and self._roles:
            self._problems.add(to.at, f'"{to.value}" is not a role.', did_you_mean(str(to.value), self._roles))
        data = form.node.entries.get("data")
        if position.header.kind is Kind.QUERY:
            sentence = f'"{position.header.name}" is a query, and a query emits nothing.'
            self._problems.add(form.key_at(key), sentence, "Write kind: mutation.")
        built = build_expression(data, known.scope, self._problems) if data is not None else None
        return Emit(event, AUDIENCES[key], to, built) if event is not None else None
