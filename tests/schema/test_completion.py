"""Completion by hand; that all of it is what graphql-core does is shown by test_differential."""

from __future__ import annotations

import pytest

from tidegate.core.json import Json
from tidegate.core.selection import Selected, Selection
from tidegate.core.types import ListOf, Named, NonNull
from tidegate.schema.api import Api
from tidegate.schema.completion import MOST, Completer, complete
from tidegate.schema.selection import TYPENAME

COMMENT = Selection(
    "Comment",
    (
        Selected("i", "id", NonNull(Named("ID"))),
        Selected("t", "__typename", TYPENAME),
        Selected("likes", "likes", NonNull(Named("Int"))),
    ),
)
TICKET = Selection(
    "Ticket",
    (
        Selected("title", "title", Named("String")),
        Selected("s", "status", NonNull(Named("Status"))),
        Selected("all", "comments", NonNull(ListOf(NonNull(Named("Comment")))), selection=COMMENT),
        Selected("some", "drafts", ListOf(Named("Comment")), selection=COMMENT),
    ),
)


def comment(**changes: Json) -> dict[str, Json]:
    return {"id": 1, "likes": 2, **changes}


def ticket(**changes: Json) -> dict[str, Json]:
    return {"title": "x", "status": "Todo", "comments": [comment()], "drafts": None, **changes}


@pytest.mark.parametrize(
    ("value", "expected", "flaws"),
    [
        (ticket(), {"title": "x", "s": "Todo", "all": [{"i": "1", "t": "Comment", "likes": 2}], "some": None}, []),
        (None, None, []),
        ("odd", None, [((), "Expected an object of type Ticket for field the field.")]),
        (
            ticket(title=[], status="Nope"),
            None,
            [
                (("title",), "Wrong value for field Ticket.title: Not a String."),
                (("s",), "Wrong value for field Ticket.status: Not a value of Status."),
            ],
        ),
        (
            ticket(comments=[comment(), comment(likes=None)]),
            None,
            [(("all", 1, "likes"), "Cannot return null for non-nullable field Comment.likes.")],
        ),
        (
            ticket(comments=[], drafts=[comment(), comment(likes="x"), None, 7]),
            {
                "title": "x",
                "s": "Todo",
                "all": [],
                "some": [{"i": "1", "t": "Comment", "likes": 2}, None, None, None],
            },
            [
                (("some", 1, "likes"), "Wrong value for field Comment.likes: Not an Int."),
                (("some", 3), "Expected an object of type Comment for field Ticket.drafts."),
            ],
        ),
        (
            ticket(comments={}, drafts="x"),
            None,
            [(("all",), "Expected a list for field Ticket.comments.")],
        ),
        ({"status": "Todo"}, None, [(("all",), "Cannot return null for non-nullable field Ticket.comments.")]),
    ],
)
def test_results_keyed_by_field(api: Api, value: Json, expected: Json, flaws: list[tuple[object, str]]) -> None:
    completed, found = complete(value, Named("Ticket"), TICKET, False, (), api.catalog.types)
    assert completed == expected
    assert [(flaw.path, flaw.message) for flaw in found] == flaws


def test_results_keyed_by_the_clients_names(api: Api) -> None:
    value: Json = {"title": None, "s": "Done", "all": [{"i": "7", "likes": 2.0, "t": "ignored"}], "some": []}
    completed, flaws = complete(value, Named("Ticket"), TICKET, True, (), api.catalog.types)
    assert completed == {
        "title": None,
        "s": "Done",
        "all": [{"i": "7", "t": "Comment", "likes": 2}],
        "some": [],
    }
    assert not flaws


def test_paths_begin_where_the_caller_says(api: Api) -> None:
    _, flaws = complete([1, "x", None], ListOf(NonNull(Named("Int"))), None, False, ("a", 3), api.catalog.types)
    assert [flaw.path for flaw in flaws] == [("a", 3, 1)]


def test_a_whole_that_must_not_be_null(api: Api) -> None:
    for value in (None, "x", 1.5):
        completed, flaws = complete(value, NonNull(Named("Int")), None, False, ("n",), api.catalog.types)
        assert completed is None
        assert [flaw.path for flaw in flaws] == [("n",)]


def test_flaws_are_counted_up_to_a_limit(api: Api) -> None:
    value: Json = ["odd"] * (MOST * 3)
    completed, flaws = complete(value, ListOf(Named("Int")), None, False, (), api.catalog.types)
    assert completed == [None] * (MOST * 3)
    assert len(flaws) == MOST


def test_messages_never_hold_values(api: Api) -> None:
    secret: Json = {"status": "secret", "title": ["secret"], "comments": "secret"}
    _, flaws = complete(secret, Named("Ticket"), TICKET, False, (), api.catalog.types)
    assert flaws
    assert not any("secret" in flaw.message for flaw in flaws)


def test_a_flaw_names_its_field(api: Api) -> None:
    completer = Completer(Named("Ticket"), TICKET, False, api.catalog.types)
    _, flaws = completer.complete(ticket(status=None), ())
    assert [flaw.selected for flaw in flaws] == [TICKET.fields[1]]
    _, flaws = completer.complete([], ())
    assert [flaw.selected for flaw in flaws] == [None]
