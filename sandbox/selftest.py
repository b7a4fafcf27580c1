"""Whether this machine can keep programs apart: each layer tried by itself, and then all of them together."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tidegate.core.program import SandboxUnavailable
from tidegate.sandbox.nursery import Nursery
from tidegate.sandbox.probes import HELD, PROBES
from tidegate.sandbox.zygote import LAYERS

PATIENCE: Final = 10.0
"""Seconds for all probes together. They take some milliseconds each."""

EXPLAINED: Final = {
    "user": "a user of their own (which takes a gateway that runs as root)",
    "privileges": "no_new_privs",
    "resources": "resource limits",
    "files": "Landlock (Linux 5.13 or newer)",
    "calls": "seccomp",
}
"""The layers, in words for operators."""


@dataclass(frozen=True, slots=True)
class Findings:
    """`layers` hold, in their order. `escapes`: what a process that has put them all on could do nevertheless."""

    layers: tuple[str, ...]
    escapes: tuple[str, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        return tuple(layer for layer in LAYERS if layer not in self.layers)

    @property
    def enough(self) -> bool:
        """Seccomp and no_new_privs, and files closed by one layer more."""
        holding = frozenset(self.layers)
        return not self.escapes and holding >= {"calls", "privileges"} and bool(holding & {"user", "files"})

    def __str__(self) -> str:
        lacking = [EXPLAINED[layer] for layer in self.missing]
        parts = [f"without {', '.join(lacking)}"] if lacking else []
        parts += [f"able to {escape}" for escape in self.escapes]
        return " and ".join(parts)


async def examine(nursery: Nursery) -> Findings:
    """Raises `SandboxUnavailable` when not even that can be found out."""
    try:
        async with asyncio.timeout(PATIENCE):
            alone = [layer for layer in LAYERS if await _holds(nursery, layer, (layer,))]
            layers: tuple[str, ...] = tuple(alone)
            if "calls" in layers and nursery.accompanied and not await _holds(nursery, "calls", layers, True):
                # A process that begins under it cannot be watched.
                layers = tuple(layer for layer in layers if layer != "calls")
            others = [name for name in PROBES if name not in LAYERS]
            escapes = [name for name in others if not await _holds(nursery, name, layers)]
            if nursery.accompanied:
                again = [name for name in others if name not in escapes]
                escapes += [name for name in again if not await _holds(nursery, name, layers, True)]
    except (TimeoutError, ConnectionError) as error:
        raise SandboxUnavailable("Programs cannot be run: the sandbox's self-test did not end.") from error
    return Findings(layers, tuple(escapes))


async def _holds(nursery: Nursery, probe: str, layers: Sequence[str], accompanied: bool = False) -> bool:
    child = await nursery.fork(layers, probe, accompanied)
    try:
        return await child.death in (HELD, -signal.SIGSYS)
    except asyncio.CancelledError:
        if nursery.closed:
            raise ConnectionError("the zygote is gone") from None
        raise
    finally:
        child.close()
