"""Which addresses `$http` may go to: the public internet, and what the project names besides."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

_CLOSED: Final = tuple(
    ip_network(text)
    for text in (
        # What `is_global` lets pass, and no public server is at.
        "192.0.0.0/24",
        "192.88.99.0/24",
        "168.63.129.16/32",
        "100.100.100.200/32",
        "2002::/16",
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "2001::/23",
        "3fff::/20",
        "5f00::/16",
    )
)
_NAT64: Final = ip_network("64:ff9b::/96")
_DEEPEST: Final = 4


def is_public(text: str) -> bool:
    """Whether an address, as `getaddrinfo` answers it, is one of the public internet. An IPv4 address inside an IPv6
    one is looked at for itself, and most of what carries one is closed altogether."""
    try:
        # A zone (`fe80::1%eth0`) is of this link only.
        address = ip_address(text) if "%" not in text else None
    except ValueError:
        return False
    return address is not None and _is_public(address, _DEEPEST)


def _is_public(address: IPv4Address | IPv6Address, deepest: int) -> bool:
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return deepest > 0 and _is_public(address.ipv4_mapped, deepest - 1)
    if address in _NAT64 and isinstance(address, IPv6Address):
        # Networks without IPv4 reach all of it by this prefix.
        return deepest > 0 and _is_public(IPv4Address(int(address) & 0xFFFFFFFF), deepest - 1)
    if not address.is_global or address.is_multicast or address.is_reserved or address.is_unspecified:
        return False
    return not any(address in network for network in _CLOSED)
