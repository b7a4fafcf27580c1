"""A sandbox for commands that open a project and run nothing of it."""

from __future__ import annotations

from collections.abc import Sequence

from tidegate.core.limits import Limits
from tidegate.core.problems import Problem
from tidegate.core.program import NoSandbox, Program


class IdleSandbox(NoSandbox):
    """Takes any programs, and starts no process for them."""

    async def load(self, programs: Sequence[Program], limits: Limits) -> Sequence[Problem]:
        del programs, limits
        return ()
