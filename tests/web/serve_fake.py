"""A process that serves the fake gateway at a free port, prints where, and prints again once it is closed."""

from __future__ import annotations

import asyncio
import os

from tests.web.conftest import make_gateway
from tidegate.settings import Settings
from tidegate.web.server import run

if __name__ == "__main__":
    gateway = make_gateway()

    async def beside() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            print("no longer watching", flush=True)

    run(gateway, Settings.read(os.environ), started=lambda address: print(address[1], flush=True), beside=beside)
    print(f"opened {gateway.opened}, closed {gateway.closed}", flush=True)
