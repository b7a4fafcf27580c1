import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.scaffold.identifiers import (
    NAME,
    Names,
    TypeNames,
    field_name,
    is_enum_value,
    many_name,
    single_name,
    type_name,
)
from tidegate.scaffold.words import plural, singular, words


@pytest.mark.parametrize(
    ("one", "many"),
    [
        ("actor", "actors"),
        ("category", "categories"),
        ("address", "addresses"),
        ("box", "boxes"),
        ("status", "statuses"),
        ("person", "people"),
        ("child", "children"),
        ("day", "days"),
        ("shelf", "shelves"),
        ("house", "houses"),
        ("database", "databases"),
        ("match", "matches"),
        ("quiz", "quizzes"),
        ("movie", "movies"),
        ("analysis", "analyses"),
        ("staff", "staff"),
        ("news", "news"),
        ("inventory", "inventory"),
    ],
)
def test_one_and_many(one: str, many: str) -> None:
    assert (plural(one), plural(many)) == (many, many)
    assert (singular(many), singular(one)) == (one, one)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("film_actor", ("film", "actor")),
        ("InvoiceLine", ("invoice", "line")),
        ("HTTPServer", ("http", "server")),
        ("créé", ("cree",)),
        ("Straße", ("strasse",)),
        ("2nd choice", ("2nd", "choice")),
        ("__typename", ("typename",)),
        ("%", ()),
        ("名", ()),
    ],
)
def test_words_of_a_name(name: str, found: tuple[str, ...]) -> None:
    assert words(name) == found


@given(st.text())
def test_whatever_a_database_calls_something_graphql_can_say(name: str) -> None:
    for made in (field_name(name), type_name(name), single_name(name), many_name(name)):
        assert NAME.match(made)
        assert not made.startswith("__")


def test_fields_keep_clear_of_the_words_of_filters() -> None:
    assert [field_name(column) for column in ("not", "and", "or", "nor")] == ["notValue", "andValue", "orValue", "nor"]


def test_no_name_twice_whatever_its_case() -> None:
    names = Names(["Film"])
    assert [names.take("film", "films"), names.take("FILMS"), names.take("films")] == ["films", "FILMS2", "films3"]


def test_types_keep_clear_of_generated_ones_in_any_order() -> None:
    first = TypeNames()
    assert [first.take("Film"), first.take("FilmOrder", "FilmOrderRow")] == ["Film", "FilmOrderRow"]
    second = TypeNames()
    assert [second.take("FilmOrder"), second.take("Film", "FilmRow")] == ["FilmOrder", "FilmRow"]
    assert TypeNames().take("Query", "QueryRow") == "QueryRow"
    assert TypeNames().take("Date", "DateRow") == "DateRow"


def test_enum_values() -> None:
    labels = ("G", "PG-13", "true", "null", "__x", "in progress", "_1", "1", "")
    assert [label for label in labels if is_enum_value(label)] == ["G", "_1"]
