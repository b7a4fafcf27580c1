"""A write with actions around it, taken apart: what happens to each row, in this order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tidegate.core.action import Action, When
from tidegate.core.call import Runnable
from tidegate.core.integration import Compiled
from tidegate.core.operation import Operation
from tidegate.description.actions import actions_of

PARTS: Final = {
    "find": "the rows, as they are before",
    "claim": "the rows, in the transaction",
    "write": "the write of a row",
    "stored": "the row, once more",
    "answer": "the row, for the client",
}
"""What is asked, in words."""

_MOMENTS: Final = ("find", When.BEFORE, When.DEMAND, "claim", "write", When.DURING, "stored", "answer", When.AFTER)


def moments_of(operation: Operation, runnable: Runnable) -> Iterator[tuple[str, Compiled] | Action]:
    """What is asked, with what that is in words, and the actions that are run in between."""
    actions = list(actions_of(operation))
    for moment in _MOMENTS:
        if moment in runnable.parts:
            yield PARTS[moment], runnable.parts[moment]
        yield from (action for action in actions if action.when == moment)
