"""How integrations are, without anything being asked of anybody else's server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.realtime.screens import Screen, nothing
from tests.resolvers.integrations.http.world import KEY, TOKEN, shop
from tests.web.streaming import until
from tidegate.app import Gateway
from tidegate.console.standing import Health, standing_of
from tidegate.core.integration import Experienced

OPERATIONS = """
customer:
  kind: query
  minRole: anonymous
  args: { id: ID! }
  returns: Customer
  run: { use: crm, get: { path: "/customers/{{ args.id }}", poll: 1h } }
order:
  kind: mutation
  minRole: anonymous
  returns: Boolean
  run: { use: hook, trigger: { text: "x" } }
write:
  kind: mutation
  minRole: anonymous
  returns: Boolean
  run: { use: mail, send: { to: a@b.example, subject: "x", message: "x" } }
"""
SETTINGS = """
  hook: { kind: webhook, url: "${CRM_URL}/api/hook?key=${CRM_KEY}" }
  mail: { kind: smtp, url: "smtp://desk:${CRM_KEY}@127.0.0.1:9", from: desk@b.example, tls: none }
"""


async def told(gateway: Gateway) -> dict[str, Any]:
    """Any: JSON."""
    health = await Health(gateway).tell()
    assert not [word for word in (TOKEN, KEY, "127.0.0.1", "/api") if word in str(health)]
    return {each["name"]: each for each in health["integrations"]}


async def test_they_remember_how_they_fared(tmp_path: Path) -> None:
    async with shop(tmp_path, OPERATIONS, SETTINGS) as desk:
        before = await told(desk.gateway)
        assert (before["db"]["ok"], before["db"]["experience"]) == (True, None)
        assert before["db"]["ms"] > 0
        for name in ("crm", "hook", "mail"):
            assert (before[name]["ok"], before[name]["experience"]["asked"]) == (True, 0), name
        # Looking has asked nobody.
        assert desk.crm.log == []

        desk.crm.on("/customers/1", {"id": "1", "name": "Ada"})
        await desk.ask("{ customer(id: 1) { name } }")
        crm = (await told(desk.gateway))["crm"]
        assert (crm["ok"], crm["experience"]["asked"], crm["experience"]["failed"]) == (True, 1, 0)
        assert crm["experience"]["answered"] > 0

        desk.crm.on("/customers/1", {"error": "who are you?"}, 401)
        await desk.ask("{ customer(id: 1) { name } }")
        crm = (await told(desk.gateway))["crm"]
        assert (crm["ok"], crm["experience"]["failed"], crm["experience"]["trouble"]) == (False, 1, "it answered 401")
        # What is not there is nobody's trouble.
        await desk.ask("{ customer(id: 2) { name } }")
        assert (await told(desk.gateway))["crm"]["ok"]

        desk.crm.on("POST /hook", status=410)
        await desk.ask("mutation { order }")
        await desk.ask("mutation { write }")
        letters, hook = desk.gateway.catalog.integrations["mail"], desk.gateway.catalog.integrations["hook"]
        assert isinstance(letters, Experienced)
        assert isinstance(hook, Experienced)
        await until(lambda: letters.experience.failed == 1 and hook.experience.lost == 1)
        after = await told(desk.gateway)
        assert (after["mail"]["ok"], after["mail"]["experience"]["waiting"]) == (False, 1)
        assert (after["hook"]["ok"], after["hook"]["experience"]["trouble"]) == (False, "the hook answered 410")
        assert after["crm"]["polled"] == {"queries": 0, "every": None}

        client = await desk.gateway.connect([], nothing)
        screen = Screen()
        client.subscribe("subscription { customer(id: 2) { name } }", None, {}, screen)
        await screen.next(1)
        assert (await told(desk.gateway))["crm"]["polled"] == {"queries": 1, "every": 3600.0}
        (query,) = standing_of(desk.gateway)["live"]["shown"]
        assert query["poll"] == 3600.0


async def test_who_is_left_alone_is_told_of(tmp_path: Path) -> None:
    operations = OPERATIONS.replace("crm", "other")
    settings = "  other: { kind: http, baseUrl: '${CRM_URL}/api', retries: 0, breaker: { failures: 1, pause: 1h } }\n"
    async with shop(tmp_path, operations, SETTINGS + settings) as desk:
        desk.crm.on("/customers/1", status=503)
        await desk.ask("{ customer(id: 1) { name } }")
        await desk.ask("{ customer(id: 1) { name } }")
        other = (await told(desk.gateway))["other"]
        assert (other["ok"], other["experience"]["asked"], other["experience"]["left_alone"]) == (False, 1, True)
        assert other["experience"]["trouble"] == "it answered 503"
