"""What a server needs for `/console`: where it is to be there, and what it is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from tidegate.core.runs import Recorder
from tidegate.settings import Console, Environment, Settings

if TYPE_CHECKING:
    from tidegate.app import Gateway
    from tidegate.runs.store import RunStore
    from tidegate.web.console_inside import Inside

Demo = Callable[[], Sequence[Mapping[str, Any]]]


class Looking:
    """Nobody looks where the settings do not say so: then nothing is kept for anybody."""

    def __init__(self, settings: Settings) -> None:
        from tidegate.insight import Insight
        from tidegate.web.console_calls import Watchers

        development = settings.environment is Environment.DEVELOPMENT
        wanted = development or settings.console is Console.ADMINS
        self.insight = Insight(inner=development) if wanted else None
        self.recorders: Sequence[Recorder] = () if self.insight is None else (self.insight, Watchers())

    def inside(self, gateway: Gateway, store: RunStore, demo: Demo | None) -> Inside | None:
        from tidegate.console.inside import Inside

        return None if self.insight is None else Inside(gateway, self.insight, store, demo)

    def listening(self) -> AbstractContextManager[object]:
        """The log is heard within."""
        from tidegate.insight import Listener

        return nullcontext() if self.insight is None else Listener(self.insight)
