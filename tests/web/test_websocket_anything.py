"""Whatever frames arrive on a websocket, drawn at random."""

from __future__ import annotations

import asyncio
import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.frames import Opcode

from tests.web.conftest import make_gateway, running
from tests.web.test_websocket import gone
from tests.web.test_websocket_sockets import framed, open_raw
from tidegate.settings import Settings

words = st.sampled_from(
    [
        *("connection_init", "subscribe", "complete", "ping", "pong", "next", "id", "type", "payload", "a", "b", ""),
        *("query", "variables", "operationName", "extensions", "headers", "authorization", "Bearer a.b.c"),
        *("{ hello }", "subscription { ticks }", "subscription { count(to: 1) }", "{", "mutation { write }", "\0"),
    ]
)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=4),
    max_leaves=5,
)
likely = st.fixed_dictionaries(
    {"type": words},
    optional={
        "id": words | values,
        "payload": values | st.fixed_dictionaries({"query": words}, optional={"variables": values}),
    },
)
texts = st.one_of(likely.map(json.dumps), likely.map(json.dumps), values.map(json.dumps), st.text(max_size=20))
frames = st.one_of(
    texts.map(lambda text: framed(Opcode.TEXT, text.encode("utf-8", "surrogatepass"))),
    st.builds(
        lambda opcode, data, fin: framed(opcode, data, fin=fin),
        st.sampled_from(list(Opcode)),
        st.binary(max_size=20),
        st.booleans(),
    ),
    st.binary(max_size=20),
)


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.lists(st.tuples(st.booleans(), st.lists(frames, max_size=6)), min_size=1, max_size=8))
def test_anything(talks: list[tuple[bool, list[bytes]]]) -> None:
    """Whatever arrives, the answer is frames, the last of them a close that is none of a mistake of ours."""

    async def try_all() -> None:
        async with running(make_gateway(), Settings(port=0)) as site:
            for init, sent in talks:
                talk = await open_raw(site, init=init)
                talk.writer.write(b"".join(sent))
                # What is left of a frame is filled up, so that nothing is waited for.
                talk.writer.write(bytes(1_100_000))
                assert await talk.code() not in (1006, 1011, 4500)
                talk.writer.close()
            await gone(site)
            assert (await site.ask("{ hello }")).status_code == 200

    asyncio.run(try_all())
