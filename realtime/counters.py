"""How much live queries have done, for metrics."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Counters:
    """Since the start. `asks` are requests, each for many questions; `refreshes` are questions answered, of which
    `equal` gave what was there and `errors` failed; `sent` are results given to watchers."""

    changes: int = 0
    woken: int = 0
    asks: int = 0
    refreshes: int = 0
    equal: int = 0
    errors: int = 0
    sent: int = 0
