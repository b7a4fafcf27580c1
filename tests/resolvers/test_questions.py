"""The questions of live queries: posed with a role's rights, equal where their values are, asked many at once."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.resolvers.echo import HERE, Bench, Echo, operation, user
from tidegate.core.call import Call
from tidegate.core.errors import Code, OperationError
from tidegate.core.expressions import Literal, Reference
from tidegate.core.footprint import Key, Read
from tidegate.core.integration import Answer
from tidegate.core.json import Json
from tidegate.core.user import CurrentUser

ID = (Reference("args", ("id",), HERE), Reference("currentUser", ("email",), HERE))


def test_a_question_has_its_values_and_what_it_reads() -> None:
    wanted = operation(Echo(ID), Echo((Literal(7, HERE),), table="comments"))
    bench = Bench(wanted)
    (question,) = bench.pose(wanted, user(1, email="a"), [{"id": 5}])
    assert question.values == ((5, "a"), (7,))
    assert question.reads == (
        Read("echo", "tickets", None, (Key("column0", frozenset({5})), Key("column1", frozenset({"a"})))),
        Read("echo", "comments", None, (Key("column0", frozenset({7})),)),
    )
    assert question.runnable.operation is wanted


def test_questions_with_the_same_values_are_equal_whoever_asks() -> None:
    wanted = operation(Echo(ID))
    bench = Bench(wanted)
    runnable = bench.runner.compile(wanted, None, 1)

    def key(user: CurrentUser, arguments: Mapping[str, Json]) -> object:
        return bench.runner.pose(runnable, Call(wanted, user, arguments, {}, 0.0), {}).key

    first = key(user(1, email="a", id=1), {"id": 5, "other": 1})
    assert first == key(user(1, email="a", id=2), {"id": 5})
    assert first != key(user(1, email="b", id=1), {"id": 5})
    assert first != key(user(1, email="a"), {"id": 6})
    assert first != key(user(1, email="a"), {"id": "5"})
    assert key(user(1, email="a"), {"id": True}) != key(user(1, email="a"), {"id": 1})
    assert key(user(1, email="a"), {}) != key(user(1, email="a"), {"id": None})
    assert bench.pose(wanted, user(1, email="a"), [{"id": 5}])[0].key != first


def test_who_may_not_call_the_query_cannot_pose_it() -> None:
    wanted = operation(Echo(()), rank=1)
    bench = Bench(wanted)
    with pytest.raises(OperationError) as too_low:
        bench.pose(wanted, user(0), [{}])
    with pytest.raises(OperationError) as signed_out:
        bench.pose(wanted, user(0, verified=False), [{}])
    assert (too_low.value.code, signed_out.value.code) == (Code.FORBIDDEN, Code.UNAUTHENTICATED)


def test_properties_are_values_of_the_question() -> None:
    wanted = operation(Echo((Reference("currentUser", ("properties", "plan"), HERE),)))
    bench = Bench(wanted)
    runnable = bench.runner.compile(wanted, None, 1)
    assert runnable.needs_properties
    gold, silver = (bench.pose(wanted, user(1), [{}], plan=plan)[0] for plan in ("gold", "silver"))
    assert (gold.values, silver.values) == ((("gold",),), (("silver",),))


async def test_the_question_for_properties() -> None:
    own = operation(Echo((Reference("currentUser", ("email",), HERE),)), name="own", rank=1)
    bench = Bench(own, properties="own")
    question = bench.runner.pose_properties(user(1, email="ann@example.com"))
    assert question is not None
    assert question.values == (("ann@example.com",),)
    again = bench.runner.pose_properties(user(1, email="ann@example.com"))
    assert again is not None
    assert again.key == question.key
    (answer,) = await bench.runner.ask([question], bench.deadline())
    assert isinstance(answer, Answer)
    assert answer.value == "['ann@example.com']"
    assert bench.runner.pose_properties(user(0)) is None
    assert bench.runner.pose_properties(user(1, verified=False)) is None
    assert Bench(own).runner.pose_properties(user(1)) is None


async def test_questions_of_one_runnable_are_asked_in_one_session() -> None:
    wanted = operation(Echo((Literal(7, HERE),)), Echo((Reference("args", ("id",), HERE),)))
    bench = Bench(wanted)
    runnable = bench.runner.compile(wanted, None, 1)
    questions = [bench.runner.pose(runnable, Call(wanted, user(1), {"id": id}, {}, 0.0), {}) for id in (1, 2, 3)]
    answers = await bench.runner.ask(questions, bench.deadline())
    assert [answer.value for answer in answers if isinstance(answer, Answer)] == ["[1]", "[2]", "[3]"]
    assert bench.recorder.log == ["read", "execute many [[7], [7], [7]]", "execute many [[1], [2], [3]]", "done"]


async def test_a_deadline_answers_every_question() -> None:
    wanted = operation(Echo((), sleeps=30))
    bench = Bench(wanted)
    questions = bench.pose(wanted, user(1), [{}, {}])
    answers = await bench.runner.ask(questions, bench.deadline(0.05))
    assert [answer.code for answer in answers if isinstance(answer, OperationError)] == [Code.TIMEOUT] * 2


async def test_a_session_that_fails_answers_every_question() -> None:
    wanted = operation(Echo(()))
    bench = Bench(wanted)
    bench.recorder.lost = True
    answers = await bench.runner.ask(bench.pose(wanted, user(1), [{}, {}]), bench.deadline())
    assert [answer.code for answer in answers if isinstance(answer, OperationError)] == [Code.UPSTREAM_FAILED] * 2
