"""What a trigger of SQLite does to the row that was written, and when nobody can tell."""

from __future__ import annotations

import pytest

from tidegate.resolvers.integrations.sqlite.trigger_effects import stamped_columns


def trigger(body: str, when: str = "") -> str:
    return f'create trigger "changed" after update on Tickets {when} begin {body} end;'


@pytest.mark.parametrize(
    ("body", "columns"),
    [
        ("update tickets set updated_at = datetime('now') where id = new.id;", frozenset({"updated_at"})),
        (
            "update Tickets set Updated_At = 1, by = new.by where rowid = new.rowid and 1 = 1;",
            frozenset({"updated_at", "by"}),
        ),
        ("select raise(abort, 'never; end') where new.id is null;", frozenset()),
        ("select 1; update tickets set n = (select count(*) from users) where new.id = tickets.id;", frozenset({"n"})),
    ],
)
def test_columns_of_the_row_itself(body: str, columns: frozenset[str]) -> None:
    assert stamped_columns(trigger(body), "tickets", ("id",)) == columns
    assert stamped_columns(trigger(body, "when new.a = old.a"), "tickets", ("ID",)) == columns


@pytest.mark.parametrize(
    "body",
    [
        "update tickets set n = 1;",
        "update tickets set n = 1 where id = old.id;",
        "update tickets set n = 1 where id = new.parent_id;",
        "update tickets set n = 1 where id = new.id or 1;",
        "update users set n = 1 where id = new.id;",
        "insert into log values (new.id);",
        "delete from tickets where id = new.id;",
        "update tickets set n = 1 where id = new.id; insert into log values (1);",
        "update tickets set n = u.n from users u where id = new.id;",
        "update tickets set (a, b) = (1, 2) where id = new.id;",
        "this is no SQL",
    ],
)
def test_more_than_that(body: str) -> None:
    assert stamped_columns(trigger(body), "tickets", ("id",)) is None


def test_half_a_key_is_not_the_row() -> None:
    text = trigger("update tickets set n = 1 where id = new.id;")
    assert stamped_columns(text, "tickets", ("id", "version")) is None
    assert stamped_columns(text, "tickets", ()) is None
    assert stamped_columns("create trigger x", "tickets", ("id",)) is None
