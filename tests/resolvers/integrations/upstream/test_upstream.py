"""Another server that behaves, and one that does not: what is asked of it, and what is said of it."""

from __future__ import annotations

import asyncio
import gzip
import logging
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.resolvers.servers import Answer, Request, Server, make_certificate
from tidegate.core.errors import Code, OperationError
from tidegate.core.integration import IntegrationUnavailable
from tidegate.core.json import Json
from tidegate.core.location import Location
from tidegate.core.problems import Problems
from tidegate.resolvers.integrations.upstream import Asked, Upstream, upstream_settings

MINUTES: dict[str, Json] = {"connect": "60s", "read": "60s", "total": "60s"}
PATIENT: dict[str, Json] = {"timeout": MINUTES, "breaker": False}
"""A busy machine is no mistake: tests that wait for the end of time say so."""
SECRET = "hunter2"


def upstream_of(folder: Path = Path(), **values: Json) -> Upstream:
    problems = Problems()
    settings = upstream_settings({**PATIENT, **values}, folder, Location("tidegate.yaml"), problems)
    assert problems.found == []
    return Upstream("crm", settings)


@asynccontextmanager
async def opened(upstream: Upstream) -> AsyncIterator[Upstream]:
    await upstream.open()
    try:
        yield upstream
    finally:
        await upstream.close()


@asynccontextmanager
async def asking(answer: Answer, **values: Json) -> AsyncIterator[tuple[Server, Callable[..., Any]]]:
    """A server, and what asks it."""
    async with Server(answer) as server, opened(upstream_of(Path(), **values)) as upstream:

        async def ask(path: str = "/", method: str = "GET", *, safe: bool = True, **more: Any) -> Any:
            return await upstream.ask(Asked(method, f"http://127.0.0.1:{server.port}{path}", **more), safe=safe)

        yield server, ask


async def refusal(answer: Any) -> tuple[Code, str]:
    with pytest.raises(OperationError) as caught:
        await answer
    return caught.value.code, str(caught.value.__cause__)


async def test_what_is_sent_and_what_comes() -> None:
    def answer(request: Request) -> None:
        request.answer(gzip.compress(b"[1]"), 404, content_encoding="gzip", set_cookie="a=b", x_one="1")

    headers: Json = {"Authorization": f"Bearer {SECRET}", "x-own": "default"}
    async with asking(answer, headers=headers) as (server, ask):
        reply = await ask("/a%20b?c=d", "POST", safe=False, headers={"X-Own": " mine "}, body=b"{}")
        assert (reply.status, reply.body, reply.headers["x-one"]) == (404, b"[1]", "1")
        await ask("/", "GET")
        await ask("/", "DELETE", safe=False)
        await ask("/", "PUT", safe=False)
    first, *others = server.asked
    assert (first.method, first.target, first.body) == ("POST", "/a%20b?c=d", b"{}")
    assert first.headers == {
        "accept": "application/json, */*;q=0.5",
        "user-agent": "Tidegate",
        "authorization": f"Bearer {SECRET}",
        "x-own": "mine",
        "host": f"127.0.0.1:{server.port}",
        "accept-encoding": "gzip, deflate",
        "content-length": "2",
    }
    assert ["cookie" in each.headers for each in server.asked] == [False] * 4
    assert [each.headers.get("content-length") for each in others] == [None, None, "0"]
    assert server.connections == 1
    assert SECRET not in repr(upstream_settings({"headers": headers}, Path(), Location(""), Problems()))


@pytest.mark.parametrize("value", ["a\r\nx-evil: 1", "a\nb", "a\x00", "ϕ"])
async def test_no_value_makes_a_second_header(value: str) -> None:
    async with asking(lambda request: request.answer()) as (server, ask):
        assert (await refusal(ask(headers={"x-a": value})))[0] is Code.BAD_USER_INPUT
        assert (await refusal(ask(headers={value: "x"})))[0] is Code.BAD_USER_INPUT
    assert server.asked == []


@pytest.mark.parametrize(
    ("statuses", "safe", "expected"),
    [
        ((503, 502, 200), True, 200),
        ((503, 503, 503, 200), True, 503),
        ((504, 200), False, 504),
        ((500, 200), True, 500),
        ((429, 200), True, 429),
    ],
)
async def test_what_is_safe_is_asked_again(statuses: tuple[int, ...], safe: bool, expected: int) -> None:
    rest = list(statuses)
    async with asking(lambda request: request.answer(b"", rest.pop(0))) as (server, ask):
        assert (await ask(safe=safe)).status == expected
    assert len(server.asked) == len(statuses) - len(rest) == statuses.index(expected, len(statuses) - len(rest) - 1) + 1


async def test_a_server_says_when_to_come_back() -> None:
    """If that is not too late."""
    waits = ["0", "3600", "Wed, 21 Oct 2015 07:28:00 GMT"]

    def answer(request: Request) -> None:
        if waits:
            request.answer(b"", 429, retry_after=waits.pop(0))
        else:
            request.answer(b"ok")

    async with asking(answer) as (server, ask):
        assert (await ask()).status == 429
        assert len(server.asked) == 2
        assert (await ask()).body == b"ok"


def reset(request: Request) -> None:
    """Without the politeness of an end."""
    sock = request._writer.get_extra_info("socket")
    sock.setsockopt(1, 13, struct.pack("ii", 1, 0))
    request._writer.transport.abort()


def hang(_: Request) -> Any:
    return asyncio.Event().wait()


async def drip(request: Request) -> None:
    request.send(b"HTTP/1.1 200 So\r\nContent-Length: 100000\r\n\r\n")
    while not request.is_over:
        request.send(b"x")
        await asyncio.sleep(0.02)


def half(request: Request) -> None:
    request.send(b"HTTP/1.1 200 So\r\nContent-Length: 100\r\n\r\nhalf")
    request.close()


def too_short(request: Request) -> None:
    request.send(b"HTTP/1.1 200 So\r\nContent-Length: nine\r\n\r\nhalf")
    request.close()


def no_http(request: Request) -> None:
    request.send(f"SSH-2.0 {SECRET}\r\n\r\n".encode())
    request.close()


def broken_gzip(request: Request) -> None:
    request.answer(gzip.compress(b"x" * 1000)[:-9], content_encoding="gzip")


def bomb(request: Request) -> None:
    request.answer(gzip.compress(b"\0" * 20_000_000), content_encoding="gzip")


def flood(request: Request) -> None:
    request.answer(b"x" * 2_000_000)


def endless_head(request: Request) -> None:
    request.send(b"HTTP/1.1 200 So\r\n" + b"a: b\r\n" * 100_000)


@pytest.mark.parametrize(
    ("answer", "code", "cause"),
    [
        (reset, Code.UPSTREAM_FAILED, "its answer is broken"),
        (half, Code.UPSTREAM_FAILED, "its answer is broken"),
        (too_short, Code.UPSTREAM_FAILED, "its answer is broken"),
        (no_http, Code.UPSTREAM_FAILED, "its answer is broken"),
        (broken_gzip, Code.UPSTREAM_FAILED, "its answer is broken"),
        (endless_head, Code.UPSTREAM_FAILED, "its answer is broken"),
        (hang, Code.TIMEOUT, "nothing came for too long"),
        (drip, Code.TIMEOUT, "it took too long"),
        (bomb, Code.LIMIT, "its answer is too large"),
        (flood, Code.LIMIT, "its answer is too large"),
    ],
)
async def test_misbehaviour(answer: Answer, code: Code, cause: str, caplog: pytest.LogCaptureFixture) -> None:
    """It is told in plain words, nothing of it is kept, and what comes after is another matter."""
    misbehaves = True

    def act(request: Request) -> Any:
        return answer(request) if misbehaves else request.answer(b"well")

    times = MINUTES | ({"read": "500ms"} if answer is hang else {"total": "2s"} if answer is drip else {})
    with caplog.at_level(logging.DEBUG, "tidegate"):
        async with asking(act, timeout=times, maxBytes="1MB", retries=1) as (server, ask):
            found, why = await refusal(ask(f"/{SECRET}", headers={"authorization": SECRET}))
            assert (found, why.partition(" (")[0].replace("no connection", "its answer is broken")) == (code, cause)
            assert len(server.asked) == (2 if code is Code.UPSTREAM_FAILED else 1)
            misbehaves = False
            assert (await in_the_end(ask)).body == b"well"
    assert caplog.messages
    assert SECRET not in caplog.text


async def test_a_server_that_is_not_there(unused_tcp_port: int) -> None:
    async with opened(upstream_of()) as upstream:
        for host in ("127.0.0.1", "nowhere.invalid"):
            code, why = await refusal(upstream.ask(Asked("GET", f"http://{host}:{unused_tcp_port}/"), safe=True))
            assert code is Code.UPSTREAM_FAILED
            assert host not in why


async def speak_no_tls(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 400 So\r\nContent-Length: 0\r\n\r\n")
    writer.close()


async def test_certificates(tmp_path: Path) -> None:
    serving, _ = make_certificate(tmp_path, "localhost")
    async with Server(lambda request: request.answer(b"in secret"), serving) as server:
        address = f"https://localhost:{server.port}/"
        async with opened(upstream_of(tmp_path, ca="localhost.pem")) as upstream:
            assert (await upstream.ask(Asked("GET", address), safe=True)).body == b"in secret"
            # A name that the certificate does not have.
            there = address.replace("localhost", "127.0.0.1")
            code, why = await refusal(upstream.ask(Asked("GET", there), safe=True))
            assert (code, "certificate is refused" in why) == (Code.UPSTREAM_FAILED, True)
        async with opened(upstream_of(retries=5)) as upstream:
            before = server.connections
            code, why = await refusal(upstream.ask(Asked("GET", address), safe=True))
            assert (code, "certificate is refused" in why) == (Code.UPSTREAM_FAILED, True)
            assert server.connections - before <= 1
        assert [each.target for each in server.asked] == ["/"]
    async with await asyncio.start_server(speak_no_tls, "127.0.0.1", 0) as plain, opened(upstream_of()) as upstream:
        port = plain.sockets[0].getsockname()[1]
        code, why = await refusal(upstream.ask(Asked("GET", f"https://127.0.0.1:{port}/"), safe=True))
        assert (code, why.partition(" (")[0]) == (Code.UPSTREAM_FAILED, "no encrypted connection")
    (tmp_path / "none.pem").write_text("nothing")
    with pytest.raises(IntegrationUnavailable, match='The certificates of the integration "crm" cannot be read'):
        await upstream_of(tmp_path, ca="none.pem").open()


async def test_no_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1/")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1/")
    async with asking(lambda request: request.answer(b"itself")) as (_, ask):
        assert (await ask()).body == b"itself"


async def test_redirects_stay_with_the_server() -> None:
    async with Server(lambda request: request.answer(b"elsewhere")) as other:

        def answer(request: Request) -> None:
            match request.target:
                case "/away":
                    request.redirect(f"http://127.0.0.1:{other.port}/")
                case "/done":
                    request.answer(request.method.encode() + request.body)
                case "/round":
                    request.redirect("/round", 307)
                case target:
                    request.redirect("done", int(target[1:]))

        async with asking(answer, headers={"authorization": SECRET}) as (_, ask):
            assert (await ask("/301")).body == b"GET"
            assert (await ask("/303", "POST", safe=False, body=b"x")).body == b"GET"
            assert (await ask("/307", "POST", safe=False, body=b"x")).body == b"POSTx"
            assert (await ask("/away")).status == 302
            assert await refusal(ask("/round")) == (Code.UPSTREAM_FAILED, "too many redirects")
    assert other.asked == []


async def test_a_server_that_fails_is_left_alone_for_a_while(caplog: pytest.LogCaptureFixture) -> None:
    fails = True

    def answer(request: Request) -> None:
        reset(request) if fails else request.answer(b"well")

    async with asking(answer, breaker={"failures": 2, "pause": "600s"}, retries=0) as (server, ask):
        for _ in range(5):
            assert (await refusal(ask()))[0] is Code.UPSTREAM_FAILED
        assert (len(server.asked), (await refusal(ask()))[1]) == (2, "it is left alone for a while")
    async with asking(answer, breaker={"failures": 2, "pause": "100ms"}, retries=0) as (server, ask):
        for _ in range(2):
            await refusal(ask())
        fails = False
        assert (await in_the_end(ask)).body == b"well"
        assert (await ask()).body == b"well"
    assert [each for each in caplog.messages if "again" in each or "alone" in each] == [
        "crm failed 2 times: left alone for 600 s.",
        "crm failed 2 times: left alone for 0.1 s.",
        "crm answers again.",
    ]


async def in_the_end(ask: Callable[[], Any]) -> Any:
    """What comes when it works again."""
    async with asyncio.timeout(60):
        while True:
            try:
                return await ask()
            except OperationError:
                await asyncio.sleep(0.05)


async def test_who_gives_up_waiting_takes_nothing_with_them() -> None:
    """Cut off in all moments, many at once: connections are not used up."""
    held = asyncio.Event()

    async def answer(request: Request) -> None:
        if request.target == "/slow":
            await held.wait()
        request.answer(b"well")

    async with asking(answer) as (server, ask):
        tasks = [asyncio.create_task(ask("/slow")) for _ in range(150)]
        async with asyncio.timeout(60):
            while len(server.asked) < 100:  # noqa: ASYNC110 - it is the server that counts
                await asyncio.sleep(0.01)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert (await ask()).body == b"well"
        held.set()


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"ca": "nothing.pem"}, 'The file "nothing.pem"'),
        ({"headers": {"Host": "x"}}, '"Host" cannot be a header'),
        ({"headers": {"x": "a\nb"}}, 'The header "x" holds'),
        ({"timeout": "0s"}, '"timeout" is a duration longer than nothing.'),
        ({"breaker": {"pause": "0s"}}, '"pause" is a duration longer than nothing.'),
    ],
)
def test_settings_that_cannot_be(values: dict[str, Json], sentence: str) -> None:
    problems = Problems()
    upstream_settings(values, Path(), Location("tidegate.yaml", 3, 5), problems)
    (problem,) = problems.found
    assert (problem.at, problem.sentence.startswith(sentence)) == (Location("tidegate.yaml", 3, 5), True)


def test_times_that_follow_from_others() -> None:
    def times(value: Json) -> tuple[float, float, float]:
        found = upstream_settings({"timeout": value}, Path(), Location(""), Problems()).timeouts
        return found.connect, found.read, found.total

    assert times(None) == (2, 5, 8)
    assert times("20s") == (2, 20, 20)
    assert times("1s") == (1, 1, 1)
    assert times({"total": "3s"}) == (2, 3, 3)
    assert times({"read": "30s"}) == (2, 30, 30)
