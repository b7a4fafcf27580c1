"""Who asks from this machine. In development they need no token."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Final

from starlette.types import Scope

_THIS_MACHINE: Final = re.compile(r"(localhost|127(\.[0-9]{1,3}){3}|\[::1\])(:[0-9]{1,5})?", re.IGNORECASE)
"""What programs call it. A page's own name may lead here too."""

_FORWARDED: Final = frozenset(
    {
        *(b"forwarded", b"via", b"x-real-ip", b"x-client-ip", b"x-cluster-client-ip", b"x-original-host"),
        *(b"true-client-ip", b"cf-connecting-ip", b"fastly-client-ip", b"x-envoy-external-address"),
    }
)
"""Somebody else is behind the connection: also whatever begins with x-forwarded."""

_PAGE: Final = (b"origin", b"referer", b"sec-fetch-site")
"""A browser asks, on behalf of a page."""


def is_program_near(scope: Scope, fields: Mapping[bytes, bytes]) -> bool:
    """Whether a program of this machine asks. A page may come from anywhere and still reach this machine, also by a
    name of its own that leads here; a proxy on this machine speaks for anybody."""
    return not any(name in fields for name in _PAGE) and _is_near(scope, fields)


def is_page_near(scope: Scope, fields: Mapping[bytes, bytes]) -> bool:
    """Whether a page of this very server asks, in a browser on this machine; or a program of this machine."""
    # No browser closes what it asks for, and the proxies that say nothing of whom they speak for do.
    closing = b"close" in fields.get(b"connection", b"").lower()
    return is_same_origin(fields) and _is_near(scope, fields) and not closing


def is_same_origin(fields: Mapping[bytes, bytes]) -> bool:
    """Whether nothing says that a page of another origin asks."""
    host, origin = fields.get(b"host", b"").lower(), fields.get(b"origin")
    if origin is not None and origin.lower() not in (b"http://" + host, b"https://" + host):
        return False
    return fields.get(b"sec-fetch-site", b"same-origin") == b"same-origin"


def is_renamed(scope: Scope, fields: Mapping[bytes, bytes]) -> bool:
    """Whether a page asks in a browser on this machine whose name is none of this machine's, but leads here: the
    browser takes it for one of ours (DNS rebinding). One over https has a proxy, and a certificate for its name. Other
    headers prove nothing: such a page can send them."""
    client, origin = scope.get("client"), fields.get(b"origin", b"").decode("latin-1").lower()
    if client is None or not _is_loopback(client[0]) or not origin.startswith("http://"):
        return False
    return _THIS_MACHINE.fullmatch(origin.removeprefix("http://")) is None


def _is_near(scope: Scope, fields: Mapping[bytes, bytes]) -> bool:
    client = scope.get("client")
    if client is None or any(name in _FORWARDED or name.startswith(b"x-forwarded") for name in fields):
        return False
    if scope.get("http_version") == "1.0":
        # nginx as it comes, which calls itself this machine and tells of nobody else.
        return False
    host = fields.get(b"host", b"").decode("latin-1")
    return _is_loopback(client[0]) and _THIS_MACHINE.fullmatch(host) is not None


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False
