"""Passwords of a demonstration's users, as `demo-passwords.yaml` keeps them: scrypt, each with a salt of its own.

`python -m tidegate.cli.passwords` asks for one and prints what to put there."""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import b64decode, b64encode
from binascii import Error
from collections.abc import Mapping
from dataclasses import dataclass
from getpass import getpass
from pathlib import Path
from secrets import token_bytes
from typing import Final

import click

from tidegate.core.location import Location
from tidegate.core.problems import Problems
from tidegate.schema.folder import ProjectFolder
from tidegate.schema.reading import read_yaml
from tidegate.schema.tree import MapNode, as_json

PASSWORD_FILE: Final = "demo-passwords.yaml"  # noqa: S105 - a file's name
LONGEST: Final = 200
COST: Final = 1 << 14
"""16 MiB and about 40 ms for each try."""

_KEPT: Final = re.compile(r"scrypt\$([0-9]{1,8})\$([0-9]{1,2})\$([0-9]{1,2})\$([A-Za-z0-9+/=]+)\$([A-Za-z0-9+/=]+)")
_MEMORY: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Hashed:
    """`cost`, `block` and `lanes` are scrypt's n, r and p."""

    cost: int
    block: int
    lanes: int
    salt: bytes
    digest: bytes

    def fits(self, password: str) -> bool:
        """Takes a while; give it a thread."""
        given = _digest(password, self.salt, self.cost, self.block, self.lanes, len(self.digest))
        return hmac.compare_digest(given, self.digest)

    def __str__(self) -> str:
        salt, digest = (b64encode(part).decode() for part in (self.salt, self.digest))
        return f"scrypt${self.cost}${self.block}${self.lanes}${salt}${digest}"


def hash_password(password: str) -> Hashed:
    salt = token_bytes(16)
    return Hashed(COST, 8, 1, salt, _digest(password, salt, COST, 8, 1, 32))


def read_hash(text: str) -> Hashed | None:
    """None for what is no hash, or one that costs too much to try."""
    match = _KEPT.fullmatch(text)
    if match is None:
        return None
    cost, block, lanes = (int(match[number]) for number in (1, 2, 3))
    if cost < 2 or cost & (cost - 1) or not block or not lanes or 128 * cost * block * lanes > _MEMORY // 2:
        return None
    try:
        return Hashed(cost, block, lanes, b64decode(match[4], validate=True), b64decode(match[5], validate=True))
    except Error:
        return None


def demo_passwords(folder: Path) -> Mapping[str, Hashed]:
    """The password of each demo user who has one; nobody's where there is no such file. Raises `ProjectError`."""
    problems = Problems()
    files = ProjectFolder(folder, problems)
    text = files.text(PASSWORD_FILE) if files.exists(PASSWORD_FILE) else None
    root = read_yaml(text, PASSWORD_FILE, problems) if text is not None else None
    found: dict[str, Hashed] = {}
    hint = "python -m tidegate.cli.passwords makes one."
    if isinstance(root, MapNode):
        for name, entry in root.entries.items():
            kept = as_json(entry)
            hashed = read_hash(kept) if isinstance(kept, str) else None
            if hashed is None:
                problems.add(entry.at, f"The password of {name} is not kept as a hash by scrypt.", hint)
            else:
                found[name] = hashed
    elif root is not None:
        problems.add(Location(PASSWORD_FILE), "This file maps names to hashed passwords.", hint)
    problems.raise_any()
    return found


def _digest(password: str, salt: bytes, cost: int, block: int, lanes: int, length: int) -> bytes:
    text = password.encode("utf-8", "surrogatepass")
    return hashlib.scrypt(text, salt=salt, n=cost, r=block, p=lanes, maxmem=_MEMORY, dklen=length)


if __name__ == "__main__":
    click.echo(str(hash_password(getpass("Password: "))))
