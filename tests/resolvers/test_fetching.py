"""`$http`: what is sent, what is made of answers, and redirects; against real servers."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Mapping
from typing import Any

import pytest

from tests.resolvers.servers import (
    LIMITS,
    OTHER,
    PUBLIC,
    Names,
    Network,
    Request,
    Server,
    ask,
    fetching,
    refusal,
    serving,
)
from tidegate.core.json import Json
from tidegate.core.limits import Limits


def echo(request: Request) -> None:
    request.answer(request.body, x_method=request.method, x_target=request.target)


async def test_what_is_sent() -> None:
    async with serving(echo) as (server, fetch):
        answer = await fetch(
            "http://{}/a?b=c#d", method="post", data="Zoë", headers={"X-One": "1", "Content-Type": "t"}
        )
    assert (answer["status"], answer["data"]) == (200, "Zoë")
    assert answer["headers"] == {"content-length": "4", "x-method": "POST", "x-target": "/a?b=c"}
    assert sorted(server.asked[0].lines) == [
        "Accept-Encoding: gzip, deflate",
        "Content-Length: 4",
        "Content-Type: t",
        f"Host: 127.0.0.1:{server.port}",
        "X-One: 1",
        "accept: application/json, text/plain, */*",
        "user-agent: Tidegate",
    ]


async def test_what_the_program_says_of_itself_stays() -> None:
    async with serving(echo) as (server, fetch):
        await fetch(headers={"User-Agent": "mine", "ACCEPT": "text/csv", "X-Padded": " \t a b\t"})
    headers = server.asked[0].headers
    assert (headers["user-agent"], headers["accept"], headers["x-padded"]) == ("mine", "text/csv", "a b")


async def test_headers_of_the_connection_are_not_the_programs() -> None:
    ours = ["Host", "Connection", "Content-Length", "Transfer-Encoding", "TE", "Upgrade", "Expect", "Accept-Encoding"]
    async with serving(echo) as (server, fetch):
        await fetch(method="POST", data="abc", headers=dict.fromkeys(ours, "evil"))
    assert "evil" not in "".join(server.asked[0].lines)
    assert server.asked[0].body == b"abc"


@pytest.mark.parametrize(
    ("url", "params", "target"),
    [
        ("/", {"a": "1", "b": "x y"}, "/?a=1&b=x%20y"),
        ("/?q=a%20b+c", {"a": "1"}, "/?q=a%20b+c&a=1"),
        ("/?a=1", {"a": "2"}, "/?a=1&a=2"),
        ("/p#f", {"a": "&=?#/%"}, "/p?a=%26%3D%3F%23%2F%25"),
        ("/", {"a\r\nb": "\r\nX-Evil: 1\x00"}, "/?a%0D%0Ab=%0D%0AX-Evil%3A%201%00"),
        ("/", {"n": 1, "t": True, "z": None, "f": 1.5}, "/?n=1&t=true&z=&f=1.5"),
        ("/ä b", {"ö": "ü"}, "/%C3%A4%20b?%C3%B6=%C3%BC"),
        ("/", {}, "/"),
    ],
)
async def test_params(url: str, params: Mapping[str, Json], target: str) -> None:
    async with serving(echo) as (server, fetch):
        await fetch("http://{}" + url, params=params)
    assert server.asked[0].target == target
    assert len(server.asked[0].lines) == 4


@pytest.mark.parametrize(
    "request_",
    [
        {"method": "CONNECT"},
        {"method": "TRACE"},
        {"method": "GET / HTTP/1.1\r\nX-Evil: 1\r\n\r\nGET"},
        {"method": 7},
        {"method": None},
        {"data": {"a": 1}},
        {"data": 7},
        {"url": None},
        {"url": ["http://{}/"]},
        {"url": ""},
        {"url": "/path"},
        {"url": "//{}/"},
        {"url": "{}"},
        {"url": "http://"},
        {"url": "http:///etc/passwd"},
        {"url": "http:{}"},
        {"url": "file:///etc/passwd"},
        {"url": "gopher://{}/"},
        {"url": "ftp://{}/"},
        {"url": "ws://{}/"},
        {"url": "unix:///run/docker.sock"},
        {"url": "javascript:alert(1)"},
        {"url": "http://{}/\r\nX-Evil: 1"},
        {"url": "http://{}/\n"},
        {"url": "http://{}/\x00"},
        {"url": "http://{}\r\nX-Evil: 1/"},
        {"url": "http://a@{}/"},
        {"url": "http://a:b@{}/"},
        {"url": "http://a\\@{}/"},
        {"url": "http://{}@{}/"},
        {"url": "http://{}\\@b/"},
        {"url": "http://b%40{}/"},
        {"url": "http://{}:80/"},
        {"url": "http://a b/"},
        {"url": "http://a%00b/"},
        {"url": "http://%31%32%37.0.0.1/"},
        {"url": "http://[::1%25lo]/"},
        {"url": "http://[::1/"},
        {"url": "http://a:0/"},
        {"url": "http://a:65536/"},
        {"url": "http://a:-1/"},
        {"url": "http://①②⑦.⓪.⓪.①/"},
        {"url": "http://ａ.com/"},
        {"url": "http://{}/\ud800"},
        {"url": "http://{}/" + "a" * 8192},
        {"params": {"a": "b" * 8192}},
        {"params": {"a": "\ud800"}},
        {"params": {"a": ["b"]}},
        {"headers": {"X-A": "a\r\nX-Evil: 1"}},
        {"headers": {"X-A": "a\nX-Evil: 1"}},
        {"headers": {"X-A": "a\rb"}},
        {"headers": {"X-A": "a\x00"}},
        {"headers": {"X-A": "日本"}},
        {"headers": {"X-A": ["a"]}},
        {"headers": {"X-A: 1\r\nX-Evil": "1"}},
        {"headers": {"X-A ": "1"}},
        {"headers": {" X-A": "1"}},
        {"headers": {"": "1"}},
        {"headers": {"X-Ä": "1"}},
        {"headers": {"X-A": "1", "x-a": "2"}},
        {"headers": {"X-A": "a" * 20_000}},
        {"headers": {f"X-{number}": "a" for number in range(65)}},
    ],
)
async def test_what_is_no_request(request_: dict[str, Any]) -> None:
    async with serving(echo) as (server, fetch):
        name, message = await refusal(fetch(**request_))
        assert name in ("TypeError", "RangeError")
        assert "Evil" not in message
        assert not server.connections


async def test_things_that_are_no_objects_are_nothing() -> None:
    async with serving(echo) as (server, fetch):
        for odd in (None, "a", 7, ["a"]):
            assert (await fetch(params=odd, headers=odd))["status"] == 200
    assert {request.target for request in server.asked} == {"/"}


@pytest.mark.parametrize("status", [200, 201, 204, 304, 400, 404, 500, 599, 999])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_statuses_and_methods(method: str, status: int) -> None:
    bare = method == "HEAD" or status in (204, 304)

    def answer(request: Request) -> None:
        if bare:
            request.send(f"HTTP/1.1 {status} So\r\nContent-Length: 5\r\nContent-Encoding: gzip\r\n\r\n".encode())
        else:
            request.answer(b"hello", status)

    async with serving(answer) as (server, fetch):
        for _ in range(2):
            found = await fetch(method=method)
            assert (found["status"], found["data"]) == (status, "" if bare else "hello")
    assert server.connections == 1
    assert ("content-length" in server.asked[0].headers) is (method in ("POST", "PUT", "PATCH"))


@pytest.mark.parametrize(
    ("body", "kind", "text"),
    [
        ("Zoë".encode(), "text/plain", "Zoë"),
        ("Zoë".encode(), "text/plain; charset=utf-8", "Zoë"),
        ("\ufeffZoë".encode(), "text/plain; charset=UTF-8", "Zoë"),
        ("\ufeffZoë".encode(), "text/plain", "Zoë"),
        ("Zoë".encode("latin-1"), "text/plain; Charset='ISO-8859-1'", "Zoë"),
        ("Zoë".encode("latin-1"), "text/plain", "Zo\ufffd"),
        ("日本".encode("shift_jis"), 'text/plain; charset="Shift_JIS"', "日本"),
        ("日本".encode("utf-16"), "text/plain;charset=utf-16", "日本"),
        (b"\xff\xfe\x00\x80", "application/octet-stream", "\ufffd\ufffd\x00\ufffd"),
        (b"\xed\xa0\x80", "text/plain", "\ufffd\ufffd\ufffd"),
        (b"a\\nb", "text/plain; charset=unicode_escape", "a\\nb"),
        (b"Zm9v", "text/plain; charset=base64", "Zm9v"),
        (b"a", "text/plain; charset=undefined", "a"),
        (b"a", "text/plain; charset=idna", "a"),
        (b"a", "text/plain; charset=iso-8859-99", "a"),
        (b"a", "text/plain; charset=../../etc/passwd", "a"),
        (b"a", "text/plain; charset=" + "x" * 500, "a"),
        (b"a-" + b"b" * 900_000, "text/plain; charset=punycode", "a-" + "b" * 900_000),
    ],
)
async def test_charsets(body: bytes, kind: str, text: str) -> None:
    async with serving(lambda request: request.answer(body, Content_Type=kind)) as (_, fetch):
        assert (await fetch())["data"] == text


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [("gzip", gzip.compress), ("X-GZIP", gzip.compress), ("deflate", zlib.compress), ("identity", bytes), ("", bytes)],
)
async def test_packed_bodies(encoding: str, pack: Any) -> None:
    for size in (0, 1, 100_000):
        body = b"a" * size
        async with serving(lambda r: r.answer(pack(body), Content_Encoding=encoding)) as (_, fetch):  # noqa: B023
            assert (await fetch())["data"] == "a" * size


async def test_headers_that_are_there_twice_are_one() -> None:
    def answer(request: Request) -> None:
        request.send(b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nset-cookie: b=\xe9\r\nContent-Length: 0\r\n\r\n")

    async with serving(answer) as (_, fetch):
        assert (await fetch())["headers"] == {"set-cookie": "a=1, b=é", "content-length": "0"}


@pytest.mark.parametrize(
    ("status", "method", "then"),
    [
        *((301, "POST", "GET"), (302, "POST", "GET"), (303, "POST", "GET"), (303, "PUT", "GET"), (303, "HEAD", "HEAD")),
        *((301, "PUT", "PUT"), (302, "DELETE", "DELETE"), (307, "POST", "POST"), (308, "PATCH", "PATCH")),
        *((301, "GET", "GET"), (302, "HEAD", "HEAD")),
    ],
)
async def test_redirected_methods(status: int, method: str, then: str) -> None:
    def answer(request: Request) -> None:
        request.redirect("../new?x#y", status) if request.target == "/a/b" else echo(request)

    async with serving(answer) as (server, fetch):
        data = None if method in ("GET", "HEAD", "DELETE") else "body"
        await fetch("http://{}/a/b", method=method, data=data, headers={"Content-Type": "t"})
    last = server.asked[-1]
    assert (last.method, last.target) == (then, "/new?x")
    kept = data is not None and then == method
    assert last.body == (b"body" if kept else b"")
    assert ("content-type" in last.headers) is (then == method and status != 303)


async def test_redirects_without_a_place_and_others_are_answers() -> None:
    for status in (300, 304, 305, 306):
        async with serving(lambda r: r.redirect("http://10.0.0.1/", status)) as (_, fetch):  # noqa: B023
            assert (await fetch())["status"] == status
    async with serving(lambda r: r.answer(b"nowhere", 302)) as (_, fetch):
        assert (await fetch())["data"] == "nowhere"


@pytest.mark.parametrize("location", ["", "/", "?a", "http://127.0.0.1:{port}/again"])
async def test_redirects_in_a_circle_end(location: str) -> None:
    async with serving(lambda r: r.redirect(location.format(port=server.port))) as (server, fetch):
        assert await refusal(fetch()) == ("RedirectError", "$http was redirected more than 3 times.")
        assert len(server.asked) == 4
        assert await refusal(fetch(limits=Limits(httpRedirects=1, httpTimeout=30.0))) == (
            "RedirectError",
            "$http was redirected more than 1 times.",
        )
        assert len(server.asked) == 6


@pytest.mark.parametrize(
    "location",
    [
        *("file:///etc/passwd", "ftp://a/", "gopher://a/", "javascript:1", "data:,a", "ws://a/", "http://", "//"),
        *("http://a:b@c/", "http://a b/", "http://[/", "http://a:99999/", "mailto:a@b.c", "http:\\\\a", "x" * 9000),
        "http://%61/",
    ],
)
async def test_redirects_to_no_address(location: str) -> None:
    async with serving(lambda request: request.redirect(location)) as (server, fetch):
        name, message = await refusal(fetch())
        assert (name, message) in {
            ("RedirectError", "$http was redirected to what is no address."),
            ("RedirectError", "$http was redirected more than 3 times."),
        }
        assert server.connections >= 1


async def test_credentials_stay_with_their_origin() -> None:
    names = Names(one_example=[[PUBLIC]], two_example=[[OTHER]])
    given: dict[str, Json] = {"Authorization": "Bearer x", "cookie": "a=1", "X-Other": "y"}

    def first(request: Request) -> None:
        targets = {"/same": "/end", "/other": "http://two.example/end", "/port": "http://one.example:81/end"}
        echo(request) if request.target == "/end" else request.redirect(targets[request.target])

    async with Server(first) as one, Server(echo) as two:
        network = Network({PUBLIC: one, OTHER: two})
        async with fetching(resolve=names.resolve, network=network) as fetcher:
            for path in ("/same", "/other", "/port"):
                await ask(fetcher, f"http://one.example{path}", headers=given, limits=LIMITS)
    secrets = [("authorization" in r.headers, "cookie" in r.headers, "x-other" in r.headers) for r in one.asked]
    kept, dropped = (True, True, True), (False, False, True)
    assert secrets == [kept, kept, kept, kept, dropped]
    assert [("authorization" in r.headers, "cookie" in r.headers) for r in two.asked] == [(False, False)]
