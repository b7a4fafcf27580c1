"""How somebody who stays connected has come, for people who look at connections."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Final

arrival: Final[ContextVar[str]] = ContextVar("arrival", default="")
"""A word for the transport. Set by whoever lets them in, for the task that does so."""
