"""What three people do in the demo, and what each of them sees of it."""

from __future__ import annotations

import asyncio
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.web_demo.conftest import Demo, Opened

pytestmark = pytest.mark.asyncio(loop_scope="session")


def lines(page: Page) -> Any:
    return page.get_by_role("region", name="tickets").locator(".line-title")


async def test_three_people_on_three_screens(screen: Opened) -> None:
    ada, sam, kim = await asyncio.gather(screen("Ada"), screen("Sam"), screen("Kim"))
    await kim.page.get_by_role("link", name="Dashboard").click()
    counted = kim.page.locator(".tile.lead dd")
    await expect(counted).to_have_text("6")
    await expect(lines(sam.page)).to_have_count(7)
    await expect(lines(ada.page)).to_have_count(3)

    # A customer files a ticket: support's list, the badge and the numbers change by themselves.
    await ada.file("The server room is locked", "The key is lost, and it is getting urgent.")
    await expect(lines(sam.page).first).to_have_text("The server room is locked")
    await expect(counted).to_have_text("7")
    await expect(ada.page.get_by_role("heading", name="The server room is locked")).to_be_visible()
    await expect(sam.page.get_by_role("link", name="Tickets 5 to do")).to_be_visible()

    # Support triages it with the function, and sees what each of its steps gave.
    await lines(sam.page).first.click()
    await sam.page.get_by_role("button", name="Triage").click()
    outcome = sam.page.locator(".triaged")
    await expect(outcome).to_contain_text("This cannot wait")
    await expect(outcome).to_contain_text("read 11 different words, and stopped at “lost”, “urgent”")
    await expect(outcome).to_contain_text("It says lost, urgent.")
    await expect(ada.page.locator(".detail-facts")).to_contain_text("Urgent")
    # `emitRole`: a banner for the support.
    await expect(sam.page.locator(".banner.escalated")).to_contain_text("The server room is locked")
    await expect(kim.page.locator(".banner.escalated")).to_have_count(0)
    await sam.page.get_by_role("button", name="Put away: The server room").click()
    await expect(sam.page.locator(".banner.escalated")).to_have_count(0)

    # An answer: the customer reads it at once, and a toast says so (`emitUsers`). An internal note they never see.
    await sam.page.get_by_role("button", name="In progress").last.click()
    await expect(ada.page.locator(".detail-facts")).to_contain_text("In progress")
    await sam.page.get_by_label("Internal").check()
    await sam.page.get_by_label("A note that the customer does not see").fill("Third time this year.")
    await sam.page.get_by_role("button", name="Keep the note").click()
    await expect(sam.page.locator(".said.internal")).to_contain_text("Third time this year.")
    await sam.page.get_by_label("Internal").uncheck()
    await sam.page.get_by_label("Your answer").fill("A locksmith is on the way.")
    await sam.page.get_by_role("button", name="Answer", exact=True).click()
    await expect(ada.page.locator(".talk")).to_contain_text("A locksmith is on the way.")
    await expect(ada.page.locator(".toast")).to_contain_text("An answer to “The server room is locked”")
    await expect(ada.page.locator(".talk")).not_to_contain_text("Third time this year.")
    await expect(sam.page.locator(".toast")).to_have_count(0)
    await ada.page.get_by_label("Your message").fill("Thank you!")
    await ada.page.get_by_role("button", name="Send").click()
    await expect(sam.page.locator(".talk")).to_contain_text("Thank you!")
    await expect(sam.page.locator("[data-draft]")).to_have_count(0)

    # Priority, assignment and escalation, which both roles hear of.
    await sam.page.get_by_label("Priority").select_option("LOW")
    await expect(ada.page.locator(".detail-facts")).to_contain_text("Low")
    await sam.page.get_by_label("Assignee").select_option("sue@desk.example")
    await expect(ada.page.locator(".detail-head")).to_contain_text("Sue takes care of it")
    await sam.page.get_by_role("button", name="Escalate").click()
    await sam.page.get_by_label("Why it cannot wait").fill("The backup runs at six.")
    await sam.page.get_by_role("dialog").get_by_role("button", name="Escalate").click()
    await expect(kim.page.locator(".banner.escalated")).to_contain_text("The server room is locked")
    await expect(ada.page.locator(".banner.escalated")).to_have_count(0)

    # `emitAll`: everybody's bell, and a list that is there for whoever comes later.
    await kim.page.get_by_role("button", name="Announce", exact=True).click()
    await kim.page.get_by_label("What everybody should know").fill("The lift is out of order until noon.")
    await kim.page.get_by_role("button", name="Tell everybody").click()
    for each in (ada, sam, kim):
        await expect(each.page.get_by_role("button", name="Announcements, 1 new")).to_be_visible()
    await ada.page.get_by_role("button", name="Announcements, 1 new").click()
    await expect(ada.page.locator(".bell-list")).to_contain_text("The lift is out of order until noon.")
    grace = await screen("Grace")
    await grace.page.get_by_role("button", name="Announcements", exact=True).click()
    await expect(grace.page.locator(".bell-list")).to_contain_text("The lift is out of order until noon.")
    await expect(grace.page.get_by_text("The server room is locked")).to_have_count(0)

    # An admin deletes it, and it goes from every screen.
    await kim.page.locator(".banner.escalated a").click()
    await kim.page.get_by_role("button", name="Delete").click()
    await kim.page.get_by_role("button", name="Delete it").click()
    await expect(ada.page.get_by_text("This ticket is gone")).to_be_visible()
    await expect(lines(sam.page).filter(has_text="The server room")).to_have_count(0)
    await expect(lines(kim.page)).to_have_count(7)
    for each in (ada, sam, kim, grace):
        assert each.complaints == []


def renamed(page: Path, target: Path) -> Path:
    """The same page, as another build would have it."""
    shutil.copytree(page, target)
    (script,) = (target / "assets").glob("*.js")
    newer = script.rename(script.with_name("index-Ab3dE5gH.js"))
    index = target / "index.html"
    index.write_text(index.read_text().replace(script.name, newer.name))
    return target


async def test_nothing_is_lost_while_the_gateway_restarts(screen: Opened, demo: Demo, tmp_path: Path) -> None:
    ada, sam = await asyncio.gather(screen("Ada"), screen("Sam"))
    await sam.page.locator("[data-ticket='2'] a").click()
    moved = sam.page.get_by_role("group", name="Status of the ticket").get_by_role("button", name="Done")
    await expect(moved).to_have_attribute("aria-pressed", "false")
    await expect(lines(ada.page)).to_have_count(3)
    await demo.stop()
    for each in (ada, sam):
        await expect(each.page.locator(".banner.lost")).to_contain_text("The connection is lost")
        # What was there is still there.
        await expect(each.page.locator(".line-title").first).to_be_visible()
    # What is done meanwhile is shown, cannot be saved, and is taken back.
    await moved.click()
    await expect(sam.page.get_by_role("alert").filter(has_text="The status could not be saved")).to_be_visible()
    await expect(moved).to_have_attribute("aria-pressed", "false")
    # What was typed comes back, with the reason.
    await ada.file("Is anybody there?", "Every word of it.")
    again = ada.page.get_by_role("dialog", name="New ticket")
    await expect(again.get_by_role("alert")).to_contain_text("The gateway cannot be reached")
    await expect(again.get_by_label("What happened")).to_have_value("Every word of it.")
    await expect(lines(ada.page)).to_have_count(3)

    demo.page = renamed(demo.page, tmp_path / "newer")
    await demo.start()
    grace = await screen("Grace")
    await grace.file("Back again", "Filed while others were still on their way back.")
    await expect(lines(sam.page).first).to_have_text("Back again")
    for each in (ada, sam):
        await expect(each.page.locator(".banner.lost")).to_have_count(0)
        await expect(each.page.get_by_text("Live", exact=True)).to_be_attached()
    await again.get_by_role("button", name="File the ticket").click()
    await expect(ada.page.get_by_role("heading", name="Is anybody there?")).to_be_visible()
    await moved.click()
    await expect(ada.page.locator("[data-ticket='2'] a")).to_contain_text("Done")
    # Events come again as well.
    await sam.page.get_by_label("Your answer").fill("She has it now.")
    await sam.page.get_by_role("button", name="Answer", exact=True).click()
    await expect(ada.page.locator(".toast")).to_contain_text("New laptop for a new colleague")
    # Whoever had the page before the gateway was another is told so, and stays who they are.
    await expect(sam.page.get_by_text("There is a newer version of this page.")).to_be_visible()
    await sam.page.get_by_role("button", name="Load it again").click()
    await expect(sam.page.get_by_role("heading", name="New laptop for a new colleague")).to_be_visible()
    await expect(sam.page.locator(".banner")).to_have_count(0)


async def test_side_by_side(screen: Opened) -> None:
    window = await screen(width=1440)
    await window.open("/side-by-side")
    page = window.page
    ada, sam, kim = (page.get_by_role("region", name=f"{name}’s screen") for name in ("Ada", "Sam", "Kim"))
    await expect(ada.locator(".line-title")).to_have_count(3)
    await expect(sam.locator(".line-title")).to_have_count(7)
    await expect(kim.locator(".tile.lead dd")).to_have_text("6")
    await ada.get_by_role("button", name="New ticket").click()
    await page.get_by_label("In one line").fill("The coffee machine leaks")
    await page.get_by_label("What happened").fill("There is water everywhere.")
    await page.get_by_role("button", name="File the ticket").click()
    await expect(sam.locator(".line-title").first).to_have_text("The coffee machine leaks")
    await expect(kim.locator(".tile.lead dd")).to_have_text("7")
    verdict = page.locator(".verdict")
    await expect(verdict).to_contain_text("Ada filed a ticket")
    for pane, words in ((sam, r"ticket list [\d.]+ ms"), (kim, r"(open count|status counts|average age) [\d.]+ ms")):
        await expect(pane.locator(".pane-head")).to_have_text(re.compile(words))
    # An event, from one to two others.
    await sam.locator("[data-ticket='1'] a").click()
    await sam.get_by_role("button", name="Escalate").click()
    await page.get_by_label("Why it cannot wait").fill("Smoke.")
    await page.get_by_role("dialog").get_by_role("button", name="Escalate").click()
    await expect(kim.locator(".banner.escalated")).to_contain_text("The printer is on fire")
    await expect(verdict).to_contain_text("Kim · event ticketEscalated")
    # One click each.
    await page.get_by_role("button", name="Ada files a ticket").click()
    await expect(kim.locator(".tile.lead dd")).to_have_text("8")
    await expect(verdict).to_contain_text(re.compile(r"Ada filed a ticket.*Sam · ticket list [\d.]+ ms"))
    await page.get_by_role("button", name="Sam answers it").click()
    await expect(verdict).to_contain_text(re.compile(r"Sam answered a ticket.*Ada · event ticketAnswered [\d.]+ ms"))
    await expect(ada.locator("[data-ticket]").first).to_contain_text("In progress")
    await page.get_by_role("button", name="Kim tells everybody").click()
    await expect(verdict).to_contain_text(re.compile(r"Kim told everybody.*Ada · event announced [\d.]+ ms"))
    for pane in (ada, sam, kim):
        await expect(pane.get_by_role("button", name="Announcements, 1 new")).to_be_visible()
    await page.get_by_role("button", name="Kim too").click()
    await expect(page.locator(".pane")).to_have_count(2)
    assert window.complaints == []
