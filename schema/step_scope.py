"""What the steps of a function can name, and what may stand where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from tidegate.core.expressions import Expression, Literal, Reference
from tidegate.core.problems import Problems
from tidegate.schema.form import Form, check_name
from tidegate.schema.operations import Header
from tidegate.schema.scope import RESERVED, Scope
from tidegate.schema.shapes import Shape, Walk, argument_type, common, shape_of_literal
from tidegate.schema.tree import ScalarNode


@dataclass(frozen=True, slots=True)
class Position:
    """Where in a function a step stands. `ends`: why the function cannot be ended or answered here, empty where it can.
    `answers`: why it cannot be answered early. `joined`: why nothing can be done at the same time as something
    else."""

    header: Header
    sound: bool
    ends: str = ""
    answers: str = ""
    joined: str = ""

    def within(self, *, ends: str = "", answers: str = "", joined: str = "") -> Position:
        return replace(self, ends=self.ends or ends, answers=self.answers or answers, joined=self.joined or joined)


@dataclass(slots=True)
class StepScope:
    """The names that are known at a place, by the steps before it. Mutable: it grows from step to step."""

    base: Scope
    names: dict[str, Shape] = field(default_factory=dict)

    @property
    def scope(self) -> Scope:
        return replace(self.base, steps=dict(self.names))

    def inner(self, **more: Shape) -> StepScope:
        """For a block within, where `more` is known too."""
        return StepScope(self.base, {**self.names, **more})

    def join(self, ends: Sequence[StepScope], *, passing: bool) -> None:
        """One of `ends` was come to, if `passing` is false; else it may be that none was."""
        names = dict.fromkeys(name for end in ends for name in end.names)
        for name in names:
            shapes = [end.names[name] for end in ends if name in end.names]
            if passing and name in self.names:
                shapes.append(self.names[name])
            self.names[name] = common(shapes)

    def give(self, name: str, shape: Shape) -> None:
        if name:
            self.names[name] = shape

    def shape_of(self, expression: Expression) -> Shape:
        """What is known of its value."""
        match expression:
            case Literal(value=value):
                return shape_of_literal(value)
            case Reference(root="args", path=(name, *path)) if name in (self.base.arguments or {}):
                return self._walk.follow(argument_type((self.base.arguments or {})[name]), path)
            case Reference(root=root, path=path) if root in self.names:
                return self._walk.follow(self.names[root], path)
            case _:
                return None

    @property
    def _walk(self) -> Walk:
        return Walk(self.base.types)


def read_name(form: Form, problems: Problems) -> str:
    """The name under `as`, empty where there is none that can be used."""
    node = form.node_of("as")
    if node is None:
        return ""
    if not isinstance(node, ScalarNode) or not isinstance(node.value, str):
        form.wrong("as", node, "a name")
        return ""
    if node.value in RESERVED:
        problems.add(
            node.at, f'"{node.value}" cannot be the name of a step: it means something else.', "Choose another."
        )
        return ""
    return node.value if check_name(node.value, node.at, "a step", problems) else ""
