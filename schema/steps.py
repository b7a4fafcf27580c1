"""`steps:` -> blocks of steps, each held against what stands before it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

from tidegate.core.flow import Ask, Run, Step, Work
from tidegate.core.integration import Integration
from tidegate.core.problems import Problems, did_you_mean
from tidegate.schema.form import NAME, Form, capital
from tidegate.schema.joins import JoinReader
from tidegate.schema.names import Names
from tidegate.schema.requests import Asker, RequestReader
from tidegate.schema.scope import RESERVED
from tidegate.schema.shapes import Shape
from tidegate.schema.step_blocks import BlockReader, ReadBlock
from tidegate.schema.step_calls import CallReader, read_given, read_message
from tidegate.schema.step_code import CODE, Programs
from tidegate.schema.step_keys import WORKS
from tidegate.schema.step_scope import Position, StepScope, read_name
from tidegate.schema.step_settings import COMMON, read_duration, read_retry
from tidegate.schema.step_values import AUDIENCES, ValueReader
from tidegate.schema.tree import ListNode, MapNode, Node, ScalarNode, kind_of

DEEPEST: Final = 32
"""Blocks within blocks."""

_BESIDE: Final = frozenset({"use", "missing", *COMMON})
_TELLING: Final = frozenset({"call", "transaction", "wait", *AUDIENCES})
"""Works whose value may be told."""

_MAY_MISS: Final = frozenset({"get", "update", "delete"})

Done: TypeAlias = "tuple[Work | None, Shape]"
"""What a step does, none if that cannot be said, and what is known of what it gives."""


class StepReader:
    def __init__(
        self,
        names: Names,
        integrations: Mapping[str, Integration],
        requests: RequestReader,
        programs: Programs,
        calls: CallReader,
        joins: JoinReader,
        problems: Problems,
    ) -> None:
        self._requests = requests
        self._joins = joins
        self._programs = programs
        self._calls = calls
        self._problems = problems
        self._values = ValueReader(names.project.roles if names.project.roles_known else (), problems)
        self._blocks = BlockReader(names, integrations, self.block, problems)
        self._depth = 0

    def block(self, node: Node, noun: str, known: StepScope, position: Position) -> ReadBlock:
        """The steps at `node`, which are `noun`. `known` is left with the names they give."""
        if not isinstance(node, ListNode):
            hint = "Put - before each step." if isinstance(node, MapNode) else ""
            self._problems.add(node.at, f"{capital(noun)} is a list of steps; {kind_of(node)} is not.", hint)
            return ReadBlock((), None)
        if self._depth >= DEEPEST:
            self._problems.add(node.at, f"Steps are at most {DEEPEST} deep in steps.", "Make a function of it.")
            return ReadBlock((), None)
        self._depth += 1
        steps: list[Step] = []
        shape: Shape = None
        for item in node.items:
            read = self._step(item, known, position)
            shape = None
            if read is not None:
                step, shape = read
                steps.append(step)
        self._depth -= 1
        return ReadBlock(tuple(steps), shape)

    def _step(self, node: Node, known: StepScope, position: Position) -> tuple[Step, Shape] | None:
        if not isinstance(node, MapNode):
            hint = "Write - { call: … }, say."
            self._problems.add(node.at, f"A step is a mapping; {kind_of(node)} is not.", hint)
            return None
        key = self._work_of(node)
        if key is None:
            # Its name is known all the same: what names it is not a mistake of its own.
            known.give(_name_in(node), None)
            return None
        name = _name_in(node)
        noun = f'the step "{name}"' if name else f'the "{key}" step'
        # Which verbs there are is for the integration to say.
        keys = (key, *WORKS[key], *COMMON, *(node.entries if key == "use" else ()))
        form = Form(node, noun, keys, self._problems)
        name = read_name(form, self._problems)
        timeout = read_duration(form, "timeout") if key != "respond" else None
        retry = read_retry(form, self._problems)
        done = self._work(key, form, known, position)
        work, shape = done if done is not None else (None, None)
        known.give(name, shape)
        if work is None:
            return None
        return Step(work, name or _label(key, node), node.at, name, timeout, retry), shape

    def _work_of(self, node: MapNode) -> str | None:
        """The key that says what the step does."""
        found = [key for key in node.entries if key in WORKS]
        if "filter" in found:
            found = [key for key in found if key != "if"]
        if "use" in found:
            found = [key for key in found if key == "use" or key in WORKS]
        if len(found) == 1:
            return found[0]
        for key in found[1:]:
            sentence = f'"{found[0]}" and "{key}" cannot both be done by one step.'
            self._problems.add(node.keys[key], sentence, "Make two of it.")
        if not found:
            others = {other for others in WORKS.values() for other in others} | {*COMMON}
            odd = [key for key in node.entries if key not in others]
            near = [key for key in odd if did_you_mean(key, WORKS).startswith("Did")]
            if near:
                self._problems.add(
                    node.keys[near[0]], f'"{near[0]}" is not a key of a step.', did_you_mean(near[0], WORKS)
                )
            else:
                hint = f"One of {', '.join(WORKS)} says what is done."
                self._problems.add(node.at, "This step does nothing.", hint)
        return None

    def _work(self, key: str, form: Form, known: StepScope, position: Position) -> Done | None:
        match key:
            case "use":
                return self._ask(form, known, position)
            case "js" | "python":
                return self._run(key, form, known, position)
            case "call":
                return self._calls.read(form, known, position)
            case "if":
                return self._blocks.branch(form, known, position)
            case "each":
                return self._blocks.each(form, known, position)
            case "filter":
                return self._blocks.filter(form, known, position)
            case "join":
                return self._joins.step(form, known, position)
            case "parallel":
                return self._blocks.parallel(form, known, position), None
            case "try":
                return self._blocks.attempt(form, known, position)
            case "transaction":
                return self._blocks.transaction(form, known, position)
            case "value":
                return self._values.value(form, known)
            case "return" | "respond":
                return self._values.answer(form, known, position)
        work: Work | None
        if key in AUDIENCES:
            work = self._values.emit(form, key, known, position)
        else:
            work = self._values.refuse(form, known) if key == "refuse" else self._values.wait(form)
        return None if work is None else (work, None)

    def _ask(self, form: Form, known: StepScope, position: Position) -> Done | None:
        missing = read_message(form, "missing", known, self._problems)
        asker = Asker(position.header, known.scope, capital(form.noun), _BESIDE, position.sound, step=True)
        asked = self._requests.read(asker, form.node)
        if asked is None:
            return None
        if form.has("missing") and asked.verb not in (_MAY_MISS if asked.target is not None else ("get",)):
            sentence = f'"{asked.verb}" is not for one row, which could be missing.'
            self._problems.add(form.key_at("missing"), sentence, "Look at what it gives, with if:.")
        return None if asked.request is None else Ask(asked.request, missing), asked.returns

    def _run(self, key: str, form: Form, known: StepScope, position: Position) -> Done | None:
        given = read_given(form, known, self._problems)
        name = _name_in(form.node)
        title = f'the step "{name}" of {position.header.name}' if name else f"a step of {position.header.name}"
        program = self._programs.read(form, key, title, "functions/judge")
        return None if program is None else (Run(program, given), None)


def _name_in(node: MapNode) -> str:
    """The name that a step has, if it is one."""
    written = node.entries.get("as")
    name = written.value if isinstance(written, ScalarNode) else None
    return name if isinstance(name, str) and NAME.fullmatch(name) and name not in RESERVED else ""


def _label(key: str, node: MapNode) -> str:
    """What a step does, without any value."""
    value = node.entries[key]
    said = value.value if isinstance(value, ScalarNode) and isinstance(value.value, str) else ""
    if key == "use":
        return " ".join((*(word for word in node.entries if word not in _BESIDE), said))
    if key in CODE:
        return said
    return f"{key} {said}" if key in _TELLING else key
