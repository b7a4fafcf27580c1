"""What requests say they read: by tables, columns and the values that rows must hold."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.resolvers.integrations.relational.reading import ROLES, Asked, Reader, files, opened, user
from tidegate.core.footprint import Read
from tidegate.core.json import MISSING
from tidegate.resolvers.integrations.relational.equalities import MOST_ALTERNATIVES, MOST_VALUES

ADA = user("lead", id=7, team="red", names=["Ada", "Ada L."])


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    with tempfile.TemporaryDirectory() as folder, opened(Path(folder), "sqlite", others=files()) as desk:
        yield Reader(desk)


def asked(
    reader: Reader, body: Mapping[str, Any], shown: str = "id", role: str = "lead", verb: str = "list", **arguments: Any
) -> Asked:
    """Of tasks. Any: JSON."""
    returns = {"list": "[Task!]!", "get": "Task", "count": "Int!"}[verb]
    prepared = reader.prepare("tasks", verb, body, returns)
    selection = None if verb == "count" else reader.selection("Task", shown)
    return reader.asked(prepared.compile(selection, ROLES.index(role)), ADA, arguments)


def keys(reads: Any, table: str = "tasks") -> list[dict[str, set[Any]]]:
    """Of the reads of one table. Any: what they are keyed by."""
    return [{key.column: set(key.values) for key in read.keys} for read in reads if read.table == table]


def columns(reads: Any, table: str = "tasks") -> set[str]:
    found: set[str] = set()
    for read in reads:
        if read.table == table:
            assert read.columns is not None
            found |= read.columns
    return found


def test_columns_are_those_that_are_shown_compared_and_sorted_by(reader: Reader) -> None:
    found = asked(reader, {"where": {"kind": {"ne": "Bug"}}, "orderBy": ["-points"]}, "title").reads
    assert columns(found) == {"title", "kind", "points", "id"}
    assert columns(asked(reader, {"where": {"done": True}}, verb="count").reads) == {"done"}
    assert columns(asked(reader, {}, verb="count").reads) == set()
    # Which rows may be seen is part of the answer.
    assert columns(asked(reader, {}, "title", "member").reads) == {"title", "id", "owner_id", "kind", "done"}


def test_columns_of_an_aggregate_and_of_a_page(reader: Reader) -> None:
    values = {"values": {"tasks": "count", "heaviest": {"max": "points"}}}
    prepared = reader.prepare("tasks", "aggregate", {**values, "where": {"kind": "Bug"}}, "Total!")
    found = reader.asked(prepared.compile(None, 2), ADA, {}).reads
    assert (columns(found), keys(found)) == ({"points", "kind"}, [{"kind": {"Bug"}}])
    paged = reader.prepare("tasks", "list", {"orderBy": ["points"], "limit": 2}, "TaskConnection!")
    expected: dict[str, set[str]] = {
        "totalCount": set(),
        "pageInfo { endCursor }": {"points", "id"},
        "edges { node { title } } nodes { kind }": {"points", "id", "title", "kind"},
    }
    for shown, columns_wanted in expected.items():
        compiled = paged.compile(reader.selection("TaskConnection", shown), 2)
        assert columns(reader.asked(compiled, ADA, {}).reads) == columns_wanted


def test_equalities_are_keys(reader: Reader) -> None:
    found = asked(reader, {"where": {"id": "$args.must", "kind": {"in": ["Bug", "Wish"]}}}, must="5").reads
    assert keys(found) == [{"id": {5}, "kind": {"Bug", "Wish"}}]
    assert keys(asked(reader, {"where": {"id": "$args.must"}}, verb="get", must="5").reads) == [{"id": {5}}]
    twice = {"and": [{"kind": {"in": ["Bug", "Wish"]}}, {"kind": {"in": ["Wish", "Chore"]}}]}
    assert keys(asked(reader, {"where": twice}).reads) == [{"kind": {"Wish"}}]


def test_values_are_in_the_form_in_which_the_database_compares_them(reader: Reader) -> None:
    token = "0D3FBE6E-6B2E-4F0B-9C58-1D6F0A7B0001"
    found = asked(reader, {"where": {"id": "$args.must", "token": "$args.token"}}, must="007", token=token).reads
    assert keys(found) == [{"id": {7}, "token": {token.lower()}}]
    assert keys(asked(reader, {"where": {"done": "$args.done"}}, done=False).reads) == [{"done": {False}}]
    # The identity's number is text, where the column is.
    assert keys(asked(reader, {"where": {"title": "$currentUser.id"}}).reads) == [{"title": {"7"}}]
    # Of this, nobody knows what the database makes.
    assert keys(asked(reader, {"where": {"id": "$args.must"}}, must="7.0").reads) == [{}]


@pytest.mark.parametrize(
    "where",
    [
        {"kind": {"ne": "Bug"}},
        {"title": {"eqAnyCase": "a"}},
        {"title": {"contains": "a"}},
        {"points": {"between": [1, 1]}},
        {"title": {"isNull": True}},
        {"kind": {"notIn": ["Bug"]}},
        {"not": {"kind": "Bug"}},
        {"not": {"not": {"kind": "Bug"}}},
        {"or": [{"kind": "Bug"}, {"points": {"gt": 1}}]},
    ],
)
def test_what_is_no_equality_is_no_key(reader: Reader, where: Mapping[str, Any]) -> None:
    found = asked(reader, {"where": where}).reads
    assert keys(found) == [{}]
    assert columns(found) > {"id"}


def test_alternatives(reader: Reader) -> None:
    where = {"or": [{"id": "$args.must"}, {"ownerId": "$currentUser.id", "kind": "Bug"}], "done": True}
    found = asked(reader, {"where": where}, must="5").reads
    assert keys(found) == [{"done": {True}, "id": {5}}, {"done": {True}, "owner_id": {7}, "kind": {"Bug"}}]
    # A member sees what anybody sees, and more.
    assert keys(asked(reader, {"where": {"id": "3"}}, role="member").reads) == [
        {"id": {3}, "done": {True}},
        {"id": {3}, "owner_id": {7}},
        {"id": {3}, "kind": {"Wish"}},
    ]


def test_too_many_alternatives_become_one_that_lets_more_pass(reader: Reader) -> None:
    many = [{"id": str(number), "kind": "Bug"} for number in range(MOST_ALTERNATIVES + 1)]
    assert keys(asked(reader, {"where": {"or": many}}).reads) == [
        {"id": set(range(MOST_ALTERNATIVES + 1)), "kind": {"Bug"}}
    ]
    mixed = [*many, {"title": "a"}]
    assert keys(asked(reader, {"where": {"or": mixed}}).reads) == [{}]
    four = {"or": [{"id": str(number)} for number in range(4)]}
    five = {"or": [{"points": number} for number in range(5)]}
    assert keys(asked(reader, {"where": {"and": [five, four]}}).reads) == [{"id": {number}} for number in range(4)]
    values = list(range(MOST_VALUES + 1))
    assert keys(asked(reader, {"where": {"ownerId": {"in": "$args.owners"}}}, owners=values).reads) == [{}]


def test_what_was_not_sent_is_dropped_as_the_statement_drops_it(reader: Reader) -> None:
    where = {"kind": "$args.kind", "or": [{"id": "$args.id"}, {"title": {"in": "$args.titles"}}]}
    assert keys(asked(reader, {"where": where}).reads) == [{}]
    assert keys(asked(reader, {"where": where}, kind="Bug", id=None).reads) == [{"kind": {"Bug"}}]
    assert keys(asked(reader, {"where": where}, titles=["a"]).reads) == [{"title": {"a"}}]
    owned = {"where": {"owner": {"team": "$args.team"}}}
    assert [read.table for read in asked(reader, owned).reads] == ["tasks"]
    assert keys(asked(reader, owned, team="red").reads, "people") == [{"team": {"red"}}]
    # A request for one row drops nothing: it finds none, whatever is written.
    assert asked(reader, {"where": {"id": "$args.id"}}, verb="get").reads == ()


def test_nothing_is_equal_to_nothing(reader: Reader) -> None:
    nobody = {"where": {"title": "$currentUser.email"}}
    assert asked(reader, nobody).reads == ()
    either = {"where": {"or": [{"title": "$currentUser.email"}, {"id": "4"}]}}
    assert keys(asked(reader, either).reads) == [{"id": {4}}]
    listed = {"where": {"title": {"in": "$args.titles"}}}
    assert keys(asked(reader, listed, titles=["a", None]).reads) == [{"title": {"a"}}]
    assert asked(reader, listed, titles=[None]).reads == ()
    assert columns(asked(reader, {"where": {"not": {"title": "$currentUser.email"}}}).reads) == {"id", "title"}


def test_a_role_without_rows_reads_nothing(reader: Reader) -> None:
    prepared = reader.prepare("people", "list", {}, "[Person!]!")
    compiled = prepared.compile(reader.selection("Person", "id tasks { id }"), 0)
    assert reader.asked(compiled, ADA, {}).reads == ()
    forbidden = prepared.compile(reader.selection("Person", "salary"), 1)
    assert reader.asked(forbidden, ADA, {}).reads == ()


def test_rows_of_a_relation_in_a_filter(reader: Reader) -> None:
    where = {"owner": {"team": "blue", "name": {"in": ["Ada"]}}, "not": {"notes": {"author": "Bob"}}}
    found = asked(reader, {"where": where}).reads
    assert keys(found) == [{}]
    assert columns(found) == {"id", "owner_id"}
    assert keys(found, "people") == [{"team": {"blue"}, "name": {"Ada"}}]
    assert columns(found, "people") == {"id", "team", "name"}
    assert (keys(found, "notes"), columns(found, "notes")) == ([{"author": {"Bob"}}], {"author", "task_id"})
    # Members see their own team's people, and so no others by a filter: red and blue is nobody.
    assert keys(asked(reader, {"where": {"owner": {"team": "blue"}}}, role="member").reads, "people") == []
    named = asked(reader, {"where": {"owner": {"name": "Bob"}}}, role="member").reads
    assert keys(named, "people") == [{"name": {"Bob"}, "team": {"red"}}]


def test_an_access_rule_sees_other_tables_as_they_are(reader: Reader) -> None:
    found = asked(reader, {}, role="anonymous").reads
    assert keys(found) == [{"done": {True}}]
    assert keys(found, "notes") == [{"author": {"Bob"}}]
    assert columns(found, "notes") == {"author", "task_id"}


def test_relations_that_are_selected(reader: Reader) -> None:
    shown = "title owner { name boss { team } } notes { author writer { name } }"
    found = asked(reader, {"where": {"id": "$args.must", "ownerId": 3}}, shown, verb="get", must="5").reads
    by_columns = {read.columns: {key.column: set(key.values) for key in read.keys} for read in found}
    assert by_columns == {
        frozenset({"id", "title", "owner_id"}): {"id": {5}, "owner_id": {3}},
        frozenset({"id", "name", "boss_id"}): {"id": {3}},
        frozenset({"id", "team"}): {},
        # Sorted by text, and then by id.
        frozenset({"id", "author", "task_id", "text"}): {"task_id": {5}},
        frozenset({"name"}): {},
    }
    # What is selected of people is their own rule's.
    ruled = asked(reader, {"where": {"ownerId": 3}}, "owner { name }", "member").reads
    assert keys(ruled, "people") == [{"id": {3}, "team": {"red"}}]
    assert columns(ruled, "people") == {"id", "name", "team"}


def test_relations_from_alternatives(reader: Reader) -> None:
    either = {"where": {"or": [{"id": "1", "kind": "Bug"}, {"id": {"in": ["2", "3"]}}]}}
    assert keys(asked(reader, either, "notes { text }").reads, "notes") == [{"task_id": {1, 2, 3}}]
    some = {"where": {"or": [{"id": "1"}, {"kind": "Bug"}]}}
    assert keys(asked(reader, some, "notes { text }").reads, "notes") == [{}]


def test_filters_that_are_sent(reader: Reader) -> None:
    body = {"where": "$args.where", "orderBy": "$args.orderBy"}
    where = {"or": [{"id": {"eq": "5"}}, {"kind": {"in": ["Bug"]}, "points": {"gt": 1}}], "done": {"eq": True}}
    found = asked(reader, body, where=where, orderBy=["title_DESC"]).reads
    assert keys(found) == [{"id": {5}, "done": {True}}, {"kind": {"Bug"}, "done": {True}}]
    assert columns(found) == {"id", "kind", "points", "done", "title"}
    related = {"owner": {"team": {"eq": "red"}}, "not": {"notes": {"author": {"eq": "Ada"}}}}
    found = asked(reader, body, where=related).reads
    assert (keys(found), keys(found, "people")) == ([{}], [{"team": {"red"}}])
    assert keys(found, "notes") == [{"author": {"Ada"}}]
    others = {"kind": {"ne": "Bug"}, "title": {"startsWith": "a"}, "not": {"ownerId": {"eq": 1}}}
    assert keys(asked(reader, body, where=others).reads) == [{}]
    every: list[Any] = [{}, None, {"or": [{}, {"id": {"eq": "5"}}]}, {"and": []}, MISSING, {"id": None}]
    none: list[Any] = [{"or": []}, {"not": {}}, {"id": {"in": []}}]
    assert [keys(asked(reader, body, where=where).reads) for where in every] == [[{}]] * len(every)
    assert [asked(reader, body, where=where).reads for where in none] == [()] * len(none)
    members = asked(reader, body, role="member", where={"owner": {"name": {"eq": "Ada"}}}).reads
    assert keys(members, "people") == [{"name": {"Ada"}, "team": {"red"}}]


@pytest.mark.parametrize("where", [7, [], {"nothing": 1}, {"id": 7}, {"id": {"eq": None}}, {"id": {"no": 1}}])
def test_a_filter_that_is_refused_reads_in_some_way(reader: Reader, where: Any) -> None:
    assert asked(reader, {"where": "$args.where"}, where=where).reads


def test_a_filter_without_end(reader: Reader) -> None:
    deep: dict[str, Any] = {"id": {"eq": "1"}}
    for _ in range(5000):
        deep = {"and": [deep]}
    assert keys(asked(reader, {"where": "$args.where"}, where=deep).reads) == [{}]


def test_values_that_nobody_knows(reader: Reader) -> None:
    where = {"kind": "Bug", "title": "$args.title", "or": [{"id": "$args.id"}, {"ownerId": 1}]}
    assert keys(asked(reader, {"where": where}).reads_of_any) == [{"kind": {"Bug"}}]
    sent = asked(reader, {"where": "$args.where", "orderBy": "$args.orderBy"}).reads_of_any
    assert {read.table for read in sent} == {"tasks", "people", "notes"}
    assert keys(sent) == [{}]
    assert columns(sent) == {"id", "title", "kind", "points", "done", "token", "owner_id"}


def test_a_view_is_read_by_its_tables(reader: Reader) -> None:
    prepared = reader.prepare("shown", "list", {"where": {"id": "5"}}, "[Shown!]!")
    compiled = prepared.compile(reader.selection("Shown", "title notes { text }"), 2)
    tables = {read.table: (read.columns, read.keys) for read in reader.asked(compiled, ADA, {}).reads}
    assert tables == {"tasks": (None, ()), "notes": (frozenset({"id", "task_id", "text"}), ())}


def test_reach(reader: Reader) -> None:
    source = reader.tables.source
    everything = [Read(source, "tasks"), Read(source, "people"), Read(source, "notes")]
    listed = reader.prepare("tasks", "list", {"where": {"kind": "Bug", "id": "$args.id"}}, "[Task!]!").reach()
    assert keys(listed)[0] == {"kind": {"Bug"}}
    # People have tasks: any task can be shown.
    assert all(read in listed for read in everything)
    counted = reader.prepare("people", "count", {"where": {"name": "Ada"}}, "Int!").reach()
    assert [(read.table, read.columns, len(read.keys)) for read in counted] == [("people", None, 1)]
    ruled = reader.prepare("notes", "count", {}, "Int!").reach()
    assert {read.table for read in ruled} == {"notes", "tasks"}
    sent = reader.prepare("notes", "count", {"where": "$args.notes"}, "Int!").reach()
    assert {read.table for read in sent} == {"notes", "tasks", "people"}


def test_columns_that_a_write_has_to_tell(reader: Reader) -> None:
    compared = reader.tables.compared
    compared.clear()
    reader.prepare("people", "count", {"where": {"name": "Ada", "not": {"team": "red"}}}, "Int!")
    # The rule compares the team, and relations lead to notes by author, to tasks by owner.
    assert compared == {"people": {"id", "name", "team"}, "tasks": {"owner_id"}, "notes": {"author"}}
    compared.clear()
    reader.prepare("tasks", "list", {"where": {"not": {"notes": {"text": "x"}}}}, "[Task!]!")
    assert compared["tasks"] == {"id", "owner_id", "kind", "done"}
    assert compared["notes"] == {"id", "task_id", "author", "text"}
    compared.clear()
    reader.prepare("tasks", "list", {"where": "$args.where"}, "[Task!]!")
    assert compared["people"] == {"id", "name", "team", "salary", "boss_id"}
