"""Answers, escalations and announcements of the service desk: what is written, and whose rooms hear of it."""

from __future__ import annotations

from typing import Any

# Any: the fixture `desk` lives in conftest.py, which importlib mode keeps from being imported.
Desk = Any

TICKET = "query ($id: ID!) { ticket(id: $id) { status priority comments { text internal email } } }"
ANSWER = 'mutation ($id: ID!, $status: Status) { answerTicket(id: $id, text: "Soon.", status: $status) { status } }'
ESCALATE = 'mutation ($id: ID!) { escalateTicket(id: $id, reason: "Smoke.") { priority } }'
ANNOUNCE = 'mutation { announce(text: "Coffee is ready.") { id text email author { name } } }'


def heard(desk: Desk, *rooms: str) -> str:
    """What those in these rooms have been sent, as it was."""
    events = desk.gateway.rooms.missed(0, rooms)
    return "\n".join(event.plain.frame.decode(errors="replace") for event in events)


async def test_an_answer_goes_to_whoever_filed_the_ticket(desk: Desk) -> None:
    assert await desk.data("sam", ANSWER, id=2, status="InProgress") == {"answerTicket": {"status": "InProgress"}}
    assert await desk.data("ada", TICKET, id=2) == {
        "ticket": {
            "status": "InProgress",
            "priority": "NORMAL",
            "comments": [{"text": "Soon.", "internal": False, "email": "sam@desk.example"}],
        }
    }
    assert await desk.data("sam", ANSWER, id=5) == {"answerTicket": {"status": "InProgress"}}
    assert heard(desk, "user ada@acme.example").count("ticketAnswered") == 1
    assert '"title":"New laptop for a new colleague","text":"Soon."' in heard(desk, "user ada@acme.example")
    assert "ticketAnswered" not in heard(desk, "user sam@desk.example", "role customer", "role support")
    assert await desk.codes("sam", ANSWER, id=99) == ["NOT_FOUND"]
    assert await desk.codes("ada", ANSWER, id=2) == ["FORBIDDEN"]


async def test_an_escalation_is_urgent_and_said_to_those_who_can_help(desk: Desk) -> None:
    assert await desk.data("sam", ESCALATE, id=1) == {"escalateTicket": {"priority": "URGENT"}}
    said = await desk.data("kim", TICKET, id=1)
    assert said["ticket"]["comments"][-1] == {
        "text": "Escalated: Smoke.",
        "internal": True,
        "email": "sam@desk.example",
    }
    assert all("Smoke" not in each["text"] for each in (await desk.data("ada", TICKET, id=1))["ticket"]["comments"])
    for role in ("support", "admin"):
        assert heard(desk, f"role {role}").count("ticketEscalated") == 1
    assert "ticketEscalated" not in heard(desk, "role customer", "user ada@acme.example")
    assert await desk.codes("ada", ESCALATE, id=1) == ["FORBIDDEN"]


async def test_everybody_can_read_what_an_admin_announced(desk: Desk) -> None:
    (said,) = (await desk.data("kim", ANNOUNCE)).values()
    assert (said["text"], said["author"]) == ("Coffee is ready.", {"name": "Kim"})
    for who in ("ada", "grace", "sam"):
        found = await desk.data(who, "{ announcements { id text } }")
        assert found == {"announcements": [{"id": said["id"], "text": "Coffee is ready."}]}
        assert await desk.codes(who, ANNOUNCE) == ["FORBIDDEN"]
    assert await desk.codes(None, "{ announcements { id } }") == ["UNAUTHENTICATED"]


async def test_the_steps_of_a_triage_tell_what_they_found(desk: Desk) -> None:
    triage = "mutation { triageTicket(id: 1) { urgent words alarming reason ticket { priority } } }"
    assert await desk.data("sam", triage) == {
        "triageTicket": {
            "urgent": False,
            "words": 9,
            "alarming": [],
            "reason": "Nothing in it sounds alarming.",
            "ticket": {"priority": "NORMAL"},
        }
    }
