"""Whether the rows in what a function gives are whole: every plain field of theirs, as an integration gave them.

Where they are, nothing but relations has to be looked up for a client, so that a live function is not woken by rows
that it never reads. Where that cannot be told, they are not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tidegate.core.expressions import Expression, Items, Literal, Record, Reference, Text
from tidegate.core.flow import (
    Ask,
    Block,
    Branch,
    Each,
    Emit,
    Filter,
    Flow,
    Invoke,
    Join,
    Refuse,
    Respond,
    Return,
    Step,
    Value,
    Wait,
    all_steps,
    blocks_of,
)
from tidegate.core.operation import Operation
from tidegate.core.types import ObjectType, TypeDefinition, named


@dataclass(frozen=True, slots=True)
class Wholeness:
    """`rows`: the types of rows."""

    operations: Mapping[str, Operation]
    types: Mapping[str, TypeDefinition]
    rows: frozenset[str]
    _known: dict[str, bool] = field(default_factory=dict, init=False)
    _holding: dict[str, bool] = field(default_factory=dict, init=False)

    def holds_rows(self, type: str) -> bool:
        """Whether there can be rows in a value of the type of this name."""
        if type not in self._holding:
            self._holding[type] = not self.rows.isdisjoint(self._within(type))
        return self._holding[type]

    def _within(self, type: str) -> set[str]:
        """The types that values of this one may hold, itself among them."""
        found, waiting = set[str](), [type]
        while waiting:
            name = waiting.pop()
            definition = self.types.get(name)
            if name not in found and isinstance(definition, ObjectType):
                found.add(name)
                waiting += [named(each.type) for each in definition.fields.values()]
        return found

    def of(self, operation: Operation) -> bool:
        """Of a function. One that calls itself gives anything."""
        flow = operation.plan.flow
        if flow is None:
            return False
        if operation.name not in self._known:
            self._known[operation.name] = False
            self._known[operation.name] = _InFlow(self, flow, named(operation.returns)).whole()
        return self._known[operation.name]

    def called(self, name: str, type: str) -> bool:
        operation = self.operations.get(name)
        if not self.holds_rows(type):
            return True
        if operation is None or named(operation.returns) != type:
            return False
        if operation.plan.flow is not None:
            return self.of(operation)
        return operation.plan.run[-1].gives == type


@dataclass(frozen=True, slots=True)
class _InFlow:
    around: Wholeness
    flow: Flow
    type: str
    _seen: set[tuple[str, str]] = field(default_factory=set, init=False)

    def whole(self) -> bool:
        said = [step.work.value for step in all_steps(self.flow) if isinstance(step.work, Return | Respond)]
        return self._block(self.flow.steps, self.type) and all(self._value(each, self.type) for each in said)

    def _block(self, block: Block, type: str) -> bool:
        return not block or self._step(block[-1], type)

    def _step(self, step: Step, type: str) -> bool:
        """Whether it gives whole rows where the type of this name is wanted."""
        if not self.around.holds_rows(type):
            return True
        match step.work:
            case Ask(request=request):
                return request.gives == type
            case Invoke(operation=name):
                return self.around.called(name, type)
            case Branch() | Each():
                return all(self._block(block, type) for block in blocks_of(step.work))
            case Filter(items=items):
                return self._value(items, type)
            case Value(value=value) | Return(value=value) | Respond(value=value):
                return self._value(value, type)
            case Join() as join:
                return self._join(join, type)
            case Emit() | Refuse() | Wait():
                return True
            case _:
                inner = blocks_of(step.work)
                return bool(inner) and all(self._block(block, type) for block in inner)

    def _join(self, join: Join, type: str) -> bool:
        definition = self.around.types.get(type)
        if type in self.around.rows or not isinstance(definition, ObjectType):
            return False
        fields = {joined.field: joined.operation for joined in join.fields}
        if not all(
            self.around.called(fields[name], named(field.type))
            for name, field in definition.fields.items()
            if name in fields
        ):
            return False
        # Rows that an integration gave hold no others.
        return self._asked(join.items) or self._value(join.items, type)

    def _asked(self, items: Expression) -> bool:
        steps = [step.work for step in all_steps(self.flow) if isinstance(items, Reference) and step.name == items.root]
        return bool(steps) and all(isinstance(work, Ask) and work.request.gives for work in steps)

    def _value(self, value: Expression | None, type: str) -> bool:
        definition = self.around.types.get(type)
        if not isinstance(definition, ObjectType) or not self.around.holds_rows(type):
            return True
        match value:
            case None | Text() | Literal():
                return not (isinstance(value, Literal) and isinstance(value.value, Mapping | list | tuple))
            case Items(items=items):
                return all(self._value(item, type) for item in items)
            case Record(fields=fields):
                known = {name: each for name, each in fields.items() if name in definition.fields}
                return type not in self.around.rows and all(
                    self._value(each, named(definition.fields[name].type)) for name, each in known.items()
                )
            case Reference(root=root, path=path):
                return self._named(root, type) if all(name.isdecimal() for name in path) else False

    def _named(self, root: str, type: str) -> bool:
        """Whether every step of this name gives such."""
        if (root, type) in self._seen:
            return True
        self._seen.add((root, type))
        steps = [step for step in all_steps(self.flow) if step.name == root]
        return bool(steps) and all(self._step(step, type) for step in steps)
