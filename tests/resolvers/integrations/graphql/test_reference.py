"""The pages of graphql, webhook and zapier say what is so."""

from __future__ import annotations

import re
from pathlib import Path

from tidegate.core.triggers import Signature
from tidegate.resolvers.integrations.graphql.following import FIRST, LONGEST
from tidegate.resolvers.integrations.graphql.request import KEYS
from tidegate.resolvers.integrations.outgoing import LAST_CHANCE, MOST_BYTES, MOST_WAITING, PAUSES
from tidegate.resolvers.integrations.webhook.deliveries import AT_ONCE
from tidegate.resolvers.integrations.webhook.trigger import KEYS as TRIGGER_KEYS
from tidegate.resolvers.integrations.webhook.trigger import LARGEST

PAGES = Path(__file__).parents[4] / "docs" / "reference"


def keys(page: str, heading: str) -> list[str]:
    section = (PAGES / page).read_text().split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)


def test_graphql() -> None:
    assert sorted(keys("integrations-graphql.md", "query and mutation")) == sorted(KEYS)
    assert (FIRST, LONGEST) == (0.5, 30)


def test_hooks() -> None:
    page = (PAGES / "integrations-webhook.md").read_text()
    assert keys("integrations-webhook.md", "trigger") == list(TRIGGER_KEYS)
    assert set(Signature) <= set(keys("integrations-webhook.md", "Once"))
    pauses = [f"{pause:g}" for pause in PAUSES]
    assert f"after {', '.join(pauses[:-1])} and {pauses[-1]} seconds" in page
    assert (MOST_WAITING, MOST_BYTES, LARGEST, AT_ONCE) == (1000, 64 << 20, 1 << 20, 4)
    assert LAST_CHANCE == 5
