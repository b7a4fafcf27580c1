"""`steps:` and `onError:` of an operation -> its flow."""

from __future__ import annotations

from collections.abc import Mapping

from tidegate.core.flow import Block, Flow, Invoke, Return, Step, blocks_of
from tidegate.core.integration import Integration
from tidegate.core.operation import Kind
from tidegate.core.problems import Problems
from tidegate.schema.names import Names
from tidegate.schema.operations import Header
from tidegate.schema.requests import RequestReader
from tidegate.schema.shapes import ERROR
from tidegate.schema.step_calls import CallReader
from tidegate.schema.step_code import Programs
from tidegate.schema.step_scope import Position, StepScope
from tidegate.schema.steps import StepReader


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
        self._steps = StepReader(names, integrations, requests, programs, calls, problems)

    def read(self, header: Header, *, sound: bool) -> Flow | None:
        """The flow of a header with steps; none if there is no telling. `sound`: all types of the header are right."""
        if header.steps is None:
            return None
        known = StepScope(self._names.operation_scope(header.arguments, whole=header.whole))
        position = Position(header, sound)
        noun = f'"steps" of the operation "{header.name}"'
        steps = self._steps.block(header.steps, noun, known, position).block
        handler: Block = ()
        if header.on_error is not None:
            caught = known.inner(error=ERROR)
            noun = f'"onError" of the operation "{header.name}"'
            handler = self._steps.block(header.on_error, noun, caught, position.within(answers='"onError"')).block
        self._refuse_endless(header, steps)
        return Flow(steps, handler, header.kind is Kind.MUTATION)

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
