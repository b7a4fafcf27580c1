"""Whatever is asked and whatever is written: where an answer is another one afterwards, the write concerns a read."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.resolvers.integrations.relational.desk import mysql_place
from tests.resolvers.integrations.relational.reading import ROLES, Reader, files, opened, user
from tidegate.core.footprint import Read, Touch, Verdict, judge
from tidegate.resolvers.integrations.relational.reach import touches_of

SETTINGS = settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)

ids = st.integers(1, 3)
names = st.sampled_from(["Ada", "Bob", "ada"])
teams = st.sampled_from(["red", "blue"])
titles = st.sampled_from(["a", "b", "A", "1"])
kinds = st.sampled_from(["Bug", "Wish"])
points = st.integers(0, 2)
tokens = st.sampled_from(["0d3fbe6e-6b2e-4f0b-9c58-1d6f0a7b0001", "0D3FBE6E-6B2E-4F0B-9C58-1D6F0A7B0001"])

COLUMNS: Mapping[str, Mapping[str, st.SearchStrategy[Any]]] = {
    "people": {
        "name": st.none() | names,
        "team": st.none() | teams,
        "salary": points,
        "boss_id": st.none() | ids,
    },
    "tasks": {
        "title": st.none() | titles,
        "kind": st.none() | kinds,
        "points": st.none() | points,
        "done": st.sampled_from([None, 0, 1]),
        "token": st.none() | tokens,
        "owner_id": st.none() | ids,
    },
    "notes": {"text": st.sampled_from(["x", "y"]), "author": st.none() | names, "task_id": st.none() | ids},
}


def optional(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """What a client may send as null."""
    return st.one_of(strategy, strategy, st.none())


def sent_of(fields: Mapping[str, st.SearchStrategy[Any]], **relations: st.SearchStrategy[Any]) -> Any:
    def compared(name: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        operations: list[st.SearchStrategy[Any]] = [
            st.builds(lambda value: {"eq": value}, values),
            st.builds(lambda value: {"in": value}, st.lists(values, max_size=2)),
            st.builds(lambda value: {"eq": value}, values),
            st.builds(lambda value: {"ne": value}, values),
            st.one_of(st.builds(lambda value: {"isNull": value}, st.booleans()), st.just({})),
        ]
        return st.one_of(operations).map(lambda operation: {name: operation})

    comparisons = [compared(name, values) for name, values in fields.items()]
    related = [st.fixed_dictionaries({name: inner}) for name, inner in relations.items()]
    return st.recursive(st.one_of(*comparisons, *related, st.just({})), joined, max_leaves=5)


def joined(inner: st.SearchStrategy[Any], *, least: int = 0) -> st.SearchStrategy[Any]:
    return st.one_of(
        st.builds(lambda parts: {"and": parts}, st.lists(inner, min_size=least, max_size=3)),
        st.builds(lambda parts: {"or": parts}, st.lists(inner, min_size=least, max_size=3)),
        st.builds(lambda part: {"not": part}, inner),
        st.builds(lambda one, other: {**one, **other}, inner, inner),
    )


sent_people = sent_of({"id": ids.map(str), "name": names, "team": teams})
sent_notes = sent_of({"id": ids.map(str), "author": names, "taskId": ids}, writer=sent_people)
sent_tasks = sent_of(
    {"id": ids.map(str), "kind": kinds, "ownerId": ids, "title": titles, "done": st.booleans(), "token": tokens},
    owner=sent_people,
    notes=sent_notes,
)

ARGUMENTS: Mapping[str, st.SearchStrategy[Any]] = {
    "id": optional(ids.map(str)),
    "owner": optional(ids),
    "owners": optional(st.lists(ids, max_size=2)),
    "kind": optional(kinds),
    "kinds": optional(st.lists(kinds, max_size=2)),
    "title": optional(titles),
    "titles": optional(st.lists(optional(titles), max_size=2)),
    "done": optional(st.booleans()),
    "token": optional(tokens),
    "team": optional(teams),
    "first": st.integers(0, 2),
    "where": optional(sent_tasks),
    "notes": optional(sent_notes),
    "people": optional(sent_people),
    "orderBy": optional(st.lists(st.sampled_from(["points_ASC", "title_DESC", "ownerId_ASC"]), max_size=2)),
}


def composed(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """As an author may write it: who writes `and: []` is told so."""
    return joined(inner, least=1)


def one(*filters: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    return st.sampled_from(filters)


people_filters = st.recursive(
    one(
        {"team": "$args.team"},
        {"team": "$currentUser.team"},
        {"team": "red"},
        {"name": {"in": ["Ada", "Bob"]}},
        {"name": {"eqAnyCase": "ADA"}},
        {"id": "$args.owner"},
        {"tasks": {"kind": "$args.kind"}},
        {"wrote": "$args.notes"},
        {"boss": {"name": "Bob"}},
        {},
    ),
    composed,
    max_leaves=3,
)
note_filters = st.recursive(
    one(
        {"author": "Ada"},
        {"author": {"in": "$currentUser.names"}},
        {"taskId": "$args.owner"},
        {"text": {"ne": "x"}},
        {"writer": {"team": "$args.team"}},
        {},
    ),
    composed,
    max_leaves=3,
)
keyed = st.one_of(
    ids.map(lambda value: {"id": str(value)}),
    ids.map(lambda value: {"ownerId": value}),
    kinds.map(lambda value: {"kind": value}),
    st.lists(titles, min_size=1, max_size=2).map(lambda values: {"title": {"in": values}}),
)
keyed_in_two = st.builds(lambda one, other: {**one, **other}, keyed, keyed)
task_filters = st.one_of(
    st.just("$args.where"),
    st.just({}),
    keyed,
    st.lists(keyed | keyed_in_two, min_size=2, max_size=3).map(lambda filters: {"or": filters}),
    st.recursive(
        st.one_of(
            one(
                {"id": "$args.id"},
                {"id": "$args.owner"},
                {"id": "2"},
                {"kind": "$args.kind"},
                {"kind": "Bug"},
                {"kind": {"in": "$args.kinds"}},
                {"kind": {"ne": "$args.kind"}},
                {"title": "$args.title"},
                {"title": {"in": "$args.titles"}},
                {"title": {"in": ["a", "$args.title"]}},
                {"title": {"eqAnyCase": "$args.title"}},
                {"title": "{{ args.title }}"},
                {"ownerId": "$args.owner"},
                {"ownerId": {"in": "$args.owners"}},
                {"ownerId": "$currentUser.id"},
                {"points": {"gte": "$args.first"}},
                {"points": "$args.owner", "done": True},
                {"done": "$args.done"},
                {"done": {"isNull": True}},
                {"token": "$args.token"},
                {"owner": "$args.people"},
                {"or": [{"id": "$args.id"}, {"kind": "$args.kind"}]},
                {"or": [{"ownerId": "$currentUser.id"}, {"title": {"in": "$args.titles"}, "done": True}]},
                {"and": ["$args.where", {"kind": "Bug"}]},
                {"or": ["$args.where", {"kind": "Bug"}]},
                {},
            ),
            people_filters.map(lambda inner: {"owner": inner}),
            note_filters.map(lambda inner: {"notes": inner}),
        ),
        composed,
        max_leaves=6,
    ),
)

SHOWN = (
    "id",
    "title kind",
    "__typename",
    "id owner { name tasks { kind } }",
    "notes { author }",
    "notes { id }",
    "id title notes { text writer { team boss { name } } }",
    "points owner { tasks { title notes { author } } }",
    "done owner { boss { name wrote { id } } } notes { task { kind } }",
)
VERBS: Mapping[str, tuple[Mapping[str, Any], str]] = {
    "all": ({}, "[Task!]!"),
    "some": ({"orderBy": ["-points", "title"], "limit": "$args.first"}, "[Task!]!"),
    "sorted": ({"orderBy": "$args.orderBy", "limit": 2}, "[Task!]!"),
    "get": ({}, "Task"),
    "count": ({}, "Int!"),
    "groups": ({"groupBy": ["kind"], "values": {"tasks": "count", "points": {"sum": "points"}}}, "[Group!]!"),
    "total": ({"values": {"tasks": "count", "heaviest": {"max": "points"}}}, "Total!"),
    "page": ({"orderBy": ["title"], "limit": "$args.first"}, "TaskConnection!"),
}
PAGES = (
    "totalCount",
    "nodes { %s } pageInfo { hasNextPage endCursor }",
    "edges { cursor node { %s } } totalCount",
)


@pytest.fixture(params=["sqlite", "mysql"], scope="module")
def reader(request: pytest.FixtureRequest) -> Iterator[Reader]:
    """MySQL's texts here are equal whatever the case of their letters is."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        place, url = "kind: sqlite, file: test.db", ""
        if request.param == "mysql":
            url = stack.enter_context(mysql_place(request.getfixturevalue("mysql_server"), "utf8mb4_general_ci"))
            place = f'kind: mysql, url: "{url}"'
        with opened(Path(folder), request.param, url, files(place)) as desk:
            yield Reader(desk)


def mark(reader: Reader) -> str:
    return "%s" if reader.desk.kind == "mysql" else "?"


def rows(reader: Reader, table: str, number: int) -> list[dict[str, Any]]:
    """The row, if it is there, as the database has it. Any: what the driver gives."""

    async def find() -> list[dict[str, Any]]:
        columns = ("id", *COLUMNS[table])
        async with reader.integration._database.session(writes=False) as connection:
            found = await connection.rows(
                f"select {', '.join(columns)} from {table} where id = {mark(reader)}", [number]
            )
            return [dict(zip(columns, row, strict=True)) for row in found]

    return reader.desk.loop.run_until_complete(find())


def fill(reader: Reader, data: st.DataObject) -> None:
    drawn = [
        (table, number, data.draw(st.tuples(*columns.values()), label=f"{table} {number}"))
        for table, columns in COLUMNS.items()
        for number in range(1, 4)
    ]

    async def insert() -> None:
        async with reader.integration._database.session(writes=True) as connection:
            for table in COLUMNS:
                await connection.execute(f"delete from {table}", [])
            for table, number, values in drawn:
                places = ", ".join(mark(reader) for _ in values)
                await connection.execute(f"insert into {table} values ({number}, {places})", values)

    reader.desk.loop.run_until_complete(insert())


def write(reader: Reader, data: st.DataObject) -> tuple[Touch, ...]:
    """Changes one row, and says which and how, as exactly as can be."""
    table = data.draw(st.sampled_from(["tasks", "people", "notes", "notes"]))
    columns = COLUMNS[table]
    number = data.draw(ids)
    before = rows(reader, table, number)
    if not before:
        values = data.draw(st.tuples(*columns.values()))
        reader.desk.run(f"insert into {table} values ({number}, {', '.join(mark(reader) for _ in columns)})", *values)
        return touches_of(reader.tables, table, None, rows(reader, table, number), added=True)
    if data.draw(st.integers(0, 3)) == 0:
        reader.desk.run(f"delete from {table} where id = {number}")
        return touches_of(reader.tables, table, None, before)
    changed = data.draw(st.lists(st.sampled_from([*columns]), min_size=1, max_size=2, unique=True))
    values = data.draw(st.tuples(*(columns[name] for name in changed)))
    reader.desk.run(
        f"update {table} set {', '.join(f'{name} = {mark(reader)}' for name in changed)} where id = {number}", *values
    )
    after = rows(reader, table, number)
    really = {name for name in columns if after[0][name] != before[0][name]}
    return touches_of(reader.tables, table, really, [*before, *after])


def concerns(touches: tuple[Touch, ...], reads: Any) -> bool:
    found: list[Read] = list(reads)
    return any(judge(read, touch) is Verdict.CONCERNED for touch in touches for read in found)


@SETTINGS
@given(data=st.data())
def test_no_change_of_an_answer_goes_unnoticed(reader: Reader, data: st.DataObject) -> None:
    fill(reader, data)
    name = data.draw(st.sampled_from([*VERBS]))
    body, returns = VERBS[name]
    where = data.draw(task_filters, label="where")
    verb = {"all": "list", "some": "list", "sorted": "list", "page": "list", "groups": "aggregate"}.get(name, name)
    prepared = reader.prepare("tasks", verb.replace("total", "aggregate"), {**body, "where": where}, returns)
    shown = data.draw(st.sampled_from(SHOWN))
    selections = {
        "count": None,
        "groups": reader.selection("Group", "kind points"),
        "total": reader.selection("Total", "tasks heaviest"),
    }
    page = data.draw(st.sampled_from(PAGES))
    selections["page"] = reader.selection("TaskConnection", page % shown if "%" in page else page)
    selection = selections.get(name, reader.selection("Task", shown))
    role = data.draw(st.sampled_from(ROLES[:3]))
    caller = user(
        role,
        id=data.draw(st.none() | ids),
        team=data.draw(st.none() | teams),
        names=data.draw(st.lists(names, max_size=2) | st.just(["Ada", "Bob"])),
    )
    arguments = {key: data.draw(values, label=key) for key, values in ARGUMENTS.items() if data.draw(st.booleans())}
    asked = reader.asked(prepared.compile(selection, ROLES.index(role)), caller, arguments)
    answer = asked.answer()
    for _ in range(8):
        touches = write(reader, data)
        last, answer = answer, asked.answer()
        if answer != last:
            assert concerns(touches, asked.reads), (touches, asked.reads)
            assert concerns(touches, asked.reads_of_any), (touches, asked.reads_of_any)
            assert concerns(touches, prepared.reach()), (touches, prepared.reach())
