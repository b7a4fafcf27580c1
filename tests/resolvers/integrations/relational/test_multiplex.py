"""Many questions asked at once: each is answered as if it had been asked alone, on both databases."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import alone, ask
from tests.resolvers.integrations.relational.desk import Desk, opened
from tidegate.core.errors import Code, OperationError
from tidegate.core.expressions import resolve
from tidegate.core.integration import Answer
from tidegate.core.json import MISSING, Given, Json
from tidegate.core.selection import Selected, Selection
from tidegate.core.types import ListOf, Named, NonNull
from tidegate.resolvers.integrations.relational.multiplex import MOST_AT_ONCE
from tidegate.resolvers.integrations.relational.prepared import whole_selection

KINDS: Final = ("Bug", "Wish", "Chore")
TITLES: Final = ("a", "50% off", "it's", 'a "b"', "x_y", "é", "")
USER: Final = st.fixed_dictionaries(
    {"team": st.sampled_from(["red", "blue", None]), "email": st.sampled_from(["Ada", None])}
)

texts = st.one_of(st.sampled_from(TITLES), st.text(max_size=3))
numbers = st.integers(-2, 12)


def maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Also null, or left out."""
    return st.one_of(values, st.none(), st.just(MISSING))


filters: st.SearchStrategy[Any] = st.one_of(
    st.fixed_dictionaries({"kind": st.fixed_dictionaries({"eq": st.sampled_from(KINDS)})}),
    st.fixed_dictionaries({"points": st.fixed_dictionaries({"gte": numbers})}),
    st.fixed_dictionaries({"title": st.fixed_dictionaries({"in": st.lists(texts, max_size=3)})}),
    st.fixed_dictionaries({"title": st.fixed_dictionaries({"contains": texts})}),
    st.fixed_dictionaries({"owner": st.fixed_dictionaries({"name": st.fixed_dictionaries({"eq": texts})})}),
    st.fixed_dictionaries({"id": st.fixed_dictionaries({"eq": st.one_of(numbers.map(str), texts)})}),
)
orders = st.lists(st.sampled_from(["id_ASC", "points_DESC", "title_ASC"]), max_size=2)
ids = st.one_of(st.integers(1, 12).map(str), numbers.map(str), st.sampled_from(["x", "99999999999999999999"]))

ASKED: Final[Mapping[str, st.SearchStrategy[Any]]] = {
    "task": st.fixed_dictionaries({"id": ids}),
    "theTask": st.fixed_dictionaries({"id": ids}),
    "maybeTask": st.fixed_dictionaries({"id": maybe(ids), "title": maybe(texts)}),
    "seat": st.fixed_dictionaries({"row": numbers, "letter": texts}),
    "list": st.fixed_dictionaries(
        {"where": maybe(filters), "orderBy": maybe(orders), "limit": maybe(numbers), "offset": maybe(numbers)}
    ),
    "optional": st.fixed_dictionaries(
        {
            "kind": maybe(st.sampled_from(KINDS)),
            "title": maybe(texts),
            "least": maybe(numbers),
            "kinds": maybe(st.lists(st.sampled_from(KINDS), max_size=3)),
            "team": maybe(st.sampled_from(["red", "blue"])),
        }
    ),
    "count": st.fixed_dictionaries({"where": maybe(filters)}),
    "mine": st.fixed_dictionaries({}),
    "notMine": st.fixed_dictionaries({}),
    "groups": st.fixed_dictionaries({}),
    "rawTasks": st.fixed_dictionaries({"q": texts, "least": maybe(numbers)}),
    "rawCount": st.fixed_dictionaries({"kind": st.sampled_from(KINDS)}),
    "rawTitles": st.fixed_dictionaries({}),
}


SQL: Final = {
    "literals": "select '$1 tidegate_sent_0 %(x)s' || cast({{ args.x }} as text) as title",
    "nulls": "select nullif(cast({{ args.x }} as text), 'a') as title",
    "comments": "select cast({{ args.x }} as text) as title -- $1",
    "names": "select tidegate_batch.tidegate_sent_0 as title"
    " from (select cast({{ args.x }} as text) as tidegate_sent_0) as tidegate_batch",
    "aggregates": "select max(cast({{ args.x }} as text)) as title",
    "grouped": "select count(*) || cast({{ args.x }} as text) as title from tasks group by cast({{ args.x }} as text)",
    "common": "with one as (select cast({{ args.x }} as text) as title) select title from one where title <> 'it''s'",
    "limited": "select title from tasks order by id limit cast({{ args.n }} as integer)",
    "quoted": "select 'a {{ args.x }} b' as title",
    "twice": "select title from tasks where title = {{ args.x }} or (title <> {{ args.x }} and points > {{ args.n }})"
    " order by id",
}


def selection_of(desk: Desk, name: str) -> Selection | None:
    """Everything, and the relations of what has some; none of leaves."""
    prepared: Any = desk.gateway.catalog.operations[name].plan.run[-1].prepared
    asked: Any = getattr(prepared, "sql", prepared)
    whole = whole_selection(asked.setting, asked.verb.outcome)
    if not whole.fields:
        return None
    if whole.type != "Task":
        return whole
    fields = tuple(each for each in whole.fields if each.field != "note")
    many = NonNull(ListOf(NonNull(Named("Task"))))
    tasks = Selected("tasks", "tasks", many, {}, Selection("Task", (Selected("title", "title", Named("String")),)))
    kind = Selected("is", "__typename", NonNull(Named("String")))
    owner = Selected("who", "owner", Named("Person"), {}, Selection("Person", (kind, tasks)))
    return Selection("Task", (*fields, owner))


Question: TypeAlias = tuple[Mapping[str, Given], Mapping[str, Json]]
"""Arguments, and who asks."""


def run(desk: Desk, name: str, rank: int, asked: Sequence[Question], *, whole: bool) -> list[tuple[Any, Any]]:
    """The answers of each question asked with the others and asked alone."""
    compiled = (
        desk.gateway.catalog.operations[name]
        .plan.run[-1]
        .prepared.compile(None if whole else selection_of(desk, name), rank)
    )
    batch: list[list[Given]] = []
    for arguments, user in asked:
        sent = {key: value for key, value in arguments.items() if value is not MISSING}
        scope: Any = {"args": sent, "currentUser": user, "variables": {}, "config": {}}
        batch.append([resolve(each, scope) for each in compiled.inputs])

    async def ask() -> list[tuple[Any, Any]]:
        async with desk.gateway.catalog.integrations["db"].session(writes=False) as session:
            together = await session.execute_many(compiled, batch)
            alone: list[Any] = []
            for values in batch:
                try:
                    alone.append(await session.execute(compiled, values))
                except OperationError as error:
                    alone.append(error)
        assert len(together) == len(batch)
        return [(shown(one), shown(other)) for one, other in zip(together, alone, strict=True)]

    return desk.loop.run_until_complete(ask())


def shown(answer: Answer | OperationError) -> Any:
    """To be compared. Any: JSON, bytes, what an error says."""
    if isinstance(answer, OperationError):
        return ("error", answer.code, answer.message, dict(answer.extensions))
    return (answer.value, answer.json, answer.keyed)


@pytest.fixture(params=["sqlite", "postgres"], scope="module")
def desk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, postgres_url: str) -> Iterator[Desk]:
    """With rows, and with the statements of `SQL` as operations."""
    folder = tmp_path_factory.mktemp("desk")
    arguments = "kind: query, minRole: member, args: { x: String, n: Int }, returns: '[String]!'"
    lines = [f"{name}: {{ {arguments}, run: {{ use: db, sql: {json.dumps(sql)} }} }}" for name, sql in SQL.items()]
    others = {"operations/odd.yaml": "\n".join(lines)}
    if request.param == "sqlite":
        with opened(folder, "sqlite", others=others) as made:
            yield filled(made)
        return
    name = f"test_{uuid4().hex[:16]}"
    alone(ask(postgres_url, f"create database {name} template template0"))
    with opened(folder, "postgres", urlsplit(postgres_url)._replace(path=f"/{name}").geturl(), others) as made:
        yield filled(made)
    alone(ask(postgres_url, f"drop database {name} with (force)"))


def filled(desk: Desk) -> Desk:
    query = """mutation ($t: String, $k: Kind, $p: Int, $o: Int, $d: JSON, $g: [String!]) {
        create(title: $t, kind: $k, points: $p, ownerId: $o, data: $d, tags: $g, at: "2026-11-21T15:00:00Z") { id } }"""
    for number, title in enumerate((*TITLES, None)):
        variables = {
            "t": title,
            "k": KINDS[number % 3],
            "p": number or None,
            "o": number % 3 + 1,
            "d": {"n": [number]},
            "g": ["x", "y"],
        }
        desk.data(query, variables=variables)
    for row in range(3):
        desk.data('mutation ($r: Int!) { take(row: $r, letter: "it\'s", by: "x") { row } }', variables={"r": row})
    return desk


@settings(max_examples=8, deadline=None)
@given(data=st.data())
@pytest.mark.parametrize("name", sorted(ASKED))
def test_together_as_alone(desk: Desk, name: str, data: st.DataObject) -> None:
    asked = data.draw(st.lists(st.tuples(ASKED[name], USER), max_size=14))
    for one, other in run(desk, name, data.draw(st.sampled_from([1, 3])), asked, whole=data.draw(st.booleans())):
        assert one == other


def test_more_than_are_asked_at_once(desk: Desk) -> None:
    user: Mapping[str, Json] = {"team": "red", "email": None}
    asked: list[Question] = [({"id": str(number % 11)}, user) for number in range(2 * MOST_AT_ONCE + 3)]
    found = run(desk, "theTask", 3, asked, whole=False)
    assert all(one == other for one, other in found)
    assert {one[1] for one, _ in found if one[0] == "error"} == {Code.NOT_FOUND}


def test_what_is_wrong_with_one_is_its_own(desk: Desk) -> None:
    user: Mapping[str, Json] = {"team": "red", "email": None}
    asked: list[Question] = [({"q": "a", "least": None}, user) for _ in range(40)]
    asked[17] = ({"q": "a\0", "least": None}, user)
    asked[23] = ({"q": "a", "least": "x" if desk.kind == "postgres" else "\0"}, user)
    found = run(desk, "rawTasks", 3, asked, whole=False)
    assert all(one == other for one, other in found)
    assert [place for place, (one, _) in enumerate(found) if one[0] == "error"] == [17, 23]


@pytest.mark.parametrize("name", sorted(SQL))
def test_sql_of_the_author(desk: Desk, name: str) -> None:
    asked: list[Question] = [({"x": x, "n": n}, {}) for x in (*TITLES, None) for n in (0, 2)]
    for one, other in run(desk, name, 3, asked, whole=True):
        assert one == other
    if name != "limited":
        assert len({repr(one) for one, _ in run(desk, name, 3, asked, whole=True)}) > 1


def test_one_statement_for_all(desk: Desk) -> None:
    """What a server sees of questions whose statements are the same."""
    if desk.kind != "postgres":
        return
    asked: list[Question] = [({"id": str(number)}, {"team": "red"}) for number in range(100)]
    integration: Any = desk.gateway.catalog.integrations["db"]
    for name in ("task", "theTask"):
        run(desk, name, 3, asked, whole=False)
    kept = [each for each in integration._multiplexer._kept.values() if each is not None]
    assert any("unnest($1::" in each.sql for each in kept)
