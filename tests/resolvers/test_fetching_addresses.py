"""`$http` goes to addresses that were looked at: names, numbers, redirects and what is allowed."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from ipaddress import ip_address

import pytest

from tests.resolvers.servers import OTHER, PUBLIC, Names, Network, Request, Server, ask, fetching, refusal
from tidegate.resolvers.network import AllowedHosts, CheckedNetwork, Closed

CLOSED = ("AddressError", "$http may not go there: the address is not public.")
REDIRECTED = ("AddressError", "$http was redirected to where it may not go.")

INSIDE = [
    *("127.0.0.1", "127.1", "127.0.1", "0", "0.0.0.0", "localhost", "LOCALHOST", "localhost.", "127.0.0.1."),
    *("2130706433", "017700000001", "0x7f000001", "0x7f.1", "0177.0.0.1", "127.000.000.001", "127。0。0。1"),
    *("[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:127.0.0.1]", "[::127.0.0.1]"),
    *("[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[fe80::1]", "[fd00:ec2::254]", "[fec0::1]", "[::ffff:0:127.0.0.1]"),
    *("10.0.0.1", "192.168.1.1", "172.16.0.1", "100.64.0.1", "0x0a000001", "167772161", "012.1"),
    *("169.254.169.254", "0xa9fea9fe", "2852039166", "169.16689662", "168.63.129.16", "100.100.100.200"),
    *("224.0.0.1", "255.255.255.255", "192.0.0.192", "192.88.99.1", "198.18.0.1"),
]


def hello(request: Request) -> None:
    request.answer(b"hello")


@pytest.mark.parametrize("host", INSIDE)
async def test_inside_is_closed_however_it_is_written(host: str) -> None:
    async with Server(hello) as server, fetching() as fetcher:
        name, message = await refusal(ask(fetcher, f"http://{host}:{server.port}/"))
        # Not every system reads every number as an address.
        could_not = ("ConnectionError", "$http could not connect.")
        assert (name, message) in {CLOSED, could_not, ("TypeError", "This is not an address.")}
    assert not server.connections


async def test_the_loopback_is_closed_and_not_unheard_of() -> None:
    async with Server(hello) as server, fetching() as fetcher:
        for host in ("127.0.0.1", "localhost", "127.1", "0x7f000001", "2130706433", "[::ffff:127.0.0.1]"):
            assert await refusal(ask(fetcher, f"http://{host}:{server.port}/")) == CLOSED


@pytest.mark.parametrize("host", INSIDE)
async def test_redirects_to_the_inside_are_closed(host: str) -> None:
    names = Names(www_example=[[PUBLIC]])

    async def resolve(name: str, port: int) -> list[str]:
        if name == "www.example":
            return list(await names.resolve(name, port))
        found = await asyncio.get_running_loop().getaddrinfo(name, port)
        return [str(sockaddr[0]) for *_, sockaddr in found]

    async with Server(lambda request: request.redirect(f"http://{host}/latest/meta-data")) as server:
        network = Network({PUBLIC: server})
        async with fetching(resolve=resolve, network=network) as fetcher:
            name, _ = await refusal(ask(fetcher, "http://www.example/"))
            assert name in ("AddressError", "ConnectionError", "RedirectError")
            assert network.tried == [PUBLIC]


async def test_public_names_are_reached() -> None:
    names = Names(www_example=[[PUBLIC]])
    async with Server(hello) as server:
        network = Network({PUBLIC: server})
        async with fetching(resolve=names.resolve, network=network) as fetcher:
            assert (await ask(fetcher, "http://WWW.example/"))["data"] == "hello"
    assert (names.asked, network.tried) == (["www.example"], [PUBLIC])
    assert server.asked[0].headers["host"] == "www.example"


async def test_a_name_that_changes_is_resolved_once_for_each_connection() -> None:
    """What was looked at is what is connected to; the next connection is looked at again."""
    names = Names(evil_example=[[PUBLIC], ["127.0.0.1"]])

    def answer(request: Request) -> None:
        request.answer(b"hello", connection="close")

    async with Server(answer) as server, Server(hello) as inside:
        network = Network({PUBLIC: server, "127.0.0.1": inside})
        async with fetching(resolve=names.resolve, network=network) as fetcher:
            assert (await ask(fetcher, "http://evil.example/"))["data"] == "hello"
            assert (names.asked, network.tried) == (["evil.example"], [PUBLIC])
            assert await refusal(ask(fetcher, "http://evil.example/")) == CLOSED
            assert network.tried == [PUBLIC]
        assert not inside.connections


async def test_a_name_that_changes_between_redirects() -> None:
    names = Names(evil_example=[[PUBLIC], ["169.254.169.254"]])

    def answer(request: Request) -> None:
        request.send(b"HTTP/1.1 302 So\r\nConnection: close\r\nContent-Length: 0\r\nLocation: /again\r\n\r\n")

    async with Server(answer) as server:
        network = Network({PUBLIC: server})
        async with fetching(resolve=names.resolve, network=network) as fetcher:
            assert await refusal(ask(fetcher, "http://evil.example/")) == CLOSED
    assert network.tried == [PUBLIC]


@pytest.mark.parametrize(
    "addresses", [[PUBLIC, "10.0.0.1"], ["10.0.0.1", PUBLIC], [*(f"93.184.217.{number}" for number in range(9)), "::1"]]
)
async def test_one_closed_address_closes_the_name(addresses: list[str]) -> None:
    names = Names(mixed_example=[addresses])
    async with Server(hello) as server:
        network = Network({PUBLIC: server})
        async with fetching(resolve=names.resolve, network=network) as fetcher:
            assert await refusal(ask(fetcher, "http://mixed.example/")) == CLOSED
    assert not network.tried


async def test_addresses_are_tried_one_after_the_other_and_not_all() -> None:
    dead = [f"93.184.217.{number}" for number in range(9)]
    names = Names(a_example=[[dead[0], dead[0], dead[1], PUBLIC]], b_example=[[*dead, PUBLIC]], c_example=[[]])
    async with Server(hello) as server:
        network = Network({PUBLIC: server})
        async with fetching(resolve=names.resolve, network=network) as fetcher:
            assert (await ask(fetcher, "http://a.example/"))["data"] == "hello"
            assert network.tried == [*dead[:2], PUBLIC]
            network.tried.clear()
            could_not = ("ConnectionError", "$http could not connect.")
            assert await refusal(ask(fetcher, "http://b.example/")) == could_not
            assert network.tried == dead[:4]
            assert await refusal(ask(fetcher, "http://c.example/")) == could_not
            assert await refusal(ask(fetcher, "http://unknown.example/")) == could_not


@pytest.mark.parametrize(
    ("allowed", "url", "is_open"),
    [
        ("crm.internal", "http://crm.internal/", True),
        ("crm.internal", "http://CRM.Internal:8080/", True),
        ("CRM.Internal", "http://crm.internal/", True),
        ("crm.internal:80", "http://crm.internal/", True),
        ("crm.internal:80", "http://crm.internal:80/", True),
        ("crm.internal:8080", "http://crm.internal:8080/", True),
        ("crm.internal:8080", "http://crm.internal/", False),
        ("crm.internal:80", "http://crm.internal:8080/", False),
        ("crm.internal", "http://crm.internal.evil.example/", False),
        ("crm.internal", "http://evil.crm.internal/", False),
        ("crm.internal", "http://crm.internal./", False),
        ("crm.internal", "http://10.0.0.1/", False),
        ("10.0.0.1", "http://10.0.0.1/", True),
        ("10.0.0.1", "http://10.0.0.1:8080/", True),
        ("10.0.0.1", "http://10.0.0.2/", False),
        ("[fd00::1]", "http://[fd00::1]/", True),
        ("[fd00:0::1]:80", "http://[FD00::1]/", True),
        ("[fd00::1]:81", "http://[fd00::1]/", False),
        ("[fd00::1]", "http://[fd00::2]/", False),
    ],
)
async def test_allowed_hosts(allowed: str, url: str, is_open: bool) -> None:
    inside = {"crm.internal", "crm.internal.evil.example", "evil.crm.internal", "crm.internal."}

    async def resolve(host: str, port: int) -> list[str]:
        return ["10.0.0.1"] if host in inside else [str(ip_address(host))]

    async with Server(hello) as server:
        network = Network(dict.fromkeys(("10.0.0.1", "fd00::1"), server))
        async with fetching(allowed, resolve=resolve, network=network) as fetcher:
            if is_open:
                assert (await ask(fetcher, url))["data"] == "hello"
            else:
                assert await refusal(ask(fetcher, url)) == CLOSED
    assert bool(network.tried) is is_open


async def test_a_public_address_of_this_machine_is_closed() -> None:
    names = Names(www_example=[[PUBLIC]], other_example=[[OTHER]])
    async with Server(hello) as server:
        outside = Network({PUBLIC: server, OTHER: server})
        for allowed, reached in (((), [OTHER]), (("www.example",), [PUBLIC, OTHER])):
            outside.tried.clear()
            network = CheckedNetwork(AllowedHosts(allowed), names.resolve, outside, lambda address: address == PUBLIC)
            for host in ("www.example", "other.example"):
                with suppress(Closed):
                    await (await network.connect_tcp(host, 80)).aclose()
            assert outside.tried == reached


def test_odd_entries_allow_nothing() -> None:
    hosts = AllowedHosts(["[zz:]", "[::1]:5"])
    assert not hosts.has("::1", 4)
    assert hosts.has("0:0::1", 5)
    assert not hosts.has("::zz", 5)


async def test_others_do_not_redirect_to_hosts_that_the_project_allows() -> None:
    """It is the project that lets its programs in there, not a stranger who answers them."""
    names = Names(www_example=[[PUBLIC]], crm_internal=[["10.0.0.1"]], erp_internal=[["10.0.0.2"]])

    def answer(request: Request) -> None:
        request.answer(b"hello") if request.target == "/end" else request.redirect("http://erp.internal/end")

    async with Server(answer) as server:
        network = Network({PUBLIC: server, "10.0.0.1": server, "10.0.0.2": server})
        async with fetching("crm.internal", "erp.internal", resolve=names.resolve, network=network) as fetcher:
            assert (await ask(fetcher, "http://erp.internal/end"))["data"] == "hello"
            network.tried.clear()
            assert await refusal(ask(fetcher, "http://www.example/")) == REDIRECTED
            # Also where a connection is there already.
            assert network.tried == [PUBLIC]
            assert (await ask(fetcher, "http://crm.internal/"))["data"] == "hello"


async def test_errors_name_neither_hosts_nor_addresses_and_the_log_does(caplog: pytest.LogCaptureFixture) -> None:
    names = Names(secret_internal=[["10.1.2.3"]], www_example=[[PUBLIC]], gone_example=[[OTHER]])
    caplog.set_level(logging.WARNING)
    async with (
        Server(lambda request: request.redirect("http://secret.internal:99/path?token=x")) as server,
        fetching(resolve=names.resolve, network=Network({PUBLIC: server})) as fetcher,
    ):
        for url in ("http://www.example/", "http://gone.example/", "http://nowhere.example/"):
            _, message = await refusal(ask(fetcher, url))
            for word in ("secret", "10.1", "example", "93.184", "99", "/"):
                assert word not in message
    assert "$http to secret.internal port 99: " in caplog.text
    assert "token" not in caplog.text


async def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Server(hello) as server, Server(hello) as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "HTTPS_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        async with fetching(f"127.0.0.1:{server.port}") as fetcher:
            assert (await ask(fetcher, f"http://127.0.0.1:{server.port}/"))["data"] == "hello"
        assert not proxy.connections
