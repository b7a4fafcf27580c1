"""What is an address, what is none, and what holes can make of one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.core.expressions import Literal, Reference, Text
from tidegate.core.location import Location
from tidegate.resolvers.integrations.smtp.addresses import (
    Mailbox,
    NoAddress,
    given_mailboxes,
    mailbox,
    named_mailbox,
    split,
)

AT = Location("x.yaml", 1, 1)


@pytest.mark.parametrize(
    ("text", "spec", "name"),
    [
        ("ada@example.com", "ada@example.com", ""),
        ("  ada@example.com ", "ada@example.com", ""),
        ("ada+x.y'z@a-b.example", "ada+x.y'z@a-b.example", ""),
        ("root@localhost", "root@localhost", ""),
        ("<ada@example.com>", "ada@example.com", ""),
        ("Ada <ada@example.com>", "ada@example.com", "Ada"),
        ("Ada King é <ada@example.com>", "ada@example.com", "Ada King é"),
        ('"King, Ada \\"x\\" <a@b.c>" <ada@example.com>', "ada@example.com", 'King, Ada "x" <a@b.c>'),
        ("ada@bücher.example", "ada@xn--bcher-kva.example", ""),
        ("ada@ＥＸＡＭＰＬＥ.com", "ada@example.com", ""),
    ],
)
def test_addresses(text: str, spec: str, name: str) -> None:
    assert mailbox(text) == Mailbox(spec, name)


@pytest.mark.parametrize(
    "text",
    [
        "ada",
        "@example.com",
        "ada@",
        "ada@@example.com",
        "a@b@example.com",
        "ada@example.com, bob@example.com",
        "ada@example.com; bob@example.com",
        "ada@example.com bob@example.com",
        "<ada@example.com> <bob@example.com>",
        "<ada@example.com>, bob@example.com",
        "Ada <ada@example.com> x",
        "Ada <ada@example.com",
        "bob@example.com <ada@example.com>",
        "group: ada@example.com;",
        "ada@example.com (bob@example.com)",
        "<@relay.example:ada@example.com>",
        '"a b"@example.com',
        "ada@[127.0.0.1]",
        "ada@example..com",
        ".ada@example.com",
        "ada.@example.com",
        "a..b@example.com",
        "ada@-é-.\u3002",
        "ada@fuß.example",
        "ada@a\u200db.example",
        "ada@evil.example＠example.com",
        "ada@a＞b.com",
        "=?utf-8?q?x=40evil.example=2c?=@example.com",
        "ada@example.com\n",
        "ada@example.com\r\nRCPT TO:<bob@example.com>",
        "ada\n@example.com",
        "Ada\u2028 <ada@example.com>",
        "Ada\0 <ada@example.com>",
        "ada@example.com\x85",
        "\ud800@example.com",
        "é@example.com",
        f"{'a' * 65}@example.com",
        f"a@{'a' * 64}.com",
        f"a@{'a.' * 200}com",
        "x" * 10_000,
        '"' * 499,
        "<" * 499,
    ],
)
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(NoAddress):
        mailbox(text)


def hole(name: str) -> Reference:
    return Reference("row", (name,), AT)


def test_authors_words_are_taken_apart() -> None:
    found = list(split(Literal('a@x.y; "B; C" <b@x.y>,, D <d@x.y> ;', AT)))
    assert [each.spec for each in found] == [Literal(text, AT) for text in ("a@x.y", '"B; C" <b@x.y>', "D <d@x.y>")]
    parts = (
        "a@x.y; ",
        hole("n"),
        " <",
        hole("e"),
        ">; ",
        hole("f"),
        ' ; "',
        hole("g"),
        '; h" <h@x.y>;',
        hole("i"),
        "@z",
    )
    found = list(split(Text(parts, AT)))
    assert [(each.spec, each.name, each.many) for each in found] == [
        (Literal("a@x.y", AT), None, True),
        (Text((hole("e"),), AT), Text((hole("n"),), AT), False),
        (Text((hole("f"),), AT), None, True),
        (Text(("h@x.y",), AT), Text((hole("g"), "; h"), AT), False),
        (Text((hole("i"), "@z"), AT), None, False),
    ]


@pytest.mark.parametrize(
    "parts",
    [
        (hole("n"), " <a@x.y> b"),
        (hole("n"), " <", hole("e")),
        (hole("n"), "<a@x.y><b@x.y>"),
        ("x <", hole("e"), "> <", hole("f"), ">"),
    ],
)
def test_authors_words_that_are_no_address(parts: tuple[str | Reference, ...]) -> None:
    with pytest.raises(NoAddress):
        list(split(Text(parts, AT)))


def test_values() -> None:
    assert list(given_mailboxes(None)) == list(given_mailboxes(" ")) == list(given_mailboxes([])) == []
    assert [each.spec for each in given_mailboxes(["a@x.y", None, "", "B <b@x.y>"])] == ["a@x.y", "b@x.y"]
    for wrong in (5, {"a": 1}, [["a@x.y"]], True, "a@x.y,b@x.y", ["a@x.y; b@x.y"]):
        with pytest.raises(NoAddress):
            list(given_mailboxes(wrong))


TEXTS = st.text(max_size=60) | st.text(alphabet='ab@.<>,;:"\\()[] \r\n\0\u2028=?é', max_size=30)


@given(TEXTS, TEXTS)
def test_a_name_is_never_an_address(name: str, spec: str) -> None:
    assert named_mailbox(name, "ada@example.com").spec == "ada@example.com"
    try:
        found = named_mailbox("", f"{spec}@example.com")
    except NoAddress:
        return
    assert found.spec == f"{spec.lstrip(' ')}@example.com"
