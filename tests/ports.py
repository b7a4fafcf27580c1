"""Ports to which a server can come back."""

from __future__ import annotations

import socket
from pathlib import Path
from secrets import randbelow

_GIVEN = Path("/proc/sys/net/ipv4/ip_local_port_range")


def lasting_port() -> int:
    """A free one that stays free while nobody listens: below those that the system gives to whoever asks for any."""
    first = int(_GIVEN.read_text().split()[0])
    while True:
        port = first - 1 - randbelow(first // 2)
        with socket.socket() as listener:
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
