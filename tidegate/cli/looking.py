"""What `tidegate serve` needs for `/console`: where it is to be there, and what it is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from math import inf
from typing import TYPE_CHECKING, Any

from tidegate.auth.claims import user_of
from tidegate.auth.refusal import Refused
from tidegate.cli.demonstration import LIFE
from tidegate.cli.signing import sign
from tidegate.core.catalog import Catalog, Jwt
from tidegate.core.json import Json
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


def demo_tokens(catalog: Catalog, users: Mapping[str, Mapping[str, Json]], jwt: Jwt) -> Sequence[Mapping[str, Any]]:
    """Any: JSON."""
    found = []
    for name, claims in users.items():
        try:
            role = user_of(claims, inf, catalog.auth, catalog.roles).role
        except Refused:
            continue
        found.append({"name": name, "role": role, "claims": claims, "token": sign(claims, jwt, LIFE)})
    return found
