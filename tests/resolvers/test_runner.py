"""The runner: role first, then values, then one session, all before the deadline."""

from __future__ import annotations

import pytest

from tests.resolvers.echo import HERE, Bench, Echo, operation, user
from tidegate.core.errors import Code, OperationError
from tidegate.core.expressions import Literal, Reference
from tidegate.core.json import MISSING


async def test_a_role_that_is_too_low_is_refused_before_any_session() -> None:
    wanted = operation(Echo(()), rank=1)
    bench = Bench(wanted)
    with pytest.raises(OperationError) as signed_out:
        await bench.run(wanted, user(0, verified=False))
    with pytest.raises(OperationError) as too_low:
        await bench.run(wanted, user(0))
    assert (signed_out.value.code, too_low.value.code) == (Code.UNAUTHENTICATED, Code.FORBIDDEN)
    assert bench.recorder.log == []


async def test_a_higher_role_may_do_what_a_lower_one_may() -> None:
    wanted = operation(Echo(()), rank=1)
    bench = Bench(wanted)
    await bench.run(wanted, user(2))
    assert bench.recorder.log == ["read", "execute []", "done"]


async def test_values_come_from_arguments_identity_and_config() -> None:
    inputs = (
        Reference("args", ("title",), HERE),
        Reference("args", ("left_out",), HERE),
        Reference("currentUser", ("email",), HERE),
        Reference("currentUser", ("undeclared",), HERE),
        Reference("config", ("hours",), HERE),
        Literal(7, HERE),
    )
    wanted = operation(Echo(inputs))
    bench = Bench(wanted)
    await bench.run(wanted, user(1, email="ann@example.com"), {"title": "Leak"})
    expected = ["Leak", MISSING, "ann@example.com", None, 24, 7]
    assert bench.recorder.log[1] == f"execute {expected}"


async def test_one_writing_step_puts_all_steps_in_one_transaction() -> None:
    wanted = operation(Echo(()), Echo((), writes=True))
    bench = Bench(wanted)
    await bench.run(wanted, user(1))
    assert bench.recorder.log == ["begin", "execute []", "execute []", "commit"]


async def test_an_error_rolls_back() -> None:
    wanted = operation(Echo((), writes=True), Echo((), fails=True))
    bench = Bench(wanted)
    with pytest.raises(OperationError, match="taken"):
        await bench.run(wanted, user(1))
    assert bench.recorder.log == ["begin", "execute []", "rollback"]


async def test_the_deadline_stops_a_call_and_rolls_back() -> None:
    wanted = operation(Echo((), writes=True, sleeps=30))
    bench = Bench(wanted)
    with pytest.raises(OperationError) as stopped:
        await bench.run(wanted, user(1), seconds=1.0)
    assert stopped.value.code == Code.TIMEOUT
    assert bench.recorder.log == ["begin", "rollback"]


async def test_properties_are_asked_with_the_users_own_identity_and_only_when_needed() -> None:
    own = operation(Echo((Reference("currentUser", ("email",), HERE),), answers={"plan": "gold"}), name="own")
    plain = operation(Echo(()), name="plain")
    wanted = operation(Echo((Reference("currentUser", ("properties", "plan"), HERE),)))
    bench = Bench(own, plain, wanted, properties="own")
    await bench.run(plain, user(1, email="ann@example.com"))
    assert bench.recorder.log == ["read", "execute []", "done"]
    bench.recorder.log.clear()
    await bench.run(wanted, user(1, email="ann@example.com"))
    assert bench.recorder.log == ["read", "execute ['ann@example.com']", "done", "read", "execute ['gold']", "done"]


async def test_nobody_without_a_token_has_properties() -> None:
    own = operation(Echo((), answers={"plan": "gold"}), name="own")
    wanted = operation(Echo((Reference("currentUser", ("properties", "plan"), HERE),)))
    bench = Bench(own, wanted, properties="own")
    await bench.run(wanted, user(0, verified=False))
    assert bench.recorder.log == ["read", "execute [None]", "done"]


async def test_a_properties_query_that_needs_properties_ends() -> None:
    itself = (Reference("currentUser", ("properties", "plan"), HERE),)
    own = operation(Echo(itself, answers={"plan": "gold"}), name="own")
    bench = Bench(own, properties="own")
    await bench.run(own, user(1))
    assert bench.recorder.log[1] == "execute [None]"
