"""Paths into answers, what is kept of them, and what a role may read of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.core.errors import OperationError
from tidegate.core.json import MISSING
from tidegate.core.location import Location
from tidegate.core.types import Field, ListOf, Named, NonNull, ObjectType
from tidegate.resolvers.integrations.http.addresses import fill_query
from tidegate.resolvers.integrations.http.answer_paths import parse_path
from tidegate.resolvers.integrations.http.answers import readable
from tidegate.resolvers.integrations.http.kept import Kept
from tidegate.resolvers.integrations.http.kind import HttpKind
from tidegate.resolvers.integrations.upstream import Asked, Reply

ANSWER: Any = {"a": [{"n": 1, "b": [1, 2]}, {"b": []}, {"n": None, "b": [3]}], "a name": {"x-y": True}, "e": None}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$", ANSWER),
        ("$.a[0].n", 1),
        ("$.a[-1].b[0]", 3),
        ("$.a[3]", MISSING),
        ("$.a.n", MISSING),
        ("$['a name'].x-y", True),
        ('$["a name"]', {"x-y": True}),
        ("$.e", None),
        ("$.e.x", MISSING),
        ("$.a[*].n", [1, None]),
        ("$.a[*].b[*]", [1, 2, 3]),
        ("$.a[*].b", [[1, 2], [], [3]]),
        ("$.e[*]", MISSING),
        ("$[0]", MISSING),
    ],
)
def test_paths(text: str, value: Any) -> None:
    path = parse_path(text)
    assert path is not None
    assert path.follow(ANSWER) == value


@pytest.mark.parametrize(
    "text", ["", "a", "$a", "$.", "$..a", "$.a[", "$.a[]", "$.a[x]", "$.a b", "$.*", "$[?(@.a)]", "$$.a"]
)
def test_what_is_no_path(text: str) -> None:
    assert parse_path(text) is None


@given(st.text(alphabet="$.[]'\"*-0a ", max_size=12))
def test_paths_read_as_they_are_written(text: str) -> None:
    path = parse_path(text)
    if path is not None:
        path.follow(ANSWER)
        if not any("." in str(step) or " " in str(step) for step in path.steps) and "'" not in text and '"' not in text:
            assert parse_path(str(path)) == path


@pytest.mark.parametrize("name", ["key", "Key", "key[]", "key[0]", " KEY[a]", "key\0", "a key", "a.key[]", "A_Key"])
def test_no_name_is_taken_for_one_that_goes_over_it(name: str) -> None:
    """Whoever chooses names, a client say, could write over a key of ours in the eyes of PHP and others."""
    own = {"key": "ours", "a_key": "ours"}
    found = parse_qsl(fill_query({name: "theirs", "keys": "1"}, own))
    assert found == [("keys", "1"), *own.items()]
    assert ("keys", "1") in parse_qsl(fill_query(own, {"keys": 1}))


def reply(status: int = 200, body: bytes = b"x", **headers: str) -> Reply:
    return Reply(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


def test_what_is_kept_is_asked_about() -> None:
    kept = Kept()
    asked = Asked("GET", "http://x/a", {"x-user": "ada"})
    assert kept.condition(asked) == (asked, None)
    first = reply(etag='"1"', last_modified="Sat, 21 Nov 2026 12:00:00 GMT", content_type="text/plain")
    assert kept.settle(asked, None, first) is first
    again, known = kept.condition(asked)
    assert again.headers == {
        "x-user": "ada",
        "If-None-Match": '"1"',
        "If-Modified-Since": "Sat, 21 Nov 2026 12:00:00 GMT",
    }
    answer = kept.settle(asked, known, reply(304, b"", etag='"2"', content_type="text/html"))
    assert (answer.status, answer.body, answer.headers["etag"], answer.headers["content-type"]) == (
        200,
        b"x",
        '"2"',
        "text/plain",
    )
    assert kept.condition(asked)[0].headers["If-None-Match"] == '"2"'
    # Another user's is another answer, and so is what is asked otherwise.
    for other in (
        Asked("GET", "http://x/a", {"x-user": "bob"}),
        Asked("GET", "http://x/a?b", {"x-user": "ada"}),
        Asked("POST", "http://x/a", {"x-user": "ada"}),
        Asked("GET", "http://x/a", {"x-user": "ada", "If-None-Match": '"0"'}),
    ):
        assert kept.condition(other) == (other, None)
    # A server that has nothing new to tell to who has nothing.
    with pytest.raises(OperationError):
        kept.settle(asked, None, reply(304))
    kept.settle(asked, known, reply(500, etag='"3"'))
    assert kept.condition(asked)[1] is None


@pytest.mark.parametrize(
    "unkept",
    [
        reply(),
        reply(etag="1", cache_control="private, no-store"),
        reply(etag="1", vary="*"),
        reply(201, etag="1"),
        reply(etag="1", body=b"x" * 30_000),
    ],
)
def test_what_is_not_kept(unkept: Reply) -> None:
    kept = Kept(most=10, largest=100_000)
    asked = Asked("GET", "http://x/")
    kept.settle(asked, None, reply(etag="0"))
    kept.settle(asked, None, unkept)
    assert len(kept) == 0


def test_only_so_much_is_kept() -> None:
    kept = Kept(most=10, largest=50_000)
    for number in range(100):
        kept.settle(Asked("GET", f"http://x/{number}"), None, reply(etag="1"))
    assert len(kept) == 10
    assert kept.condition(Asked("GET", "http://x/99"))[1] is not None
    for number in range(100):
        kept.settle(Asked("GET", f"http://x/{number}"), None, reply(etag="1", body=b"x" * 10_000))
    assert len(kept) == 4
    for number in range(100):
        kept.settle(Asked("GET", f"http://x/{number}"), None, reply(404))
    assert (len(kept), kept._size) == (0, 0)


def test_what_a_role_may_read() -> None:
    at = Location("")
    inner = ObjectType("B", {"x": Field("x", Named("Int"), at, rank=1), "y": Field("y", Named("Int"), at)}, at)
    fields = {"b": Field("b", NonNull(ListOf(Named("B"))), at), "s": Field("s", Named("Int"), at, rank=2)}
    types = {"A": ObjectType("A", fields, at), "B": inner}
    value: Any = {"b": [{"x": 1, "y": 2, "z": 3}, None], "s": 4, "t": 5}
    assert readable(value, Named("A"), types, 0) == {"b": [{"y": 2}, None]}
    assert readable([value], ListOf(Named("A")), types, 2) == [{"b": [{"x": 1, "y": 2}, None], "s": 4}]
    assert readable(value, Named("JSON"), types, 0) is value
    assert readable(5, Named("A"), types, 0) == 5


def test_all_that_lead_to_one_server_concern_each_other() -> None:
    def source(url: str) -> str:
        return HttpKind().create("crm", {"baseUrl": url}, Path(), Location("")).source

    assert (
        len({source(f"https://{rest}") for rest in ("crm.example.com/v1", "CRM.example.com/v2", "crm.example.com:443")})
        == 1
    )
    several = (
        "https://crm.example.com",
        "http://crm.example.com",
        "https://crm.example.com:8443",
        "https://example.com",
    )
    assert len(set(map(source, several))) == 4
    assert "example" not in source("https://crm.example.com")
