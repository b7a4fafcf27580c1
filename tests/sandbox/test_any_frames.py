"""A worker that is not ours any more says anything at all, drawn at random."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.sandbox.test_forged_frames import DONE, frame, sending
from tests.sandbox.world import World, open_sandbox
from tidegate.core.limits import Limits
from tidegate.core.program import ProgramFailed
from tidegate.sandbox.frames import Kind

STREAMS = 400

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
