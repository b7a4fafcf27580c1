"""What steps become."""

from __future__ import annotations

from pathlib import Path

from tests.schema.functions.world import compiled, flow, function
from tidegate.core.emission import Audience
from tidegate.core.expressions import Literal, Reference
from tidegate.core.filters import Operator
from tidegate.core.flow import (
    Ask,
    Attempt,
    Branch,
    Each,
    Emit,
    Filter,
    Invoke,
    Mode,
    Parallel,
    Refuse,
    Respond,
    Retry,
    Return,
    Run,
    Transaction,
    Value,
    Wait,
    all_steps,
)
from tidegate.core.program import Language

EVERYTHING = """
    - { as: ticket, use: tickets, get: { where: { id: $args.id } }, missing: "No {{ args.id }}.", timeout: 1s }
    - { use: pager, send: { to: a@b.example, subject: x, message: "{{ ticket.title }}" }, retry: 2 }
    - { as: words, js: functions/find_words.js, with: { text: $ticket.title } }
    - python: functions/judge.py
      runtime: cpython
      retry: { times: 3, interval: 50ms, factor: 2, maxInterval: 1s, jitter: 0.5 }
    - { call: setPriority, with: { id: 5, priority: URGENT } }
    - if: $words
      then: [{ value: 1 }]
      elif: [{ if: { $ticket.size: { gt: 3 } }, then: [] }]
      else: [{ wait: 10ms }]
    - { each: $words, do: [{ value: $index }], mode: batch, size: 4, delay: 5ms }
    - { filter: $words, if: $value }
    - { filter: [1, 2], do: [{ value: $value }] }
    - parallel: [{ value: 1 }, [{ value: 2 }, { value: 3 }]]
    - { try: [{ value: 1 }], catch: [{ value: $error.message }], finally: [{ value: 2 }] }
    - { transaction: db, do: [{ use: tickets, count: {} }] }
    - { emitUsers: filed, users: [$ticket.email], data: { id: $ticket.id } }
    - { emitRole: filed, role: support }
    - { emitAll: filed }
    - { refuse: "{{ ticket.title }}" }
    - { respond: $ticket, timeout: 3s }
    - { return: null }
"""


def test_every_kind_of_step(desk: Path) -> None:
    handler = "  onError:\n    - { return: $error.code }\n"
    found = flow(desk, EVERYTHING, more=handler)
    kinds = [Ask, Ask, Run, Run, Invoke, Branch, Each, Filter, Filter, Parallel, Attempt, Transaction]
    kinds += [Emit, Emit, Emit, Refuse, Respond, Return]
    assert [type(step.work) for step in found.steps] == kinds
    assert [step.label for step in found.steps] == [
        *("ticket", "send pager", "words", "functions/judge.py", "call setPriority", "if", "each", "filter", "filter"),
        *("parallel", "try", "transaction db", "emitUsers filed", "emitRole filed", "emitAll filed", "refuse"),
        *("respond", "return"),
    ]
    assert found.writes
    assert [type(step.work) for step in found.on_error] == [Return]
    assert len(all_steps(found)) == len(kinds) + 11 + 1


def test_times(desk: Path) -> None:
    steps = flow(desk, EVERYTHING).steps
    assert [step.timeout for step in steps if step.timeout is not None] == [1.0]
    assert [step.retry for step in steps if step.retry is not None] == [Retry(2), Retry(3, 0.05, 2.0, 1.0, 0.5)]
    (respond,) = (step.work for step in steps if isinstance(step.work, Respond))
    assert respond.timeout == 3.0
    (each,) = (step.work for step in steps if isinstance(step.work, Each))
    assert (each.mode, each.size, each.delay) == (Mode.BATCH, 4, 0.005)
    (wait,) = (step.work for step in all_steps(flow(desk, EVERYTHING)) if isinstance(step.work, Wait))
    assert wait.seconds == 0.01


def test_code(desk: Path) -> None:
    catalog = compiled(desk, {"operations/f.yaml": function(EVERYTHING)})
    assert [(each.name, each.language, each.file) for each in catalog.programs] == [
        ('the step "words" of f', Language.JAVASCRIPT, "functions/find_words.js"),
        ("a step of f", Language.CPYTHON, "functions/judge.py"),
    ]


def test_programs_of_one_name_are_told_apart(desk: Path) -> None:
    steps = """
    - { as: words, js: functions/find_words.js }
    - { as: words, js: functions/find_words.js }
    - { python: functions/judge.py }
    - { python: functions/judge.py }
"""
    names = [each.name for each in compiled(desk, {"operations/f.yaml": function(steps)}).programs]
    assert names == ['the step "words" of f', 'the step "words" of f (2)', "a step of f", "a step of f (2)"]


def test_conditions(desk: Path) -> None:
    steps = flow(
        desk,
        """
    - { as: ticket, call: ticket, with: { id: $args.id } }
    - { if: { $ticket.status: Done, $ticket.size: { gte: 3, in: [1, 2] }, $args.id: 5 }, then: [] }
""",
    ).steps
    branch = steps[1].work
    assert isinstance(branch, Branch)
    ((condition, _),) = branch.cases
    assert [(str(check.subject), check.operator) for check in condition if isinstance(check.subject, Reference)] == [
        ("ticket.status", Operator.EQ),
        ("ticket.size", Operator.GTE),
        ("ticket.size", Operator.IN),
        ("args.id", Operator.EQ),
    ]
    last = condition[-1].value
    assert isinstance(last, Literal)
    assert last.value == "5", "an ID travels as a text"


def test_what_is_called_is_given_values_as_they_travel(desk: Path) -> None:
    (step,) = flow(desk, "    - { call: setPriority, with: { id: 5, priority: URGENT } }").steps
    assert isinstance(step.work, Invoke)
    assert step.work.given is not None
    assert [each.value for each in step.work.given.fields.values() if isinstance(each, Literal)] == ["5", "URGENT"]


def test_who_is_told(desk: Path) -> None:
    steps = flow(desk, EVERYTHING).steps
    told = [
        (each.audience, each.to is None, each.data is None)
        for each in (s.work for s in steps)
        if isinstance(each, Emit)
    ]
    assert told == [(Audience.USERS, False, False), (Audience.ROLE, False, True), (Audience.ALL, True, True)]


def test_answers(desk: Path) -> None:
    assert isinstance(flow(desk, "    - { return: null }").steps[0].work, Return)
    (step,) = flow(desk, "    - { value: null }").steps
    assert isinstance(step.work, Value)
    (first,) = flow(desk, "    - { return: null }").steps
    assert isinstance(first.work, Return)
    assert first.work.value is None


def test_a_query_reads(desk: Path) -> None:
    found = flow(desk, "    - { use: tickets, list: {} }\n    - { call: ticket, with: { id: 1 } }", kind="query")
    assert not found.writes


def test_an_aggregate_and_sql_give_what_nobody_has_declared(desk: Path) -> None:
    found = flow(
        desk,
        """
    - { as: sizes, use: tickets, aggregate: { groupBy: status, values: { most: { max: size }, mean: { avg: size } } } }
    - { as: all, use: tickets, aggregate: { values: { tickets: count, sum: { sum: size } } } }
    - { as: rows, use: db, sql: "select id, title from tickets where size > {{ all.sum }}" }
    - { return: [$sizes.0.most, $all.tickets, $rows.0.title] }
""",
    )
    assert [type(step.work) for step in found.steps] == [Ask, Ask, Ask, Return]
