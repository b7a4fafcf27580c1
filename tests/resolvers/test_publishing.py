"""What a mutation committed is published, and nothing else; the names of the queries that it concerns."""

from __future__ import annotations

import asyncio

import pytest

from tests.resolvers.echo import COMMENT, TICKET, Bench, Echo, mutation, operation, user
from tidegate.core.call import Call
from tidegate.core.change import Change
from tidegate.core.errors import Code, OperationError
from tidegate.core.footprint import Touch
from tidegate.core.operation import Kind, Refresh


async def test_what_was_written_is_published_after_the_commit() -> None:
    wanted = operation(
        Echo((), writes=True, touches=(TICKET,)), Echo((), writes=True, touches=(COMMENT,)), kind=Kind.MUTATION
    )
    bench = Bench(wanted)
    call, _ = await bench.call(wanted, user(1))
    assert bench.heard.changes == [Change("echo", (TICKET, COMMENT))]
    assert bench.heard.moments[0][-1] == "commit"
    assert call.change == bench.heard.changes[0]


async def test_a_query_publishes_nothing() -> None:
    wanted = operation(Echo((), touches=(TICKET,)))
    bench = Bench(wanted)
    call, _ = await bench.call(wanted, user(1))
    assert (bench.heard.changes, call.change) == ([], None)


async def test_what_touched_nothing_is_not_published() -> None:
    wanted = mutation()
    bench = Bench(wanted)
    await bench.run(wanted, user(1))
    assert bench.heard.changes == []


async def test_nothing_is_published_of_what_was_rolled_back() -> None:
    wanted = operation(Echo((), writes=True, touches=(TICKET,)), Echo((), fails=True), kind=Kind.MUTATION)
    bench = Bench(wanted)
    with pytest.raises(OperationError, match="taken"):
        await bench.run(wanted, user(1))
    assert bench.recorder.log[-1] == "rollback"
    assert bench.heard.changes == []


async def test_nothing_is_published_where_the_role_is_too_low() -> None:
    wanted = operation(Echo((), writes=True, touches=(TICKET,)), rank=1, kind=Kind.MUTATION)
    bench = Bench(wanted)
    with pytest.raises(OperationError):
        await bench.run(wanted, user(0))
    assert bench.heard.changes == []


async def test_a_commit_that_was_cut_off_counts_as_made() -> None:
    wanted = mutation(TICKET)
    bench = Bench(wanted)
    bench.recorder.committing = 30
    runnable = bench.runner.compile(wanted, None, 1)
    call = Call(wanted, user(1), {}, {}, bench.deadline(1.0))
    with pytest.raises(OperationError) as stopped:
        await bench.runner.run(runnable, call)
    assert stopped.value.code == Code.TIMEOUT
    assert bench.heard.changes == [Change("write", (TICKET,))]
    assert call.change == bench.heard.changes[0]


async def test_a_commit_of_which_nobody_knows_counts_as_made() -> None:
    wanted = mutation(TICKET)
    bench = Bench(wanted)
    bench.recorder.lost = True
    with pytest.raises(OperationError):
        await bench.run(wanted, user(1))
    assert bench.heard.changes == [Change("write", (TICKET,))]


async def test_a_call_that_is_cancelled_while_it_commits_counts_as_made() -> None:
    wanted = mutation(TICKET)
    bench = Bench(wanted)
    bench.recorder.committing = 30
    task = asyncio.create_task(bench.run(wanted, user(1)))
    await bench.recorder.executed.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert bench.heard.changes == [Change("write", (TICKET,))]


async def test_refresh_none_publishes_nothing() -> None:
    wanted = mutation(TICKET, refresh=Refresh(derived=False))
    bench = Bench(wanted)
    await bench.run(wanted, user(1))
    assert bench.heard.changes == []


async def test_refresh_of_some_queries_publishes_their_names_alone() -> None:
    wanted = mutation(TICKET, refresh=Refresh(derived=False, queries=frozenset({"own"})))
    bench = Bench(wanted)
    await bench.run(wanted, user(1))
    assert bench.heard.changes == [Change("write", (), frozenset({"own"}))]


async def test_refresh_of_some_queries_beside_what_was_written() -> None:
    wanted = mutation(TICKET, refresh=Refresh(queries=frozenset({"own"})))
    bench = Bench(wanted)
    await bench.run(wanted, user(1))
    assert bench.heard.changes == [Change("write", (TICKET,), frozenset({"own"}))]


def test_the_queries_that_a_change_concerns() -> None:
    bench = Bench(
        operation(Echo(()), name="tickets"),
        operation(Echo((), table="comments"), name="comments"),
        operation(Echo(()), name="allTickets", rank=2),
        operation(Echo(()), name="write", kind=Kind.MUTATION),
    )
    by = bench.runner.refreshed_by
    assert list(by(Change("x", (TICKET,)), 0)) == ["tickets"]
    assert list(by(Change("x", (TICKET,)), 2)) == ["allTickets", "tickets"]
    assert list(by(Change("x", (TICKET, COMMENT)), 0)) == ["comments", "tickets"]
    assert list(by(Change("x", (), frozenset({"comments", "allTickets"})), 0)) == ["comments"]
    assert list(by(Change("x", (Touch("echo", None),)), 0)) == ["comments", "tickets"]
    assert list(by(Change("x", (Touch("other", "tickets"),)), 2)) == []
    assert list(by(Change("x"), 2)) == []
