"""The base for integrations of one's own: methods that are verbs."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest

from tidegate.core.footprint import Verdict, judge
from tidegate.core.limits import Limits
from tidegate.integrations import (
    MISSING,
    UNKNOWN,
    Code,
    Declaration,
    Draft,
    Expression,
    Integration,
    IntegrationKind,
    Json,
    Kind,
    Literal,
    Location,
    OperationError,
    Plain,
    Prepared,
    ProjectError,
    Record,
    Reference,
    Surroundings,
    Touch,
    reading,
    writing,
)

AT = Location("operations/all.yaml", 3, 9)
SURROUNDINGS = Surroundings({}, {}, ("anonymous",), Limits())


class Shelf(Plain):
    settings: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "size": {"type": "integer", "description": "How much there is room for."},
        "label": {"type": "string", "default": "books", "description": "What it is called. Default: books."},
    }

    def __init__(self, name: str, settings: Mapping[str, Json], folder: Path) -> None:
        super().__init__(name, settings, folder)
        if settings["size"] == 0:
            raise ValueError("there is no room on it.")
        self.books: dict[str, Json] = {}

    @reading(key="title")
    async def find(self, draft: Draft, title: str, *, most: int = 3) -> Json:
        if title == "broken":
            raise KeyError("the password is hunter2")
        if title == "slow":
            raise TimeoutError
        return [(self.books | draft).get(title), most]

    @reading()
    async def count(self, draft: Draft) -> Json:
        return len(self.books | draft)

    @writing(key="title")
    async def put(self, draft: Draft, title: str, pages: Json) -> Json:
        draft[title] = pages
        return True

    @writing()
    async def clear(self, draft: Draft, really: bool, ratio: float = 1.0) -> Json:
        return [really, ratio]

    async def commit(self, draft: Draft) -> None:
        if None in draft.values():
            raise OSError("disk full at /secret/place")
        self.books |= draft


class Wrong(Plain):
    @reading(key="other")
    async def get(self, draft: Draft, title: str) -> Json: ...


def shelf(**settings: Json) -> Shelf:
    return Kind(Shelf).create("shelf", {"size": 3, **settings}, Path(), AT)


def prepare(made: Integration, verb: str, **body: Expression) -> Prepared:
    record = Record(body, dict.fromkeys(body, AT), AT)
    return made.prepare(Declaration("all", None, verb, record, None, {}, AT), SURROUNDINGS)


def arg(name: str) -> Reference:
    return Reference("args", (name,), AT)


async def ask(made: Integration, prepared: Prepared, *values: Json) -> Any:
    async with made.session(writes=prepared.writes) as session:
        return (await session.execute(prepared.compile(None, 0), values)).value


def test_a_kind_is_made_of_it() -> None:
    kind: IntegrationKind = Kind(Shelf)
    assert kind.verbs == {"find", "count", "put", "clear"}
    assert kind.settings["required"] == ["size"]
    assert shelf().values == {"size": 3, "label": "books"}
    assert kind.request_schema("find") == {
        "type": "object",
        "properties": {"title": {"type": ["string"]}, "most": {"type": ["integer", "string"]}},
        "required": ["title"],
        "additionalProperties": False,
    }
    with pytest.raises(
        ProjectError, match=r'operations/all.yaml:3:9: The integration "shelf": there is no room on it\.'
    ):
        shelf(size=0)
    with pytest.raises(TypeError, match="get has no parameter other"):
        _ = Kind(Wrong).verbs


@pytest.mark.parametrize(
    ("verb", "body", "sentence"),
    [
        ("find", {"title": arg("t"), "mots": Literal(1, AT)}, '"find" takes no "mots". Did you mean "most"?'),
        ("find", {}, '"find" lacks "title".'),
        ("find", {"title": Literal(1, AT)}, '"title" of "find" is a text.'),
        ("find", {"title": Record({}, {}, AT)}, '"title" of "find" is a text.'),
        ("find", {"title": Literal("a", AT), "most": Literal("3", AT)}, '"most" of "find" is a whole number.'),
        ("clear", {"really": Literal("yes", AT)}, '"really" of "clear" is true or false.'),
    ],
)
def test_requests_that_do_not_fit(verb: str, body: Mapping[str, Expression], sentence: str) -> None:
    with pytest.raises(ProjectError) as caught:
        prepare(shelf(), verb, **body)
    assert str(caught.value) == f"{AT}: {sentence}"


async def test_values_that_do_not_fit() -> None:
    made = shelf()
    find, clear = prepare(made, "find", title=arg("t"), most=arg("m")), prepare(made, "clear", really=arg("r"))
    assert await ask(made, find, "a", 7) == [None, 7]
    assert await ask(made, find, "a", MISSING) == [None, 3]  # type: ignore[arg-type]
    assert await ask(made, clear, True) == [True, 1.0]
    for values in ((1, 7), (None, 7), ("a", "7"), ("a", True)):
        with pytest.raises(OperationError) as caught:
            await ask(made, find, *values)
        assert caught.value.code is Code.BAD_USER_INPUT


async def test_what_goes_wrong_is_told_in_other_words() -> None:
    made = shelf()
    find, put = prepare(made, "find", title=arg("t")), prepare(made, "put", title=arg("t"), pages=arg("p"))
    for prepared, values, code in (
        (find, ("broken",), Code.UPSTREAM_FAILED),
        (find, ("slow",), Code.TIMEOUT),
        (put, ("a", None), Code.UPSTREAM_FAILED),
    ):
        with pytest.raises(OperationError) as caught:
            await ask(made, prepared, *values)
        assert caught.value.code is code
        assert caught.value.__cause__ is not None
        assert not any(word in caught.value.message for word in ("hunter2", "secret"))
    assert made.books == {}


async def test_one_writes_at_a_time() -> None:
    made = shelf()
    put = prepare(made, "put", title=arg("t"), pages=arg("p"))
    held, release = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        async with made.session(writes=True) as session:
            await session.execute(put.compile(None, 0), ("a", 1))
            held.set()
            await release.wait()

    first = asyncio.create_task(hold())
    await held.wait()
    second = asyncio.create_task(ask(made, put, "b", 2))
    assert await ask(made, prepare(made, "count")) == 0
    assert not second.done()
    release.set()
    await first
    assert await second is True
    assert made.books == {"a": 1, "b": 2}


def test_who_is_concerned() -> None:
    made = shelf()
    told: list[Touch] = []
    made.outside = told.extend
    find, count = (prepare(made, "find", title=arg("t")).compile(None, 0), prepare(made, "count").compile(None, 0))
    for key, value in (("title", "a"), ("title", "b"), (None, None), ("pages", 3)):
        made.changed(key, value)
    concerned = [
        [judge(read, touch) is Verdict.CONCERNED for touch in told]
        for read in (*find.reads(("a",)), *find.reads((UNKNOWN,)), *count.reads(()))
    ]
    assert concerned == [[True, False, True, True], [True] * 4, [True] * 4]
