"""What a trigger function of PostgreSQL does to the row that is written, and when nobody can tell."""

from __future__ import annotations

import pytest

from tidegate.resolvers.integrations.postgres.trigger_effects import stamped_columns


@pytest.mark.parametrize(
    ("body", "columns"),
    [
        ("begin new.updated_at = now(); return new; end", frozenset({"updated_at"})),
        (
            "BEGIN\n -- insert into log\n NEW.Updated_At := now();\n NEW.\"By\" := 'delete';\n RETURN NEW;\nEND",
            {"updated_at", "By"},
        ),
        ("begin if new.a is distinct from old.a then new.b := old.b; end if; return new; end", frozenset({"a", "b"})),
        ("begin if new.a <> old.a then new.b := lower(new.a); end if; return new; end", frozenset({"a", "b"})),
        ("begin if tg_op = 'INSERT' then raise exception 'no'; end if; return null; end", frozenset()),
    ],
)
def test_columns_of_the_row_itself(body: str, columns: frozenset[str]) -> None:
    assert stamped_columns("plpgsql", "f", body, (), frozenset({"strange"})) == columns


@pytest.mark.parametrize(
    "body",
    [
        "begin insert into log values (new.id); return new; end",
        "begin perform f(new.id); return new; end",
        "begin new := f(new); return new; end",
        "begin new.a := strange(1); return new; end",
        "begin execute 'del' || 'ete from tickets'; return new; end",
        "begin new.a := (select max(a) from tickets); return new; end",
        "begin new.a := $x$ text $x$; return new; end",
        'begin new."odd name" := 1; return new; end',
        "declare r tickets; begin r := new; return r; end",
    ],
)
def test_more_than_that(body: str) -> None:
    assert stamped_columns("plpgsql", "f", body, (), frozenset({"strange"})) is None


def test_functions_in_other_languages() -> None:
    assert stamped_columns("sql", "f", "", (), ()) is None
    assert stamped_columns("c", "anything", "", ("a",), ()) is None
    assert stamped_columns("c", "moddatetime", "", ("changed_at", ""), ()) == frozenset({"changed_at"})
    assert stamped_columns("internal", "tsvector_update_trigger", "", ("words", "english", "title"), ()) == frozenset(
        {"words"}
    )
    assert stamped_columns("internal", "tsvector_update_trigger", "", (), ()) is None
    assert stamped_columns("internal", "suppress_redundant_updates_trigger", "", (), ()) == frozenset()
