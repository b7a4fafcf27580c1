"""A worker that is not ours any more says anything at all: the run fails, or ends as if it were ours, and the gateway
is as it was."""

from __future__ import annotations

import struct

import pytest

from tests.sandbox.world import World
from tidegate.core.limits import Limits
from tidegate.core.program import Fault, ProgramFailed
from tidegate.sandbox.frames import Kind

pytestmark = pytest.mark.asyncio(loop_scope="module")

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
async def test_a_forged_frame_breaks_its_run_alone(shared: World, name: str) -> None:
    with pytest.raises(ProgramFailed) as caught:
        await shared.run(sending(FORGED[name]))
    assert caught.value.fault is Fault.BROKEN
    assert caught.value.message == 'The action "tidy" of tickets could not be run to its end.'
    assert shared.host.asked == []
    assert (await shared.run("result = 1")).value == 1


async def test_a_claim_to_have_been_stopped_tells_nothing_of_the_server(shared: World) -> None:
    with pytest.raises(ProgramFailed) as caught:
        await shared.run(sending(frame(Kind.STOPPED, b"\xff\0\xed\xa0\x80" + b"x" * 60_000)))
    assert caught.value.fault is Fault.LIMIT
    assert len(caught.value.place) <= 4096
    caught.value.place.encode()


async def test_a_flood_without_end(shared: World) -> None:
    flood = frame(Kind.LOG, b"log\0x") * 1000
    with pytest.raises(ProgramFailed, match="lines to the console") as caught:
        await shared.run(f"while True: os.write(SOCKET, {flood!r})")
    assert caught.value.fault is Fault.LIMIT


async def test_answers_to_questions_not_asked_are_kept_by_nobody(shared: World) -> None:
    questions = frame(Kind.ASK, b'{"what":"hash","arguments":["x"]}') * 50
    await shared.run(f"os.write(SOCKET, {questions + frame(Kind.DONE, DONE)!r})\nos._exit(0)")
    with pytest.raises(ProgramFailed) as caught:
        await shared.run(f"while True: os.write(SOCKET, {questions!r})")
    assert caught.value.fault is Fault.LIMIT
    assert len(shared.host.asked) == 50 + Limits().scriptCalls
