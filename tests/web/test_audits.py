"""graphql-http's audits of a server: the specification's own words, checked by other people's code."""

from __future__ import annotations

import asyncio
import json
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any

SCRIPT = Path(__file__).parents[1] / "node" / "audits.mjs"


async def test_every_audit_passes(site: Any) -> None:
    process = await asyncio.create_subprocess_exec(
        "node", str(SCRIPT), f"http://{site.host}:{site.port}/graphql", stdout=PIPE, stderr=PIPE
    )
    output, complaints = await process.communicate()
    assert process.returncode == 0, complaints.decode()
    results = [json.loads(line) for line in output.splitlines()]
    assert len(results) >= 60
    for result in results:
        assert result["status"] == "ok", result
