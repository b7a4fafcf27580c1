"""Where `$http` may go: the public internet, however an address is written or wrapped."""

from __future__ import annotations

import re
import socket
from ipaddress import IPv4Address, IPv6Address, ip_network
from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.resolvers import fetching, incoming_answer, network
from tidegate.resolvers.addresses import is_of_this_machine, is_public

PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "93.184.216.34",
    "172.15.255.255",
    "172.32.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "192.167.255.255",
    "223.255.255.255",
    "2606:4700:4700::1111",
    "2620:fe::fe",
    "2a00:1450:4001:80b::200e",
    "::ffff:8.8.8.8",
    "64:ff9b::8.8.8.8",
]

CLOSED = {
    "loopback": ["127.0.0.1", "127.1.2.3", "127.255.255.255", "::1"],
    "private": ["10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1", "fc00::1", "fdff::1"],
    "carriers": ["100.64.0.1", "100.127.255.255"],
    "link": ["169.254.0.1", "169.254.255.254", "fe80::1", "febf::1", "fe80::1%eth0", "8.8.8.8%eth0", "::1%lo"],
    "site": ["fec0::1", "feff::1"],
    "metadata": [
        *("169.254.169.254", "169.254.170.2", "fd00:ec2::254", "fd20:ce::254"),
        *("168.63.129.16", "100.100.100.200", "192.0.0.192"),
    ],
    "multicast": ["224.0.0.1", "239.255.255.255", "ff02::1", "ff0e::1"],
    "nobody's": ["0.0.0.0", "0.1.2.3", "::", "240.0.0.1", "255.255.255.255", "100::1", "4000::1", "a000::1", "5f00::1"],
    "protocols": ["192.0.0.1", "192.0.0.9", "192.88.99.1", "198.18.0.1", "198.19.255.255"],
    "documents": ["192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1", "3fff::1"],
    "mapped": ["::ffff:127.0.0.1", "::ffff:7f00:1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:0.0.0.0"],
    "compatible": ["::127.0.0.1", "::10.0.0.1", "::8.8.8.8"],
    "translated": ["::ffff:0:127.0.0.1", "::ffff:0:8.8.8.8"],
    "6to4": ["2002:7f00:1::", "2002:a00:1::1", "2002:808:808::1"],
    "NAT64": ["64:ff9b::127.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "64:ff9b:1::8.8.8.8"],
    "Teredo": ["2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2"],
    "ORCHID": ["2001:10::1", "2001:20::1"],
    "ISATAP": ["2606:4700::5efe:127.0.0.1", "2606:4700::200:5efe:10.0.0.1", "fe80::5efe:10.0.0.1"],
    "no address": [
        "",
        "localhost",
        "127.1",
        "0x7f000001",
        "2130706433",
        "017700000001",
        "1.2.3.4.5",
        "[::1]",
        "1.1.1.1 ",
    ],
}

INSIDE = [
    ip_network(text)
    for text in (
        *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "169.254.0.0/16", "100.64.0.0/10"),
        *("0.0.0.0/8", "224.0.0.0/4", "240.0.0.0/4", "192.0.0.0/24", "168.63.129.16/32", "198.18.0.0/15"),
    )
]
INSIDE_IPV6 = [ip_network(text) for text in ("::/8", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8")]
NAT64 = ip_network("64:ff9b::/96")

inside = st.sampled_from(INSIDE).flatmap(lambda net: st.integers(int(net[0]), int(net[-1]))).map(IPv4Address)


@pytest.mark.parametrize("address", PUBLIC)
def test_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(("kind", "address"), [(kind, each) for kind, listed in CLOSED.items() for each in listed])
def test_closed(kind: str, address: str) -> None:
    assert not is_public(address), kind


def wraps(address: IPv4Address) -> list[int]:
    """Each way to write an IPv4 address into an IPv6 one that somebody has thought of."""
    value = int(address)
    return [
        value,
        0xFFFF << 32 | value,
        0xFFFF << 48 | value,
        0x64FF9B << 96 | value,
        0x64FF9B0001 << 80 | value,
        0x2002 << 112 | value << 80,
        0x2002 << 112 | value << 80 | 1,
        0x20010000 << 96 | value ^ 0xFFFFFFFF,
        0x20010000 << 96 | value << 64,
        0x2606_4700 << 96 | 0x5EFE << 32 | value,
        0x2606_4700 << 96 | 0x0200_5EFE << 32 | value,
        0xFE80 << 112 | value,
    ]


@given(inside)
def test_nothing_inside_passes_however_it_is_wrapped(address: IPv4Address) -> None:
    assert not is_public(str(address))
    for wrapped in wraps(address):
        assert not is_public(str(IPv6Address(wrapped)))
        assert not is_public(IPv6Address(wrapped).exploded)


@given(st.sampled_from(INSIDE_IPV6).flatmap(lambda net: st.integers(int(net[0]), int(net[-1]))).map(IPv6Address))
def test_nothing_inside_ipv6_passes(address: IPv6Address) -> None:
    carried = address.ipv4_mapped or (IPv4Address(int(address) & 0xFFFFFFFF) if address in NAT64 else None)
    assert is_public(str(address)) == (carried is not None and is_public(str(carried)))


@given(st.integers(0, 2**128 - 1).map(IPv6Address) | st.integers(0, 2**32 - 1).map(IPv4Address))
def test_what_passes_is_global(address: IPv4Address | IPv6Address) -> None:
    if is_public(str(address)):
        assert address.is_global or address in NAT64
        assert not address.is_private


@given(st.text(max_size=40))
def test_texts_are_no_addresses(text: str) -> None:
    assert is_public(text) in (True, False)


def test_this_machine_knows_itself() -> None:
    families = (socket.AF_INET, socket.AF_INET6)
    own = [each.address for listed in psutil.net_if_addrs().values() for each in listed if each.family in families]
    assert "127.0.0.1" in own
    for address in own:
        # With a zone: of a link, and closed for that.
        assert "%" in address or is_of_this_machine(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:4700:4700::1111", "no address", ""])
def test_others_are_not_this_machine(address: str) -> None:
    assert not is_of_this_machine(address)


def test_the_documents_say_the_same() -> None:
    text = (Path(__file__).parents[2] / "docs" / "security.md").read_text()
    section = text.split("## Where programs may go")[1].split("\n## ")[0]
    named = [word for word in re.findall(r"`([0-9a-f:.]+)`", section) if ":" in word or "." in word]
    assert len(named) >= 12
    assert not [address for address in named if is_public(address)]
    for number in (network.LARGEST_HEAD, incoming_answer.MOST_PARTS, fetching.CONNECTIONS):
        assert f" {number} " in section.replace("\n", " ")
