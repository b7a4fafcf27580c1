"""An operation -> its outline."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tidegate.core.action import ActedWrite, Action, Demand, When
from tidegate.core.emission import Audience
from tidegate.core.expressions import Expression, Literal, Record
from tidegate.core.flow import (
    Ask,
    Attempt,
    Block,
    Branch,
    Each,
    Emit,
    Filter,
    Invoke,
    Join,
    Joined,
    Mode,
    Parallel,
    Refuse,
    Respond,
    Return,
    Run,
    Step,
    Transaction,
    Value,
    Wait,
)
from tidegate.core.location import Location
from tidegate.core.operation import Operation, Request
from tidegate.core.program import Language, Program
from tidegate.diagram.outline import Arm, Box, Chain, Fork, Frame, Outline, Part, Tone, ends
from tidegate.diagram.wording import say_condition, say_names, say_retry, say_seconds, say_value

_LANGUAGES: Final = {Language.JAVASCRIPT: "JavaScript", Language.PYTHON: "Python", Language.CPYTHON: "full Python"}


def draw(operation: Operation) -> Outline:
    """What the operation does, as its project says it."""
    plan, title = operation.plan, f"{operation.kind} {operation.name}"
    flow = plan.flow
    chain = _requests(operation) if flow is None else _block(flow.steps)
    notes = [f"for {operation.min_role}"]
    if operation.arguments:
        notes.append(f"args: {', '.join(operation.arguments)}")
    notes.append(f"at most {say_seconds(operation.timeout)}")
    first = Box(title, Tone.EDGE, _place(operation.at), tuple(notes))
    what = "what the last step gave" if flow is not None else "what was asked"
    last = () if ends(chain) else (Box(f"answers {what}", Tone.EDGE, "", (f"as {operation.returns}",), ends=True),)
    handler = None
    if flow is not None and flow.on_error:
        at = _place(flow.on_error[0].at)
        handler = Frame("onError", Tone.TRY, at, (Arm("where a step fails", _block(flow.on_error)),))
    return Outline(title, operation.description, (first, *chain, *last), handler)


def _requests(operation: Operation) -> Chain:
    plan = operation.plan
    chain = tuple(part for request in plan.run for part in _request(request, (), _place(request.at)))
    if plan.transaction is None or not plan.writes or plan.acted is not None:
        return chain
    return (Frame(f"transaction of {plan.transaction}", Tone.TRANSACTION, _place(operation.at), (Arm("", chain),)),)


def _block(block: Block) -> Chain:
    return tuple(part for step in block for part in _step(step))


def _step(step: Step) -> Iterator[Part]:
    place, notes = _place(step.at), tuple(_notes(step))
    match step.work:
        case Ask(request=request, missing=missing):
            more = () if missing is None else ("an error where there is none",)
            yield from _request(request, (*more, *notes), place)
        case Run(program=program, given=given):
            yield Box(f"run {program.file}", Tone.CODE, place, (_language(program), *_given(given), *notes))
        case Invoke(operation=called, given=given, missing=missing):
            more = () if missing is None else ("an error where it gives null",)
            yield Box(f"call {called}", Tone.CALL, place, (*_given(given), *more, *notes))
        case Branch(cases=cases, otherwise=otherwise):
            arms = (Arm(f"if {say_condition(condition)}", _block(block)) for condition, block in cases)
            yield Fork("choose", Tone.CHOICE, place, (*arms, Arm("else", _block(otherwise))), notes)
        case Filter(items=items, condition=condition) if condition is not None:
            kept = f"kept if {say_condition(condition)}"
            yield Box(f"filter {say_value(items)}", Tone.LOOP, place, (kept, *notes))
        case Each() | Filter():
            yield _loop(step.work, place, notes)
        case Join(items=items, fields=fields, chosen=chosen):
            only = ("where the client selects it",) if chosen else ()
            joins = (_joined(joined) for joined in fields)
            title = "join to the rows" if chosen else f"join to {say_value(items)}"
            yield Box(title, Tone.CALL, place, (*joins, *only, *notes), joins=fields)
        case Parallel(branches=branches):
            arms = (Arm("", _block(branch)) for branch in branches)
            yield Fork("at the same time", Tone.PARALLEL, place, tuple(arms), notes)
        case Attempt():
            yield _attempt(step.work, place, notes)
        case Transaction(integration=integration, body=body):
            chain, title = _block(body), f"transaction of {integration}"
            yield Frame(title, Tone.TRANSACTION, place, (Arm("", chain),), notes, ends=ends(chain))
        case _:
            yield _simple(step.work, place, notes)


def _simple(work: Emit | Value | Return | Respond | Refuse | Wait, place: str, notes: tuple[str, ...]) -> Box:
    match work:
        case Emit(event=event, audience=audience, to=to, data=data):
            with_data = () if data is None else (f"data: {say_value(data)}",)
            return Box(f"emit {event}", Tone.EMIT, place, (_audience(audience, to), *with_data, *notes))
        case Value(value=value):
            return Box(f"value {say_value(value)}", Tone.VALUE, place, notes)
        case Return(value=value):
            return Box(f"return {say_value(value)}", Tone.ANSWER, place, notes, ends=True)
        case Respond(value=value, timeout=timeout):
            then = () if timeout is None else (f"what follows takes at most {say_seconds(timeout)}",)
            return Box(f"respond {say_value(value)}", Tone.ANSWER, place, ("and go on", *then, *notes))
        case Refuse():
            return Box("refuse", Tone.REFUSAL, place, notes, ends=True)
        case Wait(seconds=seconds):
            return Box(f"wait {say_seconds(seconds)}", Tone.WAIT, place, notes)


def _loop(work: Each | Filter, place: str, notes: tuple[str, ...]) -> Frame:
    items = say_value(work.items)
    if isinstance(work, Filter):
        arm = Arm("kept if this gives something true", _block(work.body))
        return Frame(f"filter {items}", Tone.LOOP, place, (arm,), notes)
    many = "some" if work.size is None else str(work.size)
    mode = {
        Mode.SEQUENTIAL: "one after the other",
        Mode.PARALLEL: f"{many} at the same time",
        Mode.BATCH: f"in batches of {many}",
    }[work.mode]
    pause = (f"{say_seconds(work.delay)} between them",) if work.delay else ()
    chain = _block(work.body)
    return Frame(f"for each of {items}", Tone.LOOP, place, (Arm("", chain),), (mode, *pause, *notes))


def _attempt(work: Attempt, place: str, notes: tuple[str, ...]) -> Frame:
    body = _block(work.body)
    arms, over = [Arm("", body)], ends(body)
    if work.catch is not None:
        caught = _block(work.catch)
        arms.append(Arm("catch: where something fails", caught))
        over = over and ends(caught)
    if work.last:
        arms.append(Arm("finally: in any case", _block(work.last)))
    return Frame("try", Tone.TRY, place, tuple(arms), notes, ends=over)


def _request(request: Request, notes: tuple[str, ...], place: str) -> Iterator[Part]:
    match request.acted:
        case ActedWrite() as write:
            yield from _acted(write, request, notes, place)
        case Demand(action=action):
            yield _action(action, action.at)
        case _:
            asked = request.asks or ("write" if request.prepared.writes else "read")
            yield Box(asked, Tone.ASK, place, (f"asks {request.integration}", *notes), request=request)


def _acted(write: ActedWrite, request: Request, notes: tuple[str, ...], place: str) -> Iterator[Part]:
    """In the order in which they are run for a row."""
    for action in write.actions.get(When.BEFORE, ()):
        yield _action(action, action.at)
    integration, asked = request.integration, request.asks or f"{write.access} {write.target.name}"
    written = Box(asked, Tone.ASK, place, (f"asks {integration}", *notes), request=request)
    during = tuple(_action(action, action.at) for action in write.actions.get(When.DURING, ()))
    # In a transaction of the function, if it is in one.
    together = (f"in a transaction of {integration}", *(("for each row",) if write.many else ()))
    title = f"{write.access} with its actions"
    yield Frame(title, Tone.TRANSACTION, place, (Arm("", (written, *during)),), together)
    for action in write.actions.get(When.AFTER, ()):
        yield _action(action, action.at)


def _action(action: Action, at: Location) -> Box:
    event = "on demand" if action.event is None else f"{action.when} {action.event}"
    if isinstance(action.work, Program):
        tone, work = Tone.CODE, f"run {action.work.file}"
    else:
        tone, work = Tone.ASK, f"asks {', '.join(each.integration for each in action.work)}"
    condition = () if action.where is None else ("where its condition holds",)
    return Box(f"action {action.name}", tone, _place(at), (f"{event} of {action.owner}", work, *condition))


def _joined(joined: Joined) -> str:
    if joined.keys is None:
        return f"{joined.field}: call {joined.operation} for each different {say_names(joined.given)}"
    return f"{joined.field}: call {joined.operation} for all {say_names(joined.keys)}"


def _notes(step: Step) -> Iterator[str]:
    if step.timeout is not None:
        yield f"at most {say_seconds(step.timeout)}"
    if step.retry is not None:
        yield say_retry(step.retry)
    if step.name:
        yield f"as {step.name}"


def _given(given: Record | None) -> Iterator[str]:
    if given is not None and given.fields:
        yield f"with {say_names(given)}"


def _language(program: Program) -> str:
    return "TypeScript" if program.file.endswith(".ts") else _LANGUAGES[program.language]


def _audience(audience: Audience, to: Expression | None) -> str:
    match audience:
        case Audience.ALL:
            return "to everybody"
        case Audience.ROLE:
            # A role is a name of the project.
            return f"to the role {to.value}" if isinstance(to, Literal) else f"to a role: {say_value(to)}"
        case Audience.USERS:
            return f"to users: {say_value(to)}"


def _place(at: Location) -> str:
    return f"{at.file}:{at.line}"
