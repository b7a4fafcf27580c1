"""Steps that hold other steps: choices, loops, branches at the same time, attempts, transactions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from tidegate.core.expressions import Expression, Items, Reference
from tidegate.core.flow import (
    Attempt,
    Block,
    Branch,
    Condition,
    Each,
    Filter,
    Mode,
    Parallel,
    Transaction,
    names_of,
)
from tidegate.core.integration import Integration
from tidegate.core.operation import Kind
from tidegate.core.problems import Problems
from tidegate.core.types import Named, NonNull
from tidegate.schema.expressions import build_expression
from tidegate.schema.form import Form
from tidegate.schema.names import Names
from tidegate.schema.shapes import ERROR, Shape, common, item_of, list_of
from tidegate.schema.step_conditions import read_condition
from tidegate.schema.step_scope import Position, StepScope
from tidegate.schema.step_settings import LONGEST, read_duration
from tidegate.schema.tree import ListNode, Node, kind_of

_INDEX: Final = NonNull(Named("Int"))
_CASE: Final = ("if", "then")


@dataclass(frozen=True, slots=True)
class ReadBlock:
    """`shape`: what its last step gives."""

    block: Block
    shape: Shape


Blocks = Callable[[Node, str, StepScope, Position], ReadBlock]
"""Reads the steps at a node; the text says what they are in a sentence. The scope is left with the names they give."""


class BlockReader:
    """`integrations` are those without mistakes."""

    def __init__(
        self, names: Names, integrations: Mapping[str, Integration], blocks: Blocks, problems: Problems
    ) -> None:
        self._names = names
        self._integrations = integrations
        self._blocks = blocks
        self._problems = problems

    def branch(self, form: Form, known: StepScope, position: Position) -> tuple[Branch, Shape]:
        form.required("then", hints={"then": "What is done where it holds?"})
        ends: list[StepScope] = []
        shapes: list[Shape] = []
        cases = [self._case(form, known, position, ends, shapes)]
        later = form.node_of("elif")
        if later is not None and not isinstance(later, ListNode):
            form.wrong("elif", later, "a list", "Write elif: [{ if: …, then: [ … ] }].")
        for node in later.items if isinstance(later, ListNode) else ():
            each = Form(node, f"elif of {form.noun}", _CASE, self._problems)
            each.required(*_CASE)
            cases.append(self._case(each, known, position, ends, shapes))
        otherwise = self._inner(form, "else", known.inner(), position, ends, shapes)
        known.join(ends, passing=not form.has("else"))
        shape = common(shapes) if form.has("else") else None
        return Branch(tuple(cases), otherwise), shape

    def _case(
        self, form: Form, known: StepScope, position: Position, ends: list[StepScope], shapes: list[Shape]
    ) -> tuple[Condition, Block]:
        condition = read_condition(form.node_of("if"), known, self._problems)
        return condition, self._inner(form, "then", known.inner(), position, ends, shapes)

    def _inner(
        self,
        form: Form,
        key: str,
        known: StepScope,
        position: Position,
        ends: list[StepScope],
        shapes: list[Shape],
    ) -> Block:
        node = form.node_of(key)
        if node is None:
            return ()
        read = self._blocks(node, f'"{key}" of {form.noun}', known, position)
        ends.append(known)
        shapes.append(read.shape)
        return read.block

    def each(self, form: Form, known: StepScope, position: Position) -> tuple[Each, Shape] | None:
        items, item = self._items(form, "each", known)
        form.required("do", hints={"do": "What is done with each?"})
        word = form.word("mode", [str(mode) for mode in Mode], "a mode")
        mode = Mode(word) if word is not None else Mode.SEQUENTIAL
        at_once = mode is not Mode.SEQUENTIAL
        if at_once and position.joined:
            sentence = f"In {position.joined} one thing is done after the other."
            self._problems.add(form.key_at("mode"), sentence, "Leave mode out.")
        size = self._size(form, mode)
        delay = read_duration(form, "delay", most=LONGEST, nothing=True) or 0.0
        if form.has("delay") and mode is Mode.PARALLEL:
            hint = "Write mode: batch, or sequential."
            self._problems.add(form.key_at("delay"), "Between iterations at the same time there is no delay.", hint)
        inside = position.within(ends=f"each with mode: {mode}") if at_once else position
        node = form.node_of("do")
        inner = known.inner(value=item, index=_INDEX)
        read = self._blocks(node, f'"do" of {form.noun}', inner, inside) if node is not None else ReadBlock((), None)
        return None if items is None else (Each(items, read.block, mode, size, delay), list_of(read.shape))

    def _size(self, form: Form, mode: Mode) -> int | None:
        size = form.count("size")
        if size is None:
            return None
        most = self._names.project.limits.parallel
        if mode is Mode.SEQUENTIAL:
            hint = "Write mode: parallel, or batch."
            self._problems.add(form.key_at("size"), "One after the other, there is no size.", hint)
        elif size > most:
            at = form.node.entries["size"].at
            self._problems.add(at, f"At most {most} are done at the same time.", "Raise limits: parallel.")
        return size

    def filter(self, form: Form, known: StepScope, position: Position) -> tuple[Filter, Shape] | None:
        items, item = self._items(form, "filter", known)
        inner = known.inner(value=item, index=_INDEX)
        both = form.has("if") and form.has("do")
        if both:
            sentence = f'"if" and "do" of {form.noun} both say which items stay.'
            self._problems.add(form.key_at("do"), sentence, "Keep one of them.")
        elif not form.has("if") and not form.has("do"):
            form.required("if", hints={"if": "Which items stay? Write if: { $value.field: … }, or do: with steps."})
        condition = read_condition(form.node_of("if"), inner, self._problems) if form.has("if") else None
        node = form.node_of("do")
        body = self._blocks(node, f'"do" of {form.noun}', inner, position).block if node is not None else ()
        return None if items is None or both else (Filter(items, condition, body), list_of(item))

    def _items(self, form: Form, key: str, known: StepScope) -> tuple[Expression | None, Shape]:
        """What is gone through, and what is known of an item."""
        node = form.node_of(key)
        if node is None:
            return None, None
        built = build_expression(node, known.scope, self._problems)
        if isinstance(built, Items):
            return built, common(known.shape_of(item) for item in built.items)
        shape = known.shape_of(built)
        # What config holds has been put in its place.
        if not isinstance(built, Reference) or _is_single(shape, self._names):
            what = f"${built} is {shape}" if isinstance(built, Reference) else f"{kind_of(node)} is not"
            self._problems.add(node.at, f'"{key}" goes through a list; {what}.', f"Write {key}: $step, say.")
            return None, None
        return built, item_of(shape)

    def parallel(self, form: Form, known: StepScope, position: Position) -> Parallel:
        node = form.node_of("parallel")
        if node is not None and not isinstance(node, ListNode):
            form.wrong("parallel", node, "a list", "Each item is a step, or a list of steps.")
        if position.joined:
            at = form.key_at("parallel")
            sentence = f"In {position.joined} one thing is done after the other."
            self._problems.add(at, sentence, "Write the steps one after the other.")
        inside = position.within(ends='"parallel"')
        branches: list[Block] = []
        ends: list[StepScope] = []
        given: dict[str, int] = {}
        for number, item in enumerate(node.items if isinstance(node, ListNode) else ()):
            inner = known.inner()
            steps = item if isinstance(item, ListNode) else ListNode((item,), item.at)
            read = self._blocks(steps, "a branch", inner, inside)
            branches.append(read.block)
            ends.append(inner)
            for name in names_of(read.block):
                if given.setdefault(name, number) != number:
                    sentence = f'"{name}" is given by two branches at the same time.'
                    self._problems.add(item.at, sentence, "Choose another name in one of them.")
        for name, number in given.items():
            known.give(name, ends[number].names.get(name))
        return Parallel(tuple(branches))

    def attempt(self, form: Form, known: StepScope, position: Position) -> tuple[Attempt, Shape]:
        ends: list[StepScope] = []
        shapes: list[Shape] = []
        if not form.has("catch") and not form.has("finally"):
            form.required("catch", hints={"catch": "What is done where a step fails?"})
        tried = known.inner()
        body = self._inner(form, "try", tried, position, ends, shapes)
        before = known.inner()
        before.join([tried], passing=True)
        caught = before.inner(error=ERROR)
        catch = self._inner(form, "catch", caught, position, ends, shapes) if form.has("catch") else None
        outer = known.names.get("error")
        caught.names.pop("error", None)
        known.join(ends, passing=False)
        if outer is not None:
            known.names["error"] = outer
        inside = position.within(ends='"finally"')
        last = self._inner(form, "finally", known, inside, [], [])
        return Attempt(body, catch, last), common(shapes)

    def transaction(self, form: Form, known: StepScope, position: Position) -> tuple[Transaction, Shape] | None:
        form.required("do", hints={"do": "What is committed together?"})
        name = self._names.integration_of(form, "transaction")
        if position.header.kind is Kind.QUERY:
            sentence = f'"{position.header.name}" is a query, which has nothing to commit.'
            self._problems.add(form.key_at("transaction"), sentence, "Write kind: mutation.")
        ready = self._integrations.get(name) if name is not None else None
        if ready is not None and ready.irrevocable:
            at = form.node.entries["transaction"].at
            self._problems.add(at, f'What "{name}" does cannot be undone.', "Name a database.")
        inside = position.within(answers='"transaction"', joined='"transaction"')
        node = form.node_of("do")
        read = self._blocks(node, f'"do" of {form.noun}', known, inside) if node is not None else ReadBlock((), None)
        return None if name is None else (Transaction(name, read.block), read.shape)


def _is_single(shape: Shape, names: Names) -> bool:
    """Whether it is known to be no list."""
    if shape is None:
        return False
    if isinstance(shape, NonNull):
        shape = shape.of
    return isinstance(shape, Mapping) or (
        isinstance(shape, Named) and shape.name != "JSON" and names.is_type(shape.name)
    )
