"""The same command with a terminal to write to, and without."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest


def check(folder: Path, **environment: str) -> str:
    """What `tidegate check` says on a terminal."""
    ours, theirs = pty.openpty()
    bare = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR")}
    process = subprocess.Popen(
        [sys.executable, "-m", "tidegate", "check", str(folder)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=theirs,
        env={**bare, "TERM": "xterm-256color", "COLUMNS": "40", **environment},
    )
    os.close(theirs)
    said = b""
    try:
        while block := os.read(ours, 4096):
            said += block
    except OSError:  # Linux's way to say that the other end is closed.
        pass
    finally:
        os.close(ours)
    assert process.wait() == 1
    return said.decode().replace("\r\n", "\n")


@pytest.fixture
def broken(desk: Path) -> Path:
    file = desk / "operations/users.yaml"
    file.write_text(file.read_text().replace("minRole: customer", "minRole: costumer", 1))
    return desk


def test_a_terminal_shows_the_place_in_colour(broken: Path) -> None:
    said = check(broken)
    assert "\x1b[" in said
    plain = "".join(part.partition("m")[2] if index else part for index, part in enumerate(said.split("\x1b[")))
    headline, source, caret, *_ = plain.splitlines()
    assert headline.startswith("operations/users.yaml:5:12: ")
    assert source == "  5 |   minRole: costumer"
    assert caret == "    |            ^"
    assert source[caret.index("^") :] == "costumer"


def test_no_color_is_heard(broken: Path) -> None:
    said = check(broken, NO_COLOR="1")
    assert "\x1b[" not in said
    assert said.splitlines()[0].endswith('Did you mean "customer"?')
    assert said.splitlines()[1] == "1 problem."
