"""The end of a function, on its way out of the blocks it stands in."""

from __future__ import annotations

from dataclasses import dataclass

from tidegate.core.json import Json


@dataclass(frozen=True, slots=True)
class Returned:
    """Instead of what a step gives: the function is over, with this value."""

    value: Json
