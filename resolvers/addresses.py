"""Which addresses `$http` may go to: the public internet, and what the project names besides."""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

_PUBLIC_IPV6: Final = ip_network("2000::/3")
"""All that was ever given to anybody. The rest is of a link, of a site, of one machine, or of nobody."""
_CLOSED: Final = tuple(
    ip_network(text)
    for text in (
        # What `is_global` lets pass, and no public server is at.
        "192.0.0.0/24",
        "192.88.99.0/24",
        "168.63.129.16/32",
        "100.100.100.200/32",
        "2002::/16",
        "2001::/23",
        "3fff::/20",
    )
)
_NAT64: Final = ip_network("64:ff9b::/96")
_ISATAP: Final = frozenset({0x0000_5EFE, 0x0200_5EFE})
"""Before the IPv4 address in the lower half of an IPv6 one: its packets go on to that."""


def is_public(text: str) -> bool:
    """Whether an address, as `getaddrinfo` answers it, is one of the public internet. An IPv4 address inside an IPv6
    one is looked at for itself, and most of what carries one is closed altogether."""
    try:
        # A zone (`fe80::1%eth0`) is of this link only.
        address = ip_address(text) if "%" not in text else None
    except ValueError:
        return False
    return address is not None and _is_public(address)


def is_of_this_machine(text: str) -> bool:
    """Whether an address is one of this machine's own, public or not: packets to it never leave, and no firewall on
    the way looks at them. Nothing is sent."""
    family = socket.AF_INET6 if ":" in text else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            # The kernel only chooses the way, and with it the address to send from.
            probe.connect((text, 9))
            return bool(ip_address(probe.getsockname()[0]) == ip_address(text))
        except (OSError, ValueError):
            return False


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return _is_public(address.ipv4_mapped)
        if address in _NAT64:
            # Networks without IPv4 reach all of it by this prefix.
            return _is_public(IPv4Address(int(address) & 0xFFFFFFFF))
        if address not in _PUBLIC_IPV6 or (int(address) >> 32) & 0xFFFFFFFF in _ISATAP:
            return False
    if not address.is_global or address.is_multicast or address.is_reserved or address.is_unspecified:
        return False
    return not any(address in network for network in _CLOSED)
