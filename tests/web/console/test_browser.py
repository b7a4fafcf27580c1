"""The console in a real Chromium, in front of a real service desk."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests import browsing
from tests.browsing import browser, opened_page
from tests.realtime.screens import PEOPLE, change, connect, copy_desk, watch
from tests.web.console.conftest import Console, running, token
from tidegate.console.inside import Inside
from tidegate.core.emission import Audience, Emission
from tidegate.runs.store import run_store
from tidegate.settings import Environment, Settings
from tidegate.web.server import build_server, listen

__all__ = ["browser"]

pytestmark = pytest.mark.asyncio(loop_scope="session")
DRAWN = 300
"""As in rows.js."""


class Window(browsing.Window):
    """Somebody's window of the console."""

    def __init__(self, page: Page, served: Console) -> None:
        # Refused requests are told of by the browser itself.
        super().__init__(page, served.origin, forgiven=("status of 40",))

    async def open(self, place: str = "") -> Page:
        await self.page.goto(f"{self.origin}/console#/{place}")
        return self.page

    async def shoot(self, name: str) -> None:
        await super().shoot(f"console-{name}")


@pytest_asyncio.fixture(loop_scope="session")
async def desk(tmp_path: Path) -> AsyncIterator[Console]:
    demo = [
        {"name": name, "role": claims["role"], "claims": claims, "token": token(name)["authorization"][7:]}
        for name, claims in PEOPLE.items()
    ]
    async with running(copy_desk(tmp_path / "desk"), demo, environment=Environment.DEVELOPMENT) as served:
        yield served


@pytest_asyncio.fixture(loop_scope="session")
async def operator(tmp_path: Path) -> AsyncIterator[Console]:
    """In production, with TIDEGATE_CONSOLE=admins."""
    async with running(copy_desk(tmp_path / "desk")) as served:
        yield served


@pytest_asyncio.fixture(loop_scope="session")
async def windows(browser: Browser) -> AsyncIterator[Any]:
    """Opens one: `await windows(desk, width=390, dark=True)`."""
    async with AsyncExitStack() as stack:

        async def open_one(served: Console, **options: Any) -> Window:
            return Window(await stack.enter_async_context(opened_page(browser, **options)), served)

        yield open_one


async def test_look_one_up_and_run_it(desk: Console, windows: Any) -> None:
    window = await windows(desk)
    page = await window.open()
    await expect(page.get_by_role("heading", name="Operations").first).to_be_visible()
    await page.keyboard.press("/")
    await page.keyboard.type("triage")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="triageTicket")).to_be_visible()
    await expect(page.get_by_text("Is refreshed by").or_(page.get_by_text("May refresh"))).to_be_visible()
    await page.get_by_role("tab", name="Run").click()
    await page.get_by_role("button", name="Run", exact=True).click()
    await expect(page.get_by_text("A value is needed.")).to_be_visible()
    await page.get_by_label("id").fill("1")
    await expect(page.get_by_label("as", exact=True)).to_have_value("demo:sam")
    await page.keyboard.press("Control+Enter")
    result = page.get_by_role("region", name="Result")
    await expect(result.get_by_text("ok", exact=True)).to_be_visible()
    await expect(result.locator(".step")).to_have_count(7)
    await result.locator("summary").filter(has_text="verdict").click()
    await expect(result.locator("details[open]").get_by_text("Nothing in it sounds alarming.")).to_be_visible()
    await page.get_by_role("tab", name="Plan").click()
    await expect(page.get_by_text("call ticket")).to_be_visible()
    await page.get_by_role("tab", name="Diagram").click()
    picture = page.get_by_role("img", name="mutation triageTicket")
    await expect(picture).to_be_visible()
    assert await picture.evaluate("image => image.naturalWidth") > 100
    await page.get_by_role("link", name="Runs").click()
    await page.locator(".run-entry").first.click()
    await page.get_by_role("button", name="Replay").click()
    await expect(page.get_by_role("region", name="Result").locator(".step")).to_have_count(7)
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("heading", name="Runs").first).to_be_visible()
    assert window.complaints == []


async def test_json_is_checked_as_it_is_typed(desk: Console, windows: Any) -> None:
    page = await (await windows(desk)).open("operations/createTickets/run")
    field = page.get_by_label("rows")
    for text, wrong in (
        ("[{", "This is not JSON yet"),
        ('[{"title": 1, "description": "x"}]', "[0].title: a text."),
        ('[{"title": "x"}]', "[0].description: a value is needed."),
        ('[{"title": "x", "description": "x", "priority": "SOON"}]', "[0].priority: one of LOW"),
        ('[{"title": "x", "description": "x", "colour": "red"}]', "[0]: there is no field colour"),
    ):
        await field.fill(text)
        await field.blur()
        await expect(page.locator("#argument-rows-trouble")).to_contain_text(wrong)
    await field.fill('[{"title": "x", "description": "x"}]')
    await field.blur()
    await expect(page.locator("#argument-rows-trouble")).to_be_empty()


async def test_as_somebody_made_up(desk: Console, windows: Any) -> None:
    page = await (await windows(desk)).open("operations/myTickets/run")
    await page.get_by_label("as", exact=True).select_option("made")
    await page.get_by_label("claims").fill(json.dumps({"sub": "3", "email": "grace@globex.example"}))
    await page.get_by_label("role", exact=True).select_option("customer")
    await page.get_by_role("button", name="Run", exact=True).click()
    result = page.get_by_role("region", name="Result")
    await expect(result.get_by_text("grace@globex.example").first).to_be_visible()
    await expect(result.get_by_text("ada@acme.example")).to_have_count(0)


async def test_what_happens_comes_by_itself(desk: Console, windows: Any) -> None:
    window = await windows(desk)
    page = await window.open("live")
    await expect(page.get_by_text("following")).to_be_visible()
    ada = await connect(desk.gateway, "ada")
    screen, _ = watch(ada, "subscription { myTickets { id } }")
    await screen.next(1)
    await change(ada, 'mutation { createTicket(title: "A", description: "B") { id } }')
    rows = page.get_by_role("list", name="refreshes")
    await expect(rows.get_by_text("wakes 1")).to_be_visible()
    await expect(rows.locator("li").filter(has_text="myTickets").filter(has_text="createTicket")).to_have_count(1)
    await page.get_by_label("Filter refreshes").fill("first watched")
    await expect(rows.locator("li")).to_have_count(1)
    await rows.locator(".row").first.press("Enter")
    await expect(page.get_by_text("asked as")).to_be_visible()
    await page.get_by_role("tab", name="Live queries").click()
    await expect(page.get_by_role("cell", name="tickets by email")).to_be_visible()
    await page.get_by_role("tab", name="Connections").click()
    await expect(page.get_by_text("1 (customer)")).to_be_visible()
    await page.get_by_role("tab", name="Events").click()
    desk.gateway.rooms.emit([Emission("rang", {"pin": 4711}, Audience.ALL)])
    await page.get_by_text("rang", exact=True).click()
    await expect(page.get_by_text("4711")).to_be_visible()
    await ada.execute("{ ticketsByStatus { tickets } }", None, None)
    await expect(page.get_by_role("navigation", name="Console").get_by_text("1", exact=True)).to_be_visible()
    await page.get_by_role("link", name="Errors").click()
    await expect(page.get_by_text("FORBIDDEN")).to_be_visible()
    await page.get_by_role("link", name="System").click()
    await expect(page.get_by_text("answers", exact=True)).to_be_visible()
    assert window.complaints == []


async def test_a_flood_is_drawn_in_part_and_can_be_held(desk: Console, windows: Any) -> None:
    window = await windows(desk)
    page = await window.open("live/events")
    await expect(page.get_by_text("following")).to_be_visible()
    rows = page.get_by_role("list", name="events").locator("li")
    for number in range(30):
        desk.gateway.rooms.emit([Emission(f"e{number * 100 + each}", each, Audience.ALL) for each in range(100)])
        await asyncio.sleep(0.1)
    await expect(rows.first).to_contain_text("e2999")
    assert await rows.count() <= DRAWN
    await page.get_by_role("button", name="Pause").click()
    desk.gateway.rooms.emit([Emission("later", None, Audience.ALL)])
    await expect(page.get_by_text("1 more")).to_be_visible()
    await expect(rows.first).to_contain_text("e2999")
    await page.get_by_role("button", name="Go on").click()
    await expect(rows.first).to_contain_text("later")
    await page.get_by_role("button", name="Clear").click()
    await expect(rows).to_have_count(0)
    desk.gateway.rooms.emit([Emission("again", None, Audience.ALL)])
    await expect(rows).to_have_count(1)
    assert window.complaints == []


async def test_a_token_is_asked_for_and_stays_in_the_tab(operator: Console, windows: Any) -> None:
    window = await windows(operator)
    page = await window.open()
    await expect(page.get_by_text("The console needs a token.")).to_be_visible()
    assert await window.axe() == []
    await page.get_by_label("Token").fill(token("sam")["authorization"])
    await page.get_by_role("button", name="Use it").click()
    await expect(page.get_by_text("Only the highest role may use the console.")).to_be_visible()
    await page.get_by_label("Token").fill(token("kim")["authorization"][7:])
    await page.get_by_role("button", name="Use it").click()
    await expect(page.get_by_role("heading", name="Operations").first).to_be_visible()
    await expect(page.get_by_text("kim@desk.example")).to_be_visible()
    assert await page.evaluate("[localStorage.length, document.cookie, sessionStorage.length]") == [0, "", 1]
    await page.reload()
    await expect(page.get_by_text("kim@desk.example")).to_be_visible()
    await page.goto(f"{operator.origin}/console#/operations/me/run")
    await expect(page.get_by_text("It is called as you: kim@desk.example (admin).")).to_be_visible()
    await expect(page.get_by_role("link", name="GraphiQL")).to_have_count(0)
    await page.get_by_role("button", name="Who you are").click()
    await page.get_by_role("button", name="Forget it").click()
    await expect(page.get_by_text("The console needs a token.")).to_be_visible()
    assert window.complaints == []


async def test_graphiql_has_the_token(desk: Console, windows: Any) -> None:
    page = await (await windows(desk)).open()
    await page.get_by_role("button", name="Who you are").click()
    await page.get_by_role("button", name="sam support").click()
    await expect(page.get_by_text("sam@desk.example")).to_be_visible()
    await page.get_by_role("link", name="GraphiQL").click()
    await expect(page.locator("#who")).to_have_text("sam@desk.example")


EVIL = "<img src=x onerror='window.pwned=1'><script>window.pwned=1</script><svg onload=window.pwned=1>"
HOSTILE = f"""
odd:
  kind: mutation
  description: "{EVIL} [x](javascript:window.pwned=1)"
  minRole: anonymous
  args: {{ text: String }}
  returns: JSON
  steps:
    - {{ as: noise, js: functions/noise.js, with: {{ text: $args.text }} }}
    - refuse: "{EVIL}"
"""


async def test_whatever_it_shows_nothing_of_it_runs(desk: Console, windows: Any) -> None:
    (desk.folder / "operations" / "odd.yaml").write_text(HOSTILE)
    (desk.folder / "functions" / "noise.js").write_text(
        "function run(input) { console.warn(input.text); return input }"
    )
    await desk.gateway.reload()
    ada = await connect(desk.gateway, "ada")
    made = "mutation ($words: String!) { createTicket(title: $words, description: $words) { id } }"
    await change(ada, made, words=EVIL)
    await ada.execute("mutation ($text: String) { odd(text: $text) }", None, {"text": EVIL})
    strange = await connect(desk.gateway, "ada", sub=EVIL, email=EVIL)
    screen, _ = watch(strange, "subscription { myTickets { id } }")
    await screen.next(1)
    desk.gateway.rooms.emit([Emission(EVIL, {EVIL: EVIL}, Audience.USERS, (EVIL,))])
    logging.getLogger("tidegate.web").error(EVIL)
    window = await windows(desk)
    page = await window.open("operations/odd/run")
    await page.locator("#argument-text").fill(EVIL)
    await page.get_by_role("button", name="Run", exact=True).click()
    await expect(page.get_by_role("region", name="Result").get_by_text("REFUSED").first).to_be_visible()
    await expect(page.locator(".step .line")).to_contain_text("<img")
    await window.open("operations/myTickets/run")
    await page.get_by_label("as", exact=True).select_option("demo:ada")
    await page.get_by_role("button", name="Run", exact=True).click()
    await expect(page.get_by_role("region", name="Result")).to_contain_text("<img")
    for place, seen in (
        ("operations/odd", "<img"),
        ("operations/odd/plan", "noise.js"),
        ("operations/odd/diagram", "Copy as SVG"),
        ("operations/%E0%A4%A/%zz", "Operations"),
        ("operations/" + EVIL.replace("/", "%2F"), "There is no <img"),
        ("live/connections", "<img"),
        ("live/events", "<img"),
        ("errors", "<img"),
        ("runs", "odd"),
    ):
        await window.open(place)
        await expect(page.locator("#main")).to_contain_text(seen)
    await window.open("live/events")
    await page.locator("#main .row").first.click()
    await expect(page.locator(".unfolded")).to_contain_text("<img")
    assert await page.evaluate("window.pwned") is None
    assert await page.locator("#main img, #main script").count() == 0
    # Its policy would have told of whatever it stopped.
    assert window.complaints == []
    # In GraphiQL, whose description of it is Markdown.
    await page.goto(f"{desk.origin}/graphql?query=mutation%20%7B%20odd%20%7D")
    await page.get_by_role("button", name="Documentation Explorer").click()
    await page.get_by_role("link", name="Mutation", exact=True).click()
    await page.get_by_role("link", name="odd", exact=True).click()
    await expect(page.get_by_text("onerror").first).to_be_visible()
    assert await page.evaluate("window.pwned") is None
    assert await page.locator("a[href^=javascript]").count() == 0


async def test_the_project_and_the_gateway_change_under_an_open_page(desk: Console, windows: Any) -> None:
    window = await windows(desk)
    page = await window.open("operations/me/run")
    await expect(page.get_by_text("following")).to_be_visible()
    file = desk.folder / "operations" / "users.yaml"
    before = file.read_text()
    file.write_text(
        before + "\nlately: { kind: query, minRole: customer, returns: Int, run: { use: tickets, count: {} } }\n"
    )
    other = await windows(desk)
    listing = await other.open()
    await expect(listing.get_by_role("heading", name="Operations").first).to_be_visible()
    await listing.get_by_label("Search operations").fill("late")
    await desk.gateway.reload()
    # The list shows it, and who types goes on typing.
    await expect(listing.get_by_role("link", name="lately")).to_be_visible()
    await listing.keyboard.type("ly")
    await expect(listing.get_by_label("Search operations")).to_have_value("lately")
    # What somebody fills in stays, and is told of.
    await window.open("operations/lately/run")
    await expect(page.get_by_role("heading", name="lately")).to_be_visible()
    file.write_text(before)
    await desk.gateway.reload()
    await expect(page.get_by_text("It is not in the project any more.")).to_be_visible()
    await page.get_by_role("button", name="Show it as it is now").click()
    await expect(page.get_by_text("There is no lately.")).to_be_visible()
    assert window.complaints == other.complaints == []


async def test_the_gateway_restarts_under_an_open_page(desk: Console, windows: Any) -> None:
    page = await (await windows(desk)).open("live/events")
    await expect(page.get_by_text("following")).to_be_visible()
    desk.server.stop()
    await expect(page.get_by_text("The gateway cannot be reached.")).to_be_visible()
    settings = Settings(port=desk.port, environment=Environment.DEVELOPMENT)
    inside = Inside(desk.gateway, desk.insight, run_store("runs.db", desk.folder))
    with listen(settings.host, settings.port) as listener:
        server = build_server(desk.gateway, settings, lambda: None, inside=inside)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        await expect(page.get_by_text("following")).to_be_visible()
        desk.gateway.rooms.emit([Emission("back", None, Audience.ALL)])
        await expect(page.get_by_role("list", name="events").get_by_text("back")).to_be_visible()
        server.stop()
        await serving


async def test_graphiql_subscribes_with_the_token_and_asks_nobody_else(desk: Console, windows: Any) -> None:
    window = await windows(desk)
    page = await window.open()
    await page.get_by_role("button", name="Who you are").click()
    await page.get_by_role("button", name="ada customer").click()
    await expect(page.get_by_text("ada@acme.example")).to_be_visible()
    await page.goto(f"{desk.origin}/graphql?query=subscription%20%7B%20myTickets%20%7B%20title%20%7D%20%7D")
    await expect(page.locator("#who")).to_have_text("ada@acme.example")
    await page.get_by_role("button", name="Execute query").click()
    answer = page.get_by_label("Result Window")
    await expect(answer).to_contain_text("myTickets")
    ada = await connect(desk.gateway, "ada")
    await change(ada, 'mutation { createTicket(title: "It comes by itself", description: "B") { id } }')
    await expect(answer).to_contain_text("It comes by itself")
    await page.get_by_role("link", name="Console").click()
    await expect(page.get_by_text("ada@acme.example")).to_be_visible()
    assert window.complaints == []


PLACES = ("operations", "operations/createTicket", "operations/triageTicket/run", "operations/updateTicket/plan",
          "operations/triageTicket/diagram", "live", "live/queries", "runs", "errors", "system")  # fmt: skip


@pytest.mark.parametrize(("width", "height", "dark"), [(1280, 800, False), (1280, 800, True), (390, 844, False)])
async def test_everybody_can_use_it(desk: Console, windows: Any, width: int, height: int, dark: bool) -> None:
    ada = await connect(desk.gateway, "ada")
    screen, _ = watch(ada, "subscription { myTickets { id } }")
    await screen.next(1)
    await change(ada, 'mutation { createTicket(title: "A", description: "B") { id } }')
    await ada.execute("{ ticketsByStatus { tickets } }", None, None)
    window = await windows(desk, width=width, height=height, dark=dark)
    for place in PLACES:
        page = await window.open(place)
        await expect(page.locator("h1")).to_be_attached()
        await expect(page.locator(".spinner")).to_have_count(0)
        name = place.replace("/", "-")
        await window.shoot(f"{name}-{'phone' if width < 500 else 'desktop'}-{'dark' if dark else 'light'}")
        assert await page.evaluate("document.documentElement.scrollWidth") <= width, place
        assert await window.axe() == [], place
    assert window.complaints == []
