"""`call:` of a step -> the operation that is called, and what it is given."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from tidegate.core.expressions import Expression, Literal, Record, Reference
from tidegate.core.fitting import fit, fits
from tidegate.core.flow import Invoke
from tidegate.core.literals import article
from tidegate.core.location import Location
from tidegate.core.operation import Kind
from tidegate.core.problems import Problems, did_you_mean
from tidegate.core.types import Argument, ListOf, Named, NonNull, nullable
from tidegate.schema.expressions import build_expression
from tidegate.schema.form import Form
from tidegate.schema.operations import Header
from tidegate.schema.shapes import Shape, type_of
from tidegate.schema.step_scope import Position, StepScope


class CallReader:
    """`headers` are those of all operations; `complete`, whether some that are declared may not be among them."""

    def __init__(self, headers: Mapping[str, Header], problems: Problems, *, complete: bool) -> None:
        self._headers = headers
        self._complete = complete
        self._problems = problems

    def read(
        self, form: Form, known: StepScope, position: Position, listed: Collection[str] = ()
    ) -> tuple[Invoke, Shape] | None:
        """`listed`: arguments that are given in another way."""
        name = form.text("call")
        given = read_given(form, known, self._problems)
        missing = read_message(form, "missing", known, self._problems)
        if name is None:
            return None
        called, at = self._headers.get(name), form.node.entries["call"].at
        if called is None:
            if self._complete:
                self._problems.add(at, f'There is no operation "{name}".', did_you_mean(name, self._headers))
            return None
        caller = position.header
        if caller.kind is Kind.QUERY and called.kind is Kind.MUTATION:
            sentence = f'"{caller.name}" is a query, and "{name}" is a mutation.'
            self._problems.add(at, sentence, "A query calls queries only. Write kind: mutation.")
        misspelt = any(did_you_mean(key, ["with"]).startswith("Did") for key in form.unknown)
        if given is not None or not (form.has("with") or misspelt):
            record = given or Record({}, {}, form.key_at("call"))
            at = form.key_at("with" if form.has("with") else "call")
            given = self._fitted(called, record, known, at, listed)
        return Invoke(name, given, missing), called.returns

    def list_of(self, name: str, keys: Record, known: StepScope) -> Record:
        """What each argument is a list of, held against its type."""
        called = self._headers.get(name)
        if called is None:
            return keys
        fitted: dict[str, Expression] = {}
        for key, value in keys.fields.items():
            argument = called.arguments.get(key)
            if argument is None:
                if called.whole:
                    hint = did_you_mean(key, called.arguments)
                    self._problems.add(keys.keys[key], f'"{name}" has no argument "{key}".', hint)
                continue
            type = nullable(argument.type)
            if isinstance(type, ListOf):
                fitted[key] = self._value(called, replace(argument, type=type.of), value, known)
            elif type != Named("JSON"):
                sentence = f'"{key}" of {name} takes the list of all values, and is {article(argument.type)}.'
                self._problems.add(keys.keys[key], sentence, "Declare it as a list, or give it under with.")
            else:
                fitted[key] = value
        return Record(fitted, keys.keys, keys.at)

    def called(self, name: str) -> Header | None:
        return self._headers.get(name)

    def _fitted(self, called: Header, given: Record, known: StepScope, at: Location, listed: Collection[str]) -> Record:
        fitted: dict[str, Expression] = {}
        for name, value in given.fields.items():
            argument = called.arguments.get(name)
            if argument is None:
                if called.whole:
                    hint = did_you_mean(name, called.arguments) or f'"{called.name}" takes no arguments.'
                    self._problems.add(given.keys[name], f'"{called.name}" has no argument "{name}".', hint)
                continue
            fitted[name] = self._value(called, argument, value, known)
        self._refuse_absent(called, given, at, listed)
        return Record(fitted, given.keys, given.at)

    def _refuse_absent(self, called: Header, given: Record, at: Location, listed: Collection[str]) -> None:
        odd = [name for name in given.fields if name not in called.arguments]
        absent = [
            argument
            for name, argument in called.arguments.items()
            if argument.required
            and name not in given.fields
            and name not in listed
            and not any(did_you_mean(key, [name]).startswith("Did") for key in odd)
        ]
        if absent:
            noun = "argument" if len(absent) == 1 else "arguments"
            listed = ", ".join(f'"{argument.name}" ({argument.type})' for argument in absent)
            example = ", ".join(f"{argument.name}: …" for argument in absent)
            self._problems.add(at, f'"{called.name}" needs the {noun} {listed}.', f"Write with: {{ {example} }}.")

    def _value(self, called: Header, argument: Argument, value: Expression, known: StepScope) -> Expression:
        subject = f'"{argument.name}" of {called.name}'
        types = known.base.types
        if isinstance(value, Literal) and value.value is None:
            if isinstance(argument.type, NonNull):
                self._problems.add(value.at, f"{subject} is {article(argument.type)}; null is not.")
            return value
        if isinstance(value, Reference) and value.root != "args":
            type = type_of(known.shape_of(value))
            if type is not None and not fits(type, argument.type, types):
                wanted = article(nullable(argument.type))
                self._problems.add(value.at, f"{subject} is {wanted}; ${value} is {article(type)}.")
            return value
        return fit(value, argument.type, subject, types, self._problems, known.base.arguments or {})


def read_given(form: Form, known: StepScope, problems: Problems) -> Record | None:
    """What is under `with`."""
    node = form.mapping("with", "Write with: { name: $step.field }.")
    built = build_expression(node, known.scope, problems) if node is not None else None
    return built if isinstance(built, Record) else None


def read_message(form: Form, key: str, known: StepScope, problems: Problems) -> Expression | None:
    """A text for the client, with holes, or a reference to one."""
    node = form.node_of(key)
    if node is None:
        return None
    if form.text(key) is None:
        return None
    return build_expression(node, known.scope, problems)
