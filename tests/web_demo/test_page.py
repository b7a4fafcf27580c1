"""The page itself: what it weighs, how it is used without a mouse, and how it looks."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from typing import Any

import pytest
from playwright.async_api import expect

from tests.web_demo.conftest import Demo, Opened

pytestmark = pytest.mark.asyncio(loop_scope="session")

SHIFTS = """
window.shifted = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifted += entry.value;
}).observe({ type: "layout-shift", buffered: true });
"""


async def test_the_first_load(screen: Opened) -> None:
    window = await screen()
    page = window.page
    sockets: list[str] = []
    page.on("websocket", lambda socket: sockets.append(socket.url))
    posted: list[str] = []
    page.on("request", lambda request: posted.append(request.url) if request.method == "POST" else None)
    await page.add_init_script(SHIFTS)
    await window.enter("Ada")
    await expect(page.locator(".line-title")).to_have_count(3)
    scripts = await page.evaluate(
        "performance.getEntriesByType('resource').filter(e => e.initiatorType === 'script' || e.name.endsWith('.js'))"
        ".map(e => [e.name, e.encodedBodySize])"
    )
    assert 0 < sum(size for _, size in scripts) < 200 * 1024, scripts
    # Live results by websocket, mutations by HTTP, events by Socket.IO: one address.
    await window.file("Another", "Something else.")
    await expect(page.get_by_role("heading", name="Another")).to_be_visible()
    assert any(url.endswith("/graphql") for url in sockets)
    assert any("/socket.io/" in url for url in sockets)
    assert any(url.endswith("/graphql") for url in posted)
    # From the skeleton to the list nothing jumps.
    assert await page.evaluate("window.shifted") < 0.01
    assert window.complaints == []
    # Each tab stays who it is when it is loaded again.
    await page.reload()
    await expect(page.locator(".line-title")).to_have_count(4)


async def test_everything_by_keyboard(screen: Opened) -> None:
    window = await screen()
    page = window.page
    await window.open()
    await page.get_by_text("Sign in with name and password").focus()
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    await page.keyboard.type("ada")
    await page.keyboard.press("Tab")
    await page.keyboard.type("wrong")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text("nobody with this name and password")
    window.complaints.clear()
    await page.get_by_label("Password").fill("")
    await page.keyboard.type("breakwater")
    await page.keyboard.press("Enter")
    filing = page.get_by_role("button", name="New ticket")
    await filing.focus()
    await page.keyboard.press("Enter")
    # The focus goes into the dialog, and back to where it came from.
    await expect(page.get_by_label("In one line")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(filing).to_be_focused()
    await page.keyboard.press("Enter")
    await page.keyboard.type("By hand")
    await page.keyboard.press("Tab")
    await page.keyboard.type("No mouse was moved.")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    heading = page.get_by_role("heading", name="By hand")
    await expect(heading).to_be_focused()
    # A menu.
    bell = page.get_by_role("button", name="Announcements")
    await bell.focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Nothing has been announced yet.")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_text("Nothing has been announced yet.")).to_have_count(0)
    await expect(bell).to_be_focused()
    # Who signs out is nobody, also after loading again.
    await page.get_by_role("button", name="Ada, Customer").press("Enter")
    await page.get_by_role("button", name="Sign out").press("Enter")
    await expect(page.get_by_role("heading", name="Who are you today?")).to_be_visible()
    await page.reload()
    await expect(page.get_by_role("heading", name="Who are you today?")).to_be_visible()
    assert window.complaints == []


async def test_what_a_screen_reader_is_told(screen: Opened) -> None:
    """Names, roles, and where the focus goes."""
    sam, kim = await asyncio.gather(screen("Sam"), screen("Kim"))
    page = sam.page
    await expect(page).to_have_title("Sam · Tickets · Slipway")
    await page.get_by_role("link", name="The printer is on fire").press("Enter")
    await expect(page).to_have_title("Sam · The printer is on fire · Slipway")
    await expect(page.get_by_role("heading", name="The printer is on fire")).to_be_focused()
    await expect(page.locator("body")).to_match_aria_snapshot("""
        - banner:
          - link "Slipway"
          - navigation "Pages":
            - link "Tickets 4 to do"
            - link "Dashboard"
          - button "Announcements"
          - button "Sam, Support"
        - main:
          - region "All tickets":
            - heading "All tickets" [level=1]
            - searchbox "Search titles"
            - group "Status":
              - button "All" [pressed]
              - button "To do"
          - region "Ticket":
            - article:
              - heading "The printer is on fire" [level=1]
              - region "What support can do":
                - group "Status of the ticket":
                  - button "To do"
                  - button "In progress" [pressed]
                  - button "Done"
                - combobox "Priority"
                - combobox "Assignee"
                - button "Triage"
                - button "Escalate"
              - region "Conversation":
                - heading "Conversation" [level=2]
                - log "Messages":
                  - list
                - textbox "Your answer"
                - checkbox "Internal"
                - button "Answer"
        """)
    # What comes by itself is said: steps and answers politely, what cannot wait at once.
    triage = page.get_by_role("button", name="Triage", exact=True)
    await triage.press("Enter")
    await expect(page.get_by_role("status").filter(has_text="This can wait its turn")).to_be_visible()
    await page.get_by_role("button", name="Put the triage away").press("Enter")
    await expect(triage).to_be_focused()
    await page.get_by_role("button", name="Escalate").press("Enter")
    await expect(page.get_by_role("dialog", name="Escalate this ticket")).to_be_visible()
    await page.keyboard.type("Smoke.")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(page.get_by_role("button", name="Escalate")).to_be_focused()
    await expect(kim.page.get_by_role("alert").filter(has_text="Escalated The printer is on fire")).to_be_visible()
    await kim.page.get_by_role("button", name="Put away: The printer").press("Enter")
    # By the browser's own button one is back where one came from; a ticket that is gone leads to the list.
    await page.go_back()
    await expect(page.get_by_role("link", name="The printer is on fire").last).to_be_focused()
    await expect(page).to_have_title("Sam · Tickets · Slipway")
    await page.get_by_role("link", name="VPN drops every hour").press("Enter")
    await expect(page.get_by_role("heading", name="VPN drops")).to_be_focused()
    other = await screen("Sam")
    await other.page.get_by_role("link", name="VPN drops every hour").focus()
    await kim.page.get_by_role("link", name="VPN drops every hour").press("Enter")
    await kim.page.get_by_role("button", name="Delete").press("Enter")
    await kim.page.get_by_role("button", name="Delete it").press("Enter")
    # What took its place has the focus: in her list, and in one where the line itself had it.
    await expect(kim.page.get_by_role("link", name="I forgot my password")).to_be_focused()
    await expect(other.page.get_by_role("link", name="I forgot my password")).to_be_focused()
    await expect(page.get_by_role("heading", name="This ticket is gone")).to_be_visible()
    for each in (sam, kim, other):
        assert each.complaints == []


async def test_more_than_a_page_of_tickets(screen: Opened, demo: Demo) -> None:
    with closing(sqlite3.connect(demo.folder / "desk.db")) as database, database:
        words = ("👩‍👩‍👧‍👦 الطابعة تحترق", "Donaudampfschifffahrt" * 40, "<b>bold</b> & more")
        database.executemany(
            "insert into tickets (title, description, email) values (?, 'Many.', 'ada@acme.example')",
            [(f"{words[number % 3]} {number}",) for number in range(500)],
        )
    sam, ada = await asyncio.gather(screen("Sam"), screen("Ada", width=320, height=640))
    for each in (sam, ada):
        lines = each.page.locator(".line-title")
        await expect(lines).to_have_count(25)
        first = await lines.first.text_content()
        await each.page.get_by_role("button", name="Show more").click()
        await expect(lines).to_have_count(50)
        assert await lines.first.text_content() == first
    await expect(sam.page.locator(".total")).to_have_text("507")
    await sam.page.get_by_placeholder("Search titles").press_sequentially("تحترق 4")
    await expect(sam.page.locator(".line-title").first).to_contain_text("تحترق 4")
    # Long words and other scripts stay inside of what is narrow.
    await ada.page.locator(".line").nth(2).click()
    await expect(ada.page.locator(".detail h1")).to_be_visible()
    assert await ada.page.evaluate("document.querySelector('.detail').scrollWidth") <= 320
    await ada.page.get_by_label("Your message").fill("🔥" * 200)
    await ada.page.get_by_role("button", name="Send").click()
    await expect(sam.page.get_by_text("🔥" * 200)).to_have_count(0)
    await expect(ada.page.locator(".said")).to_have_count(1)
    assert await ada.page.evaluate("document.querySelector('.detail').scrollWidth") <= 320
    for each in (sam, ada):
        assert each.complaints == []


async def test_what_is_not_there(screen: Opened, demo: Demo) -> None:
    sam = await screen("Sam")
    page = sam.page
    await page.get_by_placeholder("Search titles").fill("nothing of this kind")
    await expect(page.get_by_role("heading", name="Nothing found")).to_be_visible()
    await page.get_by_placeholder("Search titles").fill("PRINTER")
    await expect(page.locator(".line-title")).to_have_count(2)
    await page.get_by_role("button", name="Done").first.click()
    await expect(page.get_by_role("heading", name="Nothing found")).to_be_visible()
    await sam.open("/tickets/999")
    await expect(page.get_by_text("This ticket is gone")).to_be_visible()
    # A write that is refused: the server's own sentence, and what was shown is taken back.
    await sam.open("/tickets/7")
    moved = page.get_by_role("group", name="Status of the ticket").get_by_role("button", name="Done")
    await expect(moved).to_have_attribute("aria-pressed", "false")
    with closing(sqlite3.connect(demo.folder / "desk.db")) as database, database:
        # Past the gateway, which tells nobody.
        database.execute("delete from tickets where id = 7")
    await moved.click()
    refusal = page.get_by_role("alert").filter(has_text="The status could not be saved")
    await expect(refusal).to_contain_text("There is no such row.")
    await expect(moved).to_have_attribute("aria-pressed", "false")
    assert sam.complaints == []
    # The page is open, and the gateway is not there.
    nobody = await screen()
    await nobody.open()
    await demo.stop()
    await nobody.page.get_by_role("button", name="Ada").click()
    await expect(nobody.page.get_by_role("alert")).to_contain_text("The gateway cannot be reached.")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [(1280, 800), (390, 844)], ids=["desktop", "phone"])
async def test_how_it_looks(screen: Opened, size: tuple[int, int], dark: bool) -> None:
    """Each state is looked at by axe, and kept as a picture for people to look at."""
    width, height = size
    name = f"{'phone' if width < 600 else 'desktop'}-{'dark' if dark else 'light'}"
    wide = width > 600
    options: dict[str, Any] = {"width": width, "height": height, "dark": dark}
    problems: dict[str, list[str]] = {}

    async def look(window: Any, state: str) -> None:
        problems[state] = await window.axe()
        await window.shoot(f"{state}-{name}")
        # Nothing is wider than the window, nor than one of 320 pixels: a small phone, or letters four times as large.
        assert await window.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), state
        if not wide:
            await window.page.set_viewport_size({"width": 320, "height": height})
            assert await window.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), state
            await window.page.set_viewport_size({"width": width, "height": height})

    door = await screen(**options)
    await door.open()
    await expect(door.page.locator(".person")).to_have_count(4)
    await look(door, "door")

    ada = await screen("Ada", **options)
    await expect(ada.page.locator(".line-title")).to_have_count(3)
    await look(ada, "customer")
    await ada.page.get_by_role("button", name="New ticket").click()
    await look(ada, "dialog")
    await ada.page.keyboard.press("Escape")

    sam = await screen("Sam", **options)
    await expect(sam.page.locator(".line-title")).to_have_count(7)
    await look(sam, "list")
    await sam.page.locator("[data-ticket='1'] a").click()
    await sam.page.get_by_role("button", name="Triage").click()
    await expect(sam.page.locator(".triaged")).to_be_visible()
    await sam.page.get_by_role("button", name="Escalate").click()
    await sam.page.get_by_label("Why it cannot wait").fill("Smoke.")
    await sam.page.get_by_role("dialog").get_by_role("button", name="Escalate").click()
    await expect(sam.page.locator(".banner.escalated")).to_be_visible()
    await expect(sam.page.locator(".said")).to_have_count(4)
    await look(sam, "ticket")
    await sam.page.get_by_role("link", name="Dashboard").click()
    await expect(sam.page.locator(".ages b").first).to_be_visible()
    await ada.file("The lift is stuck", "Between two floors, and the light is out.")
    await expect(sam.page.locator(".tile.lead dd")).to_have_text("7")
    await look(sam, "dashboard")
    await sam.page.get_by_role("button", name="Sam, Support").click()
    await look(sam, "menu")

    side = await screen(**(options | ({"width": 1440, "height": 860} if wide else {})))
    await side.open("/side-by-side")
    await expect(side.page.locator(".pane .tile.lead dd")).to_have_text("7")
    await side.page.locator("[data-user=sam] [data-ticket='1'] a").click()
    await side.page.locator("[data-user=sam]").get_by_label("Your answer").fill("It is out. A new one comes on Monday.")
    await side.page.locator("[data-user=sam]").get_by_role("button", name="Answer", exact=True).click()
    await expect(side.page.locator("[data-user=ada] .toast")).to_be_visible()
    await expect(side.page.locator(".verdict")).to_contain_text("event ticketAnswered")
    await look(side, "side")
    wrong = [f"{state}: {each}" for state, found in problems.items() for each in found]
    assert not wrong, "\n".join(wrong)
