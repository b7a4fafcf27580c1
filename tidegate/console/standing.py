"""Who is connected, what is live, and how the integrations and the sandbox are: as of now, in bounded lists."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import asdict
from itertools import islice
from time import perf_counter, time
from typing import Any, Final

from tidegate.app import Gateway
from tidegate.core.errors import OperationError
from tidegate.core.integration import Experience, Experienced, Integration, IntegrationUnavailable
from tidegate.kinds import installed_kinds
from tidegate.realtime.journal import Shape, Standing
from tidegate.sandbox.sandbox import LocalSandbox

SHOWN: Final = 200
"""Connections, and live queries: the first so many. All are counted."""
COUNTED: Final = 10_000
"""Live queries that are looked through for those that poll."""
PATIENCE: Final = 5.0
"""Seconds for each integration to say that it is there."""
NOT_POLLED: Final[Mapping[str, Any]] = {"queries": 0, "every": None}
FRESH: Final = 5.0
"""Seconds for which what they said is told again: however many look, they are asked once."""


def standing_of(gateway: Gateway) -> Mapping[str, Any]:
    """Any: JSON."""
    catalog, live = gateway.catalog, gateway.edition.live
    return {
        "at": time(),
        "counters": asdict(live.journal.counters),
        "connections": {
            "count": len(gateway.clients),
            "shown": [
                {
                    "user": client.user.id,
                    "role": client.user.role,
                    "verified": client.user.verified,
                    "transport": client.arrival,
                    "since": client.since,
                    "expires": client.user.expires,
                    "subscriptions": client.subscriptions,
                }
                for client in islice(gateway.clients, SHOWN)
            ],
        },
        "live": {
            "count": live.queries,
            "watchers": live.watchers,
            "shown": [_query(each, catalog.roles) for each in live.standing(SHOWN)],
        },
    }


class Health:
    """How what the gateway stands on is. Asks at most once in `FRESH` seconds."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._told: Mapping[str, Any] = {}
        self._until = 0.0
        self._asking = asyncio.Lock()

    async def tell(self) -> Mapping[str, Any]:
        """Any: JSON. No settings of theirs: an address may hold a password."""
        async with self._asking:
            if time() >= self._until:
                catalog = self._gateway.catalog
                kinds = {id(kind): name for name, kind in installed_kinds().items()}
                polled = _polled(self._gateway)
                told = await asyncio.gather(*map(_how_it_is, catalog.integrations.values()))
                self._told = {
                    "integrations": [
                        {
                            "name": name,
                            "kind": kinds.get(id(catalog.kinds.get(name)), ""),
                            "polled": polled.get(each.source, NOT_POLLED),
                            **how,
                        }
                        for (name, each), how in zip(catalog.integrations.items(), told, strict=True)
                    ],
                    "sandbox": self._sandbox(),
                }
                self._until = time() + FRESH
            return self._told

    def _sandbox(self) -> Mapping[str, Any]:
        sandbox, programs = self._gateway.sandbox, self._gateway.catalog.programs
        told: dict[str, Any] = {"programs": [program.file for program in programs], "state": "idle"}
        findings = sandbox.findings if isinstance(sandbox, LocalSandbox) else None
        if findings is not None:
            told["state"] = "strict" if findings.enough else "weak"
            told["missing"] = list(findings.missing)
            told["escapes"] = list(findings.escapes)
            told["layers"] = list(findings.layers)
        return told


def _polled(gateway: Gateway) -> Mapping[str, Mapping[str, Any]]:
    """By the sources that they read: how many live queries ask again though nobody told of a change, and after how many
    seconds the most impatient of them."""
    found: dict[str, list[float]] = {}
    for each in gateway.edition.live.standing(COUNTED):
        if each.poll is not None:
            for source in {shape.source for shape in each.reads}:
                found.setdefault(source, []).append(each.poll)
    return {source: {"queries": len(every), "every": min(every)} for source, every in found.items()}


async def _how_it_is(integration: Integration) -> Mapping[str, Any]:
    """Who remembers how it fared is not asked anything: it would be somebody else's server that is asked."""
    try:
        experience = integration.experience if isinstance(integration, Experienced) else None
    except Exception as error:  # noqa: BLE001 - anybody's integration
        return {"ok": False, "trouble": f"It failed: {type(error).__name__}.", "ms": None, "experience": None}
    if experience is None:
        return {**await _probe(integration), "experience": None}
    return {"ok": _is_well(experience), "trouble": "", "ms": None, "experience": asdict(experience)}


def _is_well(experience: Experience) -> bool:
    """By the last that was heard."""
    if experience.left_alone or experience.heard is False:
        return False
    return experience.troubled is None or (experience.answered or 0.0) > experience.troubled


async def _probe(integration: Integration) -> Mapping[str, Any]:
    """Whether a session of it can be had, and how long that takes. What is said is the operator's to see, and holds no
    password."""
    began = perf_counter()
    trouble = ""
    try:
        async with asyncio.timeout(PATIENCE), integration.session(writes=False):
            pass
    except TimeoutError:
        trouble = f"It did not answer within {PATIENCE:.0f} seconds."
    except (OperationError, IntegrationUnavailable) as error:
        trouble = str(error)
    except Exception as error:  # noqa: BLE001 - anybody's integration
        trouble = f"It failed: {type(error).__name__}."
    return {"ok": not trouble, "trouble": trouble, "ms": round((perf_counter() - began) * 1000, 2)}


def _query(standing: Standing, roles: tuple[str, ...]) -> Mapping[str, Any]:
    return {
        "operation": standing.operation,
        "query": standing.query,
        "role": roles[standing.rank],
        "state": standing.state,
        "watchers": standing.watchers,
        "asks": standing.asks,
        "failures": standing.failures,
        "ms": round(standing.seconds * 1000, 3),
        "bytes": standing.bytes,
        "poll": standing.poll,
        "reads": [_shape(each) for each in standing.reads],
    }


def _shape(shape: Shape) -> Mapping[str, Any]:
    return {"table": shape.table, "keys": list(shape.keys)}
