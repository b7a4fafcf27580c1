"""`join:`, beside `run:` of a query or as a step -> what is asked of other queries for each row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from tidegate.core.expressions import Record, Reference, references
from tidegate.core.fitting import fits
from tidegate.core.flow import Join, Joined
from tidegate.core.literals import article
from tidegate.core.operation import Kind
from tidegate.core.problems import Problems, did_you_mean
from tidegate.core.types import ListOf, NonNull, ObjectType, TypeRef, named, nullable
from tidegate.schema.expressions import build_expression
from tidegate.schema.form import Form, capital, check_name
from tidegate.schema.requests import Asked
from tidegate.schema.shapes import Shape, Walk, item_of, type_of
from tidegate.schema.step_answers import AnswerCheck
from tidegate.schema.step_calls import CallReader
from tidegate.schema.step_scope import Position, StepScope
from tidegate.schema.tree import MapNode, Node, kind_of

KEYS: Final[Mapping[str, str]] = {
    "call": "the query that is asked; required",
    "with": "its arguments. `$row.x` is a plain field of what `run` gives",
    "keys": "instead of `$row` under `with`: arguments that take a list, each with what it is a list of",
    "match": (
        "with `keys`: fields of an item of the answer, each with what it equals in the row that the item belongs to"
    ),
    "many": "with `keys`: `true` joins every item that belongs to the row, as a list; else it is the first, or null",
    "missing": "what the client is told where the field must not be null and there is nothing",
}
"""Of what is joined as one field."""

ROWS: Final = "run"
"""The name of what `run` gives, which no step can see."""

_HINT: Final = "Write customer: { call: customer, with: { email: $row.email } }."


class JoinReader:
    def __init__(self, calls: CallReader, problems: Problems) -> None:
        self._calls = calls
        self._problems = problems

    def step(self, form: Form, known: StepScope, position: Position) -> tuple[Join, Shape] | None:
        form.required("fields", hints={"fields": "What is joined?"})
        items = build_expression(form.node.entries["join"], known.scope, self._problems)
        shape = known.shape_of(items)
        if not isinstance(items, Reference):
            sentence = f'"join" goes through rows; {kind_of(form.node.entries["join"])} is not.'
            self._problems.add(form.node.entries["join"].at, sentence, "Write join: $rows, say.")
            return None
        section = form.mapping("fields", _HINT)
        if section is None:
            return None
        row = item_of(shape) or (shape if not _is_list(shape) else None)
        fields = [each for each, _ in self._fields(section, row, known, position)]
        return Join(items, tuple(fields)), None

    def operation(self, node: Node, asked: Asked, known: StepScope, position: Position) -> Join | None:
        """Beside `run`, which asks `asked`. Its answer is what the operation returns."""
        header = position.header
        if not isinstance(node, MapNode):
            sentence = f'"join" of the operation "{header.name}" is a mapping; {kind_of(node)} is not.'
            self._problems.add(node.at, sentence, _HINT)
            return None
        returns, types = header.returns, known.base.types
        type = types.get(named(returns)) if returns is not None else None
        if returns is None or not position.sound:
            return None
        if not isinstance(type, ObjectType) or type.name.endswith("Connection"):
            sentence = f'"join" gives rows fields of their own; "{header.name}" returns {returns}.'
            self._problems.add(node.at, sentence, "Declare a type with the fields of the row and those joined to it.")
            return None
        given = asked.returns or returns
        check = AnswerCheck(types, self._problems)
        check.hold(given, nullable(returns), node.at, f"the answer of {header.name}", "what run gives")
        row: Shape = nullable(given)
        while isinstance(row, ListOf):
            row = nullable(row.of)
        fields: list[Joined] = []
        for joined, result in self._fields(node, row, known, position, type):
            fields.append(joined)
            self._hold(joined, result, type, known)
        self._hold_rest(node, asked, type, known)
        return Join(Reference(ROWS, (), node.at), tuple(fields), chosen=True)

    def _fields(
        self, section: MapNode, row: Shape, known: StepScope, position: Position, type: ObjectType | None = None
    ) -> Iterator[tuple[Joined, TypeRef | None]]:
        """What is joined as each field, with its type where that is known."""
        inner = known.inner(row=row)
        if not section.entries:
            self._problems.add(section.at, "Nothing is joined here.", _HINT)
        for name, node in section.entries.items():
            if not check_name(name, section.keys[name], "a joined field", self._problems):
                continue
            if type is not None and name not in type.fields:
                sentence = f'"{name}" is not a field of {type.name}.'
                self._problems.add(section.keys[name], sentence, did_you_mean(name, type.fields))
                continue
            form = Form(node, f'the join "{name}"', KEYS, self._problems)
            if not form.sound:
                continue
            required = type is not None and isinstance(type.fields[name].type, NonNull)
            read = self._joined(name, form, inner, position, required=required)
            if read is not None:
                yield read

    def _joined(
        self, name: str, form: Form, known: StepScope, position: Position, *, required: bool
    ) -> tuple[Joined, TypeRef | None] | None:
        form.required("call", hints={"call": "Which query is asked?"})
        keys, match = self._record(form, "keys", known), self._record(form, "match", known)
        read = self._calls.read(form, known, position, keys.fields if keys is not None else ())
        if (keys is None) is not (match is None):
            absent = "match" if match is None else "keys"
            if not form.has(absent):
                there = "keys" if match is None else "match"
                hint = "keys: which list is asked for; match: which items of the answer belong to a row."
                self._problems.add(form.key_at(there), f'{capital(form.noun)} has "{there}" without "{absent}".', hint)
            return None
        many = form.boolean("many", default=False)
        if form.has("many") and keys is None:
            sentence = f'What "{name}" gives for a row is as much as the query gives.'
            self._problems.add(form.key_at("many"), sentence, "Leave many out, or write keys and match.")
        if read is None:
            return None
        invoke, shape = read
        called = self._calls.called(invoke.operation)
        if called is not None and called.kind is Kind.MUTATION and position.header.kind is Kind.MUTATION:
            at = form.node.entries["call"].at
            self._problems.add(at, f'"{invoke.operation}" is a mutation; only queries are joined.')
        rank, caller = (called.rank if called is not None else None), position.header
        if called is not None and rank is not None and caller.rank is not None and rank > caller.rank:
            sentence = f'"{called.name}" needs the role "{called.min_role}", and "{caller.name}" may be called by lower'
            self._problems.add(form.node.entries["call"].at, f"{sentence} ones.", "Raise minRole of one of them.")
        given = invoke.given or Record({}, {}, form.at)
        gives = type_of(shape)
        if keys is None or match is None:
            many = gives is not None and isinstance(nullable(gives), ListOf)
            joined = Joined(name, invoke.operation, given, None, None, many, required, invoke.missing, form.at)
            return joined, gives
        for reference in references(given):
            if reference.root == "row":
                hint = "Write it under keys, as an argument that takes a list."
                self._problems.add(reference.at, "With keys, the query is asked once for all rows.", hint)
        keys = self._calls.list_of(invoke.operation, keys, known)
        before = len(self._problems.found)
        item = self._matched(invoke.operation, gives, match, form, known)
        if len(self._problems.found) > before:
            return None
        joined = Joined(name, invoke.operation, given, keys, match, many, required, invoke.missing, form.at)
        return joined, gives if many else item

    def _record(self, form: Form, key: str, known: StepScope) -> Record | None:
        node = form.mapping(key, "Write { name: $row.field }.")
        if node is None:
            return None
        if not node.entries:
            self._problems.add(node.at, f'"{key}" of {form.noun} names nothing.', "Write { name: $row.field }.")
            return None
        built = build_expression(node, known.scope, self._problems)
        return built if isinstance(built, Record) else None

    def _matched(
        self, operation: str, gives: TypeRef | None, match: Record, form: Form, known: StepScope
    ) -> TypeRef | None:
        """The type of an item of the answer, whose fields are compared."""
        if gives is None:
            return None
        inner = nullable(gives)
        if not isinstance(inner, ListOf):
            sentence = f'"{operation}" gives {gives}, and items of a list are matched.'
            self._problems.add(form.node.entries["call"].at, sentence, "Name a query that gives a list.")
            return None
        for field, at in match.keys.items():
            wrong = Walk(known.base.types).explain(operation, inner.of, [field])
            if wrong is not None:
                _, sentence, hint = wrong
                self._problems.add(at, sentence, hint)
        return nullable(inner.of)

    def _hold(self, joined: Joined, result: TypeRef | None, type: ObjectType, known: StepScope) -> None:
        """What the query gives, against the field it becomes."""
        field, types = type.fields[joined.field].type, known.base.types
        if result is None:
            return
        subject, noun = f'"{joined.field}" of {type.name}', f"what {joined.operation} gives"
        before = len(self._problems.found)
        AnswerCheck(types, self._problems).hold(result, nullable(field), joined.at, subject, noun)
        if len(self._problems.found) > before:
            return
        objects = isinstance(types.get(named(result)), ObjectType)
        same = named(result) == named(field) if objects else fits(result, field, types)
        if not same and "JSON" not in (named(result), named(field)):
            self._problems.add(joined.at, f"{subject} is {article(nullable(field))}; {noun}, {result}, is not.")

    def _hold_rest(self, node: MapNode, asked: Asked, type: ObjectType, known: StepScope) -> None:
        """Where `run` asks an object, what is not joined are plain fields of it."""
        target = asked.target
        for name, field in type.fields.items() if target is not None else ():
            assert target is not None
            if name in node.entries:
                if name in target.columns:
                    self._problems.add(node.keys[name], f'"{name}" is a field of {target.name} already.')
                continue
            if name not in target.columns:
                sentence = f'"{name}" of {type.name} is neither joined nor a plain field of {target.name}.'
                self._problems.add(node.at, sentence, did_you_mean(name, target.columns))
            elif not fits(target.columns[name].type, field.type, known.base.types):
                column = target.columns[name].type
                sentence = f'"{name}" of {type.name} is {article(nullable(field.type))}; of {target.name} it is'
                self._problems.add(node.at, f"{sentence} {article(nullable(column))}.")


def _is_list(shape: Shape) -> bool:
    return isinstance(shape, ListOf) or (isinstance(shape, NonNull) and isinstance(shape.of, ListOf))
