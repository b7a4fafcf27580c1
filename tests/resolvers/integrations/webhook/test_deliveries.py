"""Posts to a hook on their way: what is posted once, what is tried again, what is given up and who hears of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from tests.resolvers.servers import Request, Server
from tidegate.core.triggers import Signature, Webhook
from tidegate.core.user import CurrentUser
from tidegate.resolvers.integrations.outgoing import MOST_WAITING
from tidegate.resolvers.integrations.upstream import Upstream, UpstreamSettings
from tidegate.resolvers.integrations.upstream.breaker import Breaking
from tidegate.resolvers.integrations.webhook.deliveries import AT_ONCE, Deliveries, Delivery, Hook, Seal
from tidegate.web.signatures import Forged, verify

SOON = (0.01,) * 200
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ADDRESS = "hooks/catch/4711/t0psecret"


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - anything may make it true
            await asyncio.sleep(0.01)


@asynccontextmanager
async def posting(
    port: int, pauses: tuple[float, ...] = SOON, seal: Seal | None = None, now: Callable[[], float] = lambda: 1000.0
) -> AsyncIterator[Deliveries]:
    upstream = Upstream("pager", UpstreamSettings(retries=0, breaking=Breaking(0)))
    hook = Hook(f"http://127.0.0.1:{port}/{ADDRESS}?zap=1", seal)
    deliveries = Deliveries("pager", hook, upstream, pauses, now)
    await deliveries.open()
    try:
        yield deliveries
    finally:
        await deliveries.close()


def delivery(name: str = "msg_1", body: bytes = b'{"a":1}', search: str = "") -> Delivery:
    return Delivery(name, "closeTicket", {"content-type": "application/json"}, body, search)


async def test_it_is_posted_as_it_is() -> None:
    async with Server(lambda request: request.answer()) as server:
        async with posting(server.port) as deliveries:
            deliveries.put(delivery(search="of=desk&a=%26"))
            await until(lambda: server.asked and not deliveries.waiting)
        (request,) = server.asked
    assert (request.method, request.target) == ("POST", f"/{ADDRESS}?zap=1&of=desk&a=%26")
    assert (request.body, request.headers["content-type"]) == (b'{"a":1}', "application/json")
    assert request.headers["webhook-id"] == "msg_1"
    assert "webhook-signature" not in request.headers


def webhook(signature: Signature, header: str) -> Webhook:
    """As the one who gets it has it."""
    user = CurrentUser("anonymous", 0, {}, None, True)
    return Webhook("x", "x", SECRET, signature, header, None, user, at=None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("signature", "header"),
    [
        (Signature.STANDARD, "webhook-signature"),
        (Signature.STRIPE, "stripe-signature"),
        (Signature.HMAC, "x-own"),
        (Signature.GITHUB, "x-hub-signature-256"),
        (Signature.TOKEN, "x-webhook-token"),
        (Signature.TOKEN, "authorization"),
    ],
)
async def test_what_is_posted_again_has_its_id_and_a_new_signature(signature: Signature, header: str) -> None:
    clock = iter(range(1000, 10000, 400))

    def answer(request: Request) -> None:
        request.answer(b"", 503 if len(server.asked) < 3 else 204)

    async with (
        Server(answer) as server,
        posting(server.port, seal=Seal(signature, header, SECRET), now=lambda: next(clock)) as deliveries,
    ):
        deliveries.put(delivery())
        await until(lambda: len(server.asked) == 3 and not deliveries.waiting)
    names = set()
    for number, request in enumerate(server.asked):
        fields = {name.encode(): value.encode() for name, value in request.headers.items()}
        now = 1000 + 400 * number
        names.add(verify(webhook(signature, header), fields, request.body, now))
        with pytest.raises(Forged):
            verify(webhook(signature, header), {**fields, header.encode(): b"x"}, request.body, now)
        if signature in (Signature.STANDARD, Signature.STRIPE):
            with pytest.raises(Forged, match="its time"):
                verify(webhook(signature, header), fields, request.body, now + 400)
        assert request.headers["webhook-id"] == "msg_1"
    # Those who can tell a delivery from another find one.
    assert len(names) == (3 if signature is Signature.STRIPE else 1)


@pytest.mark.parametrize("status", [400, 401, 404, 410, 422, 302])
async def test_what_the_hook_does_not_want_is_not_posted_again(status: int, caplog: pytest.LogCaptureFixture) -> None:
    def answer(request: Request) -> None:
        request.answer(b"of your body: 4711", status, location="http://127.0.0.2/elsewhere")

    async with (
        Server(answer) as server,
        posting(server.port, seal=Seal(Signature.TOKEN, "x-own", SECRET)) as deliveries,
    ):
        deliveries.put(delivery())
        deliveries.put(delivery("msg_2"))
        await until(lambda: len(deliveries.failures) == 2)
        assert (len(server.asked), deliveries.waiting) == (2, 0)
    about = {failure.about for failure in deliveries.failures}
    assert about == {"a trigger of closeTicket (msg_1)", "a trigger of closeTicket (msg_2)"}
    assert {failure.why for failure in deliveries.failures} == {f"the hook answered {status}"}
    assert "4711" not in caplog.text
    assert SECRET not in caplog.text


async def test_who_is_down_gets_it_when_they_are_back(caplog: pytest.LogCaptureFixture) -> None:
    """Kept, dropped in the middle of an answer, late: all of it comes, once it can."""
    caplog.set_level(logging.DEBUG)

    async def answer(request: Request) -> None:
        if len(server.asked) == 1:
            request.close()
        elif len(server.asked) == 2:
            request.send(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf")
            request.close()
        else:
            request.answer(b"", 429 if len(server.asked) == 3 else 200)

    server = Server(answer)
    async with server:
        port = server.port
    # Nobody is there.
    async with posting(port) as deliveries:
        deliveries.put(delivery())
        await until(lambda: "Again in 0.01 s." in caplog.text)
        server._server = await asyncio.start_server(server._serve, "127.0.0.1", port)
        try:
            await until(lambda: len(server.asked) == 4 and not deliveries.waiting)
        finally:
            server._server.close()
        assert not deliveries.failures
    assert {request.headers["webhook-id"] for request in server.asked} == {"msg_1"}
    assert "t0psecret" not in caplog.text


async def test_a_few_at_once_and_not_one_after_the_other() -> None:
    free = asyncio.Event()

    async def answer(request: Request) -> None:
        if request.headers["webhook-id"].endswith("slow"):
            await free.wait()
        request.answer()

    async with Server(answer) as server, posting(server.port) as deliveries:
        for number in range(AT_ONCE - 1):
            deliveries.put(delivery(f"msg_{number}_slow"))
        for number in range(20):
            deliveries.put(delivery(f"msg_{number}"))
        await until(lambda: deliveries.waiting == AT_ONCE - 1)
        free.set()
        await until(lambda: deliveries.waiting == 0)
        assert (len(server.asked), server.most) == (20 + AT_ONCE - 1, AT_ONCE)


async def test_it_is_given_up_in_the_end_and_named() -> None:
    server = Server(lambda request: request.answer(b"", 500))
    async with server, posting(server.port, (0.01, 0.01)) as deliveries:
        deliveries.put(delivery())
        await until(lambda: deliveries.failures)
        assert (len(server.asked), deliveries.waiting) == (3, 0)


async def test_what_still_waits_at_the_end_is_tried_once_more_and_then_named(
    caplog: pytest.LogCaptureFixture,
) -> None:
    taken = {"status": 500}
    async with Server(lambda request: request.answer(b"", taken["status"])) as server:
        async with posting(server.port, (600.0,)) as deliveries:
            for number in (1, 2, 3):
                deliveries.put(delivery(f"msg_{number}"))
            await until(lambda: caplog.text.count("Again in 600 s.") == 3)
            taken["status"] = 200
        assert not deliveries.failures
        async with posting(server.port, (600.0,)) as deliveries:
            taken["status"] = 500
            deliveries.put(delivery("msg_4"))
            await until(lambda: caplog.text.count("Again in 600 s.") == 4)
    assert [failure.about for failure in deliveries.failures] == ["a trigger of closeTicket (msg_4)"]
    assert "t0psecret" not in caplog.text


async def test_there_is_room_for_so_many_and_so_much() -> None:
    hook = Hook("http://127.0.0.1:1/", None)
    deliveries = Deliveries("pager", hook, Upstream("pager", UpstreamSettings()), SOON)
    for number in range(MOST_WAITING - 1):
        deliveries.put(delivery(f"msg_{number}"))
    assert deliveries.has_room(())
    assert not deliveries.has_room([delivery()])
    large = Deliveries("pager", hook, Upstream("pager", UpstreamSettings()), SOON)
    for _ in range(64):
        assert large.has_room(())
        large.put(delivery(body=bytes(1024 * 1024)))
    assert not large.has_room(())
