"""`steps:` and `onError:` of an operation -> its flow."""

from __future__ import annotations

from collections.abc import Mapping

from tidegate.core.expressions import Literal
from tidegate.core.flow import Ask, Block, Emit, Flow, Invoke, Respond, Return, Step, Value, Wait, blocks_of, steps_of
from tidegate.core.integration import Integration
from tidegate.core.operation import Kind
from tidegate.core.problems import Problems
from tidegate.core.types import TypeRef, nullable
from tidegate.schema.joins import ROWS, JoinReader
from tidegate.schema.names import Names
from tidegate.schema.operations import Header
from tidegate.schema.requests import Asker, RequestReader
from tidegate.schema.shapes import ERROR, type_of
from tidegate.schema.step_answers import AnswerCheck
from tidegate.schema.step_calls import CallReader
from tidegate.schema.step_code import Programs
from tidegate.schema.step_scope import Position, StepScope
from tidegate.schema.steps import StepReader
from tidegate.schema.tree import MapNode


class FunctionReader:
    """`headers` are those of all operations; `complete` is false where some that are declared are not among them."""

    def __init__(
        self,
        names: Names,
        integrations: Mapping[str, Integration],
        requests: RequestReader,
        programs: Programs,
        headers: Mapping[str, Header],
        problems: Problems,
        *,
        complete: bool,
    ) -> None:
        self._names = names
        self._problems = problems
        calls = CallReader(headers, problems, complete=complete)
        self._requests = requests
        self._joins = JoinReader(calls, problems)
        self._steps = StepReader(names, integrations, requests, programs, calls, self._joins, problems)

    def read(self, header: Header, *, sound: bool) -> Flow | None:
        """The flow of a header with steps; none if there is no telling. `sound`: all types of the header are right."""
        if header.steps is None:
            return None
        known = StepScope(self._names.operation_scope(header.arguments, whole=header.whole))
        position = Position(header, sound)
        noun = f'"steps" of the operation "{header.name}"'
        read = self._steps.block(header.steps, noun, known, position)
        steps = read.block
        if sound and header.returns is not None and not any(isinstance(step.work, Respond) for step in steps_of(steps)):
            self._hold_last(header, header.returns, steps, type_of(read.shape))
        handler: Block = ()
        if header.on_error is not None:
            caught = known.inner(error=ERROR)
            noun = f'"onError" of the operation "{header.name}"'
            handler = self._steps.block(header.on_error, noun, caught, position.within(answers='"onError"')).block
        self._refuse_endless(header, steps)
        return Flow(steps, handler, header.kind is Kind.MUTATION)

    def read_joined(self, header: Header, *, sound: bool) -> Flow | None:
        """The flow of a header with run and join: asks, and joins."""
        assert header.run is not None
        assert header.join is not None
        known = StepScope(self._names.operation_scope(header.arguments, whole=header.whole))
        position = Position(header, sound)
        if header.kind is Kind.MUTATION:
            sentence = f'"{header.name}" is a mutation; what it gives is joined in a step.'
            self._problems.add(header.join.at, sentence, "Write steps: with { join: $row, … }, or kind: query.")
            return None
        noun = f'"run" of the operation "{header.name}"'
        if not isinstance(header.run, MapNode):
            self._problems.add(header.run.at, f"{noun} is one request.", "Write run: { use: object, list: { … } }.")
            return None
        asker = Asker(header, known.scope, noun, frozenset({"use"}), sound, step=True)
        asked = self._requests.read(asker, header.run)
        if asked is None:
            return None
        join = self._joins.operation(header.join, asked, known, position)
        if asked.request is None or join is None:
            return None
        ask = Step(Ask(asked.request), asked.request.asks, header.run.at, ROWS)
        return Flow((ask, Step(join, "join", header.join.at)), (), writes=False)

    def _hold_last(self, header: Header, returns: TypeRef, steps: Block, given: TypeRef | None) -> None:
        """What the last step gives is the answer, if it is come to."""
        if not steps or any(isinstance(step.work, Return) for step in steps):
            return
        last, subject = steps[-1], f"the answer of {header.name}"
        check = AnswerCheck(self._names.types, self._problems)
        if isinstance(last.work, Value):
            check.check(last.work.value, returns, subject)
        elif isinstance(last.work, Emit | Wait):
            check.check(Literal(None, last.at), returns, subject)
        else:
            check.hold(given, nullable(returns), last.at, subject, "what its last step gives")

    def _refuse_endless(self, header: Header, steps: Block) -> None:
        """A function that calls itself whatever happens never ends."""
        for step in steps:
            if isinstance(step.work, Invoke) and step.work.operation == header.name:
                sentence = f'"{header.name}" calls itself here, whatever happens, and so on without an end.'
                self._problems.add(step.at, sentence, "Call it in an if.")
            if _may_end(step):
                return


def _may_end(step: Step) -> bool:
    return isinstance(step.work, Return) or any(_may_end(inner) for block in blocks_of(step.work) for inner in block)
