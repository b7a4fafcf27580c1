"""Exit codes, the same for every command."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """click itself exits with 2 where the command line is wrong."""

    OK = 0
    PROJECT = 1
    USAGE = 2
    OUTSIDE = 3
