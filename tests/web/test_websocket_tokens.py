"""Who somebody is on a websocket: tokens in the first message and of the upgrade, that expire and are renewed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from tests.web.conftest import Running, Serving
from tests.web.test_websocket import INIT, talking, token
from tidegate.core.limits import Limits


@pytest.mark.parametrize(
    "payload",
    [
        {"authorization": "Bearer {}"},
        {"Authorization": "bearer  {}"},
        {"headers": {"authorization": "Bearer {}"}},
        {"headers": {"AUTHORIZATION": "Bearer {}"}, "authorization": "Bearer {}"},
        {"x-plasmic-data-user-auth-token": "{}", "authorization": None},
    ],
)
async def test_tokens_in_the_first_message(site: Running, payload: dict[str, Any]) -> None:
    given = json.loads(json.dumps(payload).replace("{}", token("u7")))
    async with talking(site, init={**INIT, "payload": given}):
        (client,) = site.gateway.clients
        assert client.user.id == "u7"


async def test_tokens_of_the_upgrade(site: Running) -> None:
    value = f"Bearer {token('u8')}"
    async with talking(site, additional_headers={"Authorization": value}):
        (client,) = site.gateway.clients
        assert client.user.id == "u8"
    same = {**INIT, "payload": {"authorization": value}}
    async with talking(site, init=same, additional_headers={"Authorization": value}):
        pass
    async with talking(site, init=None, additional_headers={"Authorization": value}) as talk:
        await talk.say({**INIT, "payload": {"authorization": f"Bearer {token('u9')}"}})
        assert await talk.closed() == (4403, "Forbidden")


@pytest.mark.parametrize("value", ["Bearer x", "", "Basic eA==", "Bearer a.b.c", "Bearer €", "x" * 9000])
async def test_tokens_that_are_not_good(site: Running, value: str) -> None:
    async with talking(site, init=None) as talk:
        await talk.say({**INIT, "payload": {"authorization": value}})
        assert await talk.closed() == (4403, "Forbidden")


async def test_a_token_that_expires_closes_without_a_word_to_each_subscription(site: Running) -> None:
    async with talking(site, init={**INIT, "payload": {"authorization": f"Bearer {token()}"}}) as talk:
        await talk.ask("a", "subscription { ticks }")
        await talk.say({"type": "ping"})
        await talk.hear()
        (client,) = site.gateway.clients
        client.expire()
        with pytest.raises(ConnectionClosed) as closed:
            await talk.hear()
        assert closed.value.rcvd is not None
        assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4403, "Forbidden")


async def test_a_token_is_renewed_within_the_connection(site: Running) -> None:
    async with talking(site, init={**INIT, "payload": {"authorization": f"Bearer {token()}"}}) as talk:
        await talk.say({"type": "ping", "payload": {"authorization": f"Bearer {token(seconds=900)}"}})
        assert await talk.hear() == {"type": "pong", "payload": {"renewed": True}}
        (client,) = site.gateway.clients
        assert client.renewals == 1
        await talk.say({"type": "ping", "payload": {"authorization": f"Bearer {token('other')}"}})
        assert await talk.closed() == (4403, "Forbidden")


async def test_too_many_connections_of_a_user(serving: Serving) -> None:
    site = await serving(limits=Limits(connections=1))
    init = {**INIT, "payload": {"authorization": f"Bearer {token()}"}}
    async with talking(site, init=init), talking(site, init=None) as second:
        await second.say(init)
        assert await second.closed() == (1013, "Too many connections")
