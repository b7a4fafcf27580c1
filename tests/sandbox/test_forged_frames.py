"""A worker that is not ours any more says anything at all: the run fails, or ends as if it were ours, and the gateway
is as it was."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.sandbox.world import World, open_sandbox
from tidegate.core.limits import Limits
from tidegate.core.program import Fault, ProgramFailed
from tidegate.sandbox.frames import Kind

STREAMS = 400
UNHURRIED = list(HealthCheck)

DONE = b'{"value":1,"input":{}}'


def frame(kind: int, payload: bytes = b"", length: int | None = None) -> bytes:
    return struct.pack("!IB", len(payload) if length is None else length, kind) + payload


FORGED = {
    "no kind": frame(0),
    "a frame of the gateway's": frame(Kind.ANSWER, b'{"value":1}'),
    "ready before it is done": frame(Kind.READY),
    "longer than any": frame(Kind.DONE, b"", 2**32 - 1),
    "longer than it says": frame(Kind.DONE, DONE, 5),
    "cut short": frame(Kind.DONE, DONE, 100),
    "half a header": b"\0\0",
    "text that is none": frame(Kind.LOG, b"log\0\xff\xfe"),
    "a level that is none": frame(Kind.LOG, b"critical\0x"),
    "no level": frame(Kind.LOG, b""),
    "a question that is none": frame(Kind.ASK, b"[]"),
    "a question of nothing": frame(Kind.ASK, b""),
    "a question that nobody asks": frame(Kind.ASK, b'{"what":"shell","arguments":["id"]}'),
    "a question about itself": frame(Kind.ASK, b'{"what":"__class__","arguments":[]}'),
    "a question with more": frame(Kind.ASK, b'{"what":"http","arguments":[],"as":"admin"}'),
    "a question with a mapping": frame(Kind.ASK, b'{"what":"http","arguments":{}}'),
    "a question of a list": frame(Kind.ASK, b'{"what":["http"],"arguments":[]}'),
    "a number that is none": frame(Kind.ASK, b'{"what":"http","arguments":[NaN]}'),
    "a number too large": frame(Kind.ASK, b'{"what":"http","arguments":[1e999]}'),
    "a number too long": frame(Kind.ASK, b'{"what":"http","arguments":[' + b"9" * 5000 + b"]}"),
    "an engine's failure": frame(Kind.CONFUSED, b"\xff" * 100),
    "an answer of a text": frame(Kind.DONE, b'"x"'),
    "two answers in one": frame(Kind.DONE, DONE + DONE),
    "an answer with a tail": frame(Kind.DONE, DONE + b"x"),
    "a failure with a list": frame(Kind.DONE, b'{"failure":[]}'),
    "a failure of a list": frame(Kind.DONE, b'{"failure":{"fault":["limit"],"message":"","place":"","stack":""}}'),
}


def sending(data: bytes) -> str:
    return f"os.write(SOCKET, {data!r})\nos._exit(0)"


@pytest.mark.parametrize("name", FORGED)
async def test_a_forged_frame_breaks_its_run_alone(world: World, name: str) -> None:
    with pytest.raises(ProgramFailed) as caught:
        await world.run(sending(FORGED[name]))
    assert caught.value.fault is Fault.BROKEN
    assert caught.value.message == 'The action "tidy" of tickets could not be run to its end.'
    assert world.host.asked == []
    assert (await world.run("result = 1")).value == 1


async def test_a_claim_to_have_been_stopped_tells_nothing_of_the_server(world: World) -> None:
    with pytest.raises(ProgramFailed) as caught:
        await world.run(sending(frame(Kind.STOPPED, b"\xff\0\xed\xa0\x80" + b"x" * 60_000)))
    assert caught.value.fault is Fault.LIMIT
    assert len(caught.value.place) <= 4096
    caught.value.place.encode()


async def test_a_flood_without_end(world: World) -> None:
    flood = frame(Kind.LOG, b"log\0x") * 1000
    with pytest.raises(ProgramFailed, match="lines to the console") as caught:
        await world.run(f"while True: os.write(SOCKET, {flood!r})")
    assert caught.value.fault is Fault.LIMIT


async def test_answers_to_questions_not_asked_are_kept_by_nobody(world: World) -> None:
    questions = frame(Kind.ASK, b'{"what":"hash","arguments":["x"]}') * 50
    await world.run(f"os.write(SOCKET, {questions + frame(Kind.DONE, DONE)!r})\nos._exit(0)")
    with pytest.raises(ProgramFailed) as caught:
        await world.run(f"while True: os.write(SOCKET, {questions!r})")
    assert caught.value.fault is Fault.LIMIT
    assert len(world.host.asked) == 50 + Limits().scriptCalls


kinds = st.one_of(st.sampled_from([int(kind) for kind in Kind]), st.integers(0, 255))
json_like = st.recursive(
    st.sampled_from(
        [b"1", b"null", b'"\\ud800"', b'"\\u0000"', b"NaN", b"-1e999", b"12345678901234567890", b'"x"', b"\xff"]
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda parts: b"[" + b",".join(parts) + b"]"),
        st.lists(inner, max_size=2).map(lambda parts: b'{"value":' + b',"input":'.join(parts) + b"}"),
    ),
    max_leaves=5,
)
payloads = st.one_of(
    st.binary(max_size=60),
    json_like,
    json_like.map(lambda value: b'{"value":' + value + b',"input":{}}'),
    json_like.map(lambda value: b'{"failure":' + value + b"}"),
    st.tuples(st.sampled_from([b"http", b"emit", b"none"]), json_like).map(
        lambda parts: b'{"what":"' + parts[0] + b'","arguments":[' + parts[1] + b"]}"
    ),
    st.integers(1, 2000).map(lambda depth: b"[" * depth + b"]" * depth),
    st.just(DONE),
)
lengths = st.one_of(st.none(), st.none(), st.integers(0, 100), st.integers(0, 2**32 - 1))
frames_ = st.builds(frame, kinds, payloads, lengths)
streams = st.lists(st.one_of(frames_, frames_, st.binary(max_size=12)), min_size=1, max_size=5).map(b"".join)


def test_any_bytes_at_all() -> None:
    """Whatever came, the run has an outcome or a fault, and the gateway's own loop and its next run are fine."""
    with asyncio.Runner() as runner, hostile_world(runner) as world:

        @settings(
            max_examples=STREAMS,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        )
        @given(streams)
        def send(stream: bytes) -> None:
            try:
                runner.run(world.run(sending(stream)))
            except ProgramFailed as failed:
                failed.message.encode()
                failed.stack.encode()

        send()
        assert runner.run(world.run("result = 1")).value == 1


@contextmanager
def hostile_world(runner: asyncio.Runner) -> Iterator[World]:
    problems: list[dict[str, object]] = []
    runner.get_loop().set_exception_handler(lambda _, context: problems.append(context))
    world = World(open_sandbox())
    try:
        runner.run(world.load(Limits(scriptTime=30.0)))
        yield world
    finally:
        runner.run(world.sandbox.close())
    assert problems == []
