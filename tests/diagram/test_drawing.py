"""What is drawn of operations, told as the picture's description tells it."""

from __future__ import annotations

import pytest

from tidegate.core.catalog import Catalog
from tidegate.diagram.drawing import draw
from tidegate.diagram.mermaid import as_mermaid
from tidegate.diagram.outline import Box, parts_of
from tidegate.diagram.svg import as_svg, describe

TOLD = {
    "find": "query find (for customer; at most 10s). List tickets (asks db). Answers what was asked (as [Ticket!]!).",
    "raw": """
mutation raw (for support; at most 10s). Transaction of db. Sql (asks db). End of transaction of db.
Answers what was asked (as Int).
""",
    "close": """
mutation close (for support; args: id; at most 10s). Transaction of db. Update tickets (asks db).
End of transaction of db. Answers what was asked (as Ticket).
""",
    "file": """
mutation file (for customer; args: title; at most 10s).
Action tidy (before create of tickets; run actions/tidy.ts).
Create with its actions (in a transaction of db). Create tickets (asks db).
Action audit (during create of tickets; asks db; where its condition holds). End of create with its actions.
Action thank (after create of tickets; asks mail).
Answers what was asked (as Ticket!).
""",
    "ticketsEscalate": """
mutation ticketsEscalate (for support; args: id; at most 10s). Runs the action "escalate" of tickets.
Action escalate (on demand of tickets; run actions/escalate.js).
Answers what was asked (as JSON).
""",
    "everything": """
mutation everything (for support; args: id, level; at most 2m). Everything there is.
List tickets (asks db; at most 1s; as found).
Filter found (kept if value.status is … and args.level is at least … and value.title is not null; as some).
Filter found. Kept if this gives something true: Run functions/words.js (JavaScript; with text). End of filter found.
For each of some (in batches of 4; 200ms between them; as done).
Try. Transaction of db. Update tickets (asks db).
Action tidy (before create of tickets; run actions/tidy.ts).
Create with its actions (in a transaction of db). Create tickets (asks db).
Action audit (during create of tickets; asks db; where its condition holds). End of create with its actions.
Action thank (after create of tickets; asks mail).
Try. Sql (asks db). Finally: in any case: Wait 10ms. End of try. End of transaction of db.
Catch: where something fails: Choose. If error.code is …: Wait 1s. If error.code is one of …: Value a fixed value.
If error.step is null: Refuse. Else: nothing. End of choose. End of try. End of for each of some.
At the same time. Way 1: Call close (with id; an error where it gives null; as one).
Way 2: Run functions/judge.py (Python; with word; up to 3 more times, after 100ms, each gap 2 times the one before;
as two). Value two.
Way 3: For each of a list (some at the same time). Value a list. End of for each of a list. End of at the same time.
Respond { one, two } (and go on; what follows takes at most 30s).
Emit told (to users: found; data: { word }). Emit told (to the role support; data: a fixed value).
Emit over (to everybody).
Choose. If one: Return { one }. Else: Return nothing. End of choose.
OnError. Where a step fails: Return a fixed value. End of onError.
""",
}


@pytest.mark.parametrize("name", sorted(TOLD))
def test_what_is_drawn(drawn: Catalog, name: str) -> None:
    assert describe(draw(drawn.operations[name])) == " ".join(TOLD[name].split())


def test_nothing_is_left_out(drawn: Catalog) -> None:
    assert set(drawn.operations) == set(TOLD)


def test_every_step_has_its_place(drawn: Catalog) -> None:
    for operation in drawn.operations.values():
        outline = draw(operation)
        *parts, last = parts_of(outline.chain)
        assert all(":" in part.place and not part.place.startswith("/") for part in parts)
        assert last.place or last.title.startswith("answers")


def test_no_value_is_in_a_diagram(drawn: Catalog) -> None:
    """Every literal of the project holds the word: in conditions, filters, SQL, e-mails, code, defaults, settings."""
    for operation in drawn.operations.values():
        outline = draw(operation)
        for text in (as_svg(outline), as_mermaid(outline)):
            assert "secret" not in text
            assert "select" not in text.lower()


def test_what_is_asked_is_known_to_those_who_may_tell_more(drawn: Catalog) -> None:
    found = [part.request for part in parts_of(draw(drawn.operations["everything"]).chain) if isinstance(part, Box)]
    assert len([request for request in found if request is not None]) == 4
