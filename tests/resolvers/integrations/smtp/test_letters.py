"""A letter as written, filled with anything: what it says, whom it goes to, and which headers it has."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from email import message_from_bytes
from email.headerregistry import AddressHeader
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.core.errors import Code, OperationError
from tidegate.core.expressions import Expression, Items, Literal, Record, Reference, Text, resolve
from tidegate.core.json import Json
from tidegate.core.location import Location
from tidegate.core.problems import Problems
from tidegate.resolvers.integrations.smtp.addresses import Mailbox
from tidegate.resolvers.integrations.smtp.letters import LARGEST, Envelope, Letter

AT = Location("x.yaml", 1, 1)
DESK = Mailbox("desk@example.com", "Desk")


def expression(written: Any) -> Expression:
    """Of a text with holes `{name}`."""
    if isinstance(written, list):
        return Items(tuple(expression(each) for each in written), AT)
    if not isinstance(written, str):
        return Literal(written, AT)
    parts = [part for part in re.split(r"(\{\w+\})", written) if part]
    if not any(part.startswith("{") for part in parts):
        return Literal(written, AT)
    made = [Reference("row", (part[1:-1],), AT) if re.fullmatch(r"\{\w+\}", part) else part for part in parts]
    return Text(tuple(made), AT)


def letter(fields: Mapping[str, Any], sender: Mailbox | None = DESK) -> Letter:
    problems = Problems()
    built = {name: expression(value) for name, value in fields.items()}
    made = Letter(Record(built, dict.fromkeys(built, AT), AT), sender, "a letter", AT, problems)
    problems.raise_any()
    return made


def write(fields: Mapping[str, Any], **row: Json) -> Envelope:
    made = letter(fields)
    return made.write([resolve(each, {"row": row}) for each in made.inputs])


def parsed(envelope: Envelope) -> EmailMessage:
    message = message_from_bytes(envelope.message, policy=default)
    assert isinstance(message, EmailMessage)
    return message


def addresses(message: EmailMessage, name: str) -> list[tuple[str, str]]:
    header = message[name]
    assert isinstance(header, AddressHeader)
    return [(each.display_name, each.addr_spec) for each in header.addresses]


def body(message: EmailMessage, kind: str) -> str:
    found = message.get_body((kind,))
    assert found is not None
    return str(found.get_content()).replace("\r\n", "\n")


def test_all_there_is() -> None:
    envelope = write(
        {
            "to": ["{name} <{email}>", "bob@example.com"],
            "cc": "c1@example.com; C Two <c2@example.com>",
            "bcc": "{hidden}",
            "from": "{team}@example.com",
            "replyTo": "Replies <{email}>",
            "subject": "Ticket {id}: {title}",
            "message": "Dear {name},\n{text}\n",
            "html": "<p title='{title}'>{text}</p>",
        },
        name="Ada King, Countess",
        email="ada@example.com",
        hidden="boss@example.com",
        team="support",
        id=7,
        title="<é> & 'x' \"y\"",
        text="one\n.\n..two",
    )
    assert envelope.sender == "support@example.com"
    assert envelope.recipients == (
        "ada@example.com",
        "bob@example.com",
        "c1@example.com",
        "c2@example.com",
        "boss@example.com",
    )
    message = parsed(envelope)
    assert addresses(message, "To") == [("Ada King, Countess", "ada@example.com"), ("", "bob@example.com")]
    assert addresses(message, "Cc") == [("", "c1@example.com"), ("C Two", "c2@example.com")]
    assert addresses(message, "From") == [("", "support@example.com")]
    assert addresses(message, "Reply-To") == [("Replies", "ada@example.com")]
    assert message["Subject"] == "Ticket 7: <é> & 'x' \"y\""
    assert b"boss" not in envelope.message
    assert body(message, "plain") == "Dear Ada King, Countess,\none\n.\n..two\n"
    assert body(message, "html") == ("<p title='&lt;é&gt; &amp; &#x27;x&#x27; &quot;y&quot;'>one\n.\n..two</p>\n")
    assert message.get_content_type() == "multipart/alternative"


def test_who_is_left_out() -> None:
    envelope = write({"to": "{a}; {b}", "bcc": "{c}", "subject": "", "message": "x"}, a=None, b="", c="c@example.com")
    message = parsed(envelope)
    assert envelope.recipients == ("c@example.com",)
    assert "To" not in message
    assert "Bcc" not in message
    assert addresses(message, "From") == [("Desk", "desk@example.com")]
    assert write({"to": "{a}", "subject": "x", "html": "{a}"}, a="a@b.c").recipients == ("a@b.c",)


def test_who_is_named_twice_has_it_once() -> None:
    envelope = write({"to": "a@b.c; A <a@b.c>", "cc": "a@b.c", "subject": "x", "message": "x"})
    assert envelope.recipients == ("a@b.c",)


@pytest.mark.parametrize(
    ("to", "row"),
    [
        ("{e}", {}),
        ("{e}", {"e": "nobody"}),
        ("{e}", {"e": "a@b.c, d@e.f"}),
        ("{e}", {"e": "a@b.c\r\nBcc: d@e.f"}),
        ("{e}", {"e": ["a@b.c", "d@e.f"]}),
        ("{n} <{e}>", {"n": "x", "e": "X <a@b.c>"}),
        ("{n} <{e}>", {"n": "x", "e": "a@b.c> <d@e.f"}),
        ("{n} <{e}>", {"n": "x"}),
        ("{e}@example.com", {"e": "a@b.c, d"}),
        ("{e}@example.com", {"e": "a@evil.example\0"}),
        ("{e}@example.com", {}),
        ("a@{e}.com", {"e": "x.com, d@e"}),
    ],
)
def test_an_address_that_is_none(to: str, row: dict[str, Json]) -> None:
    with pytest.raises(OperationError) as refused:
        write({"to": to, "subject": "x", "message": "x"}, **row)
    assert refused.value.code is Code.ACTION_FAILED
    assert "@" not in refused.value.message


def test_too_much() -> None:
    with pytest.raises(OperationError, match="characters"):
        write({"to": "a@b.c", "subject": "x", "message": "{m}"}, m="x" * (LARGEST + 1))
    with pytest.raises(OperationError, match="recipients"):
        write({"to": [f"a{n}@b.c" for n in range(101)], "subject": "x", "message": "x"})
    assert len(parsed(write({"to": "a@b.c", "subject": "{m}", "message": "x"}, m="é" * 5000))["Subject"]) == 500


def lines_of(content: bytes) -> list[bytes]:
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", content)
    return content.split(b"\r\n")


LONG = "x" * 5000 + "\nFrom me\n.\n..\n" + "é" * 3000 + "\n" + "\u2028" + "🏃" * 500


def test_long_lines_and_odd_ones() -> None:
    for fields in ({"message": "{m}"}, {"html": "{m}"}, {"message": "{m}", "html": "{m}"}):
        envelope = write({"to": "a@b.c", "subject": "{m}", **fields}, m=LONG)
        assert envelope.message.isascii()
        assert max(map(len, lines_of(envelope.message))) <= 998
        for kind in ("plain", "html"):
            if kind == ("plain" if "message" in fields else "html") or len(fields) == 2:
                assert body(parsed(envelope), kind).rstrip("\n") == LONG


ODD = st.text(alphabet='ab@.<>,;:"\\()[] \t\r\n\0\x0b\x7f\x85\u2028\u2029\u200b\ud800=?_é🏃', max_size=40)
SMUGGLED = (
    "x\r\nBcc: evil@evil.example",
    "x\nTo: evil@evil.example\n\nbody",
    "=?utf-8?q?=0ABcc:_evil@evil.example?=",
    "=?utf-8?b?DQpCY2M6IGV2aWxAZXZpbC5leGFtcGxl?=",
    'a" <evil@evil.example>, "b',
    "<evil@evil.example>",
    "evil@evil.example",
    "evil@evil.example <",
    "a\\",
    'a\\" <evil@evil.example',
    "é" * 200,
    "🏃," * 60,
    "evil@evil.example, " * 20,
    "group: evil@evil.example;",
    "\r\n.\r\nMAIL FROM:<evil@evil.example>",
)
ANY = st.text(max_size=60) | ODD | st.sampled_from(SMUGGLED)


HEADERS = sorted(
    ("From", "To", "Cc", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type", "Content-Transfer-Encoding")
)


def packed(text: str) -> str:
    """Without white space: Python's parser puts some between the encoded words of a name."""
    return "".join(text.split())


def one_line(text: str) -> str:
    cleaned = re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]", " ", text)
    return " ".join(cleaned.split())


@settings(deadline=None, max_examples=80)
@given(ANY, ANY, ANY, ANY)
def test_no_hole_adds_a_header_or_a_recipient(name: str, title: str, text: str, local: str) -> None:
    envelope = write(
        {
            "to": "{name} <ada@example.com>; bob@example.com",
            "cc": '"{name}, {title}" <carol@example.com>',
            "from": "{title} <desk@example.com>",
            "subject": "About {title}",
            "message": "{text}",
            "html": "<b>{text}</b>",
        },
        name=name,
        title=title,
        text=text,
    )
    assert envelope.recipients == ("ada@example.com", "bob@example.com", "carol@example.com")
    assert envelope.sender == "desk@example.com"
    message = parsed(envelope)
    assert sorted({*message.keys(), "Content-Transfer-Encoding"}) == HEADERS
    assert len(message.keys()) == len(set(message.keys()))
    assert not message.defects
    assert [spec for _, spec in addresses(message, "To")] == ["ada@example.com", "bob@example.com"]
    assert packed(addresses(message, "To")[0][0]) == packed(one_line(name)[:200])
    assert [spec for _, spec in addresses(message, "Cc")] == ["carol@example.com"]
    assert [spec for _, spec in addresses(message, "From")] == ["desk@example.com"]
    assert packed(message["Subject"]) == packed(one_line(f"About {title}")[:500])
    assert envelope.message.isascii()
    for line in lines_of(envelope.message.partition(b"\r\n\r\n")[0]):
        assert len(line) <= 78
        assert re.match(rb"[A-Za-z-]+: | ", line)
    assert re.findall(r"<.*?>", body(message, "html"), re.DOTALL) == ["<b>", "</b>"]
    try:
        envelope = write({"to": "{local}@example.com", "subject": "x", "message": "x"}, local=local)
    except OperationError:
        return
    assert envelope.recipients == (f"{local.strip(' ')}@example.com",)


@settings(deadline=None, max_examples=80)
@given(st.lists(ANY, max_size=4))
def test_a_hole_is_one_address_at_most(values: Sequence[str]) -> None:
    for value in values:
        try:
            envelope = write({"to": "{value}", "subject": "x", "message": "x"}, value=value)
        except OperationError:
            continue
        assert len(envelope.recipients) == 1
        assert envelope.recipients[0] in value
        assert parsed(envelope)["To"].addresses[0].addr_spec == envelope.recipients[0]


def test_it_is_described_as_written() -> None:
    made = letter({"to": "{n} <{e}>; bob@example.com", "subject": "Hi {n}", "message": "x"})
    assert made.describe() == ("to: {{ row.n }} <{{ row.e }}>; bob@example.com\nsubject: Hi {{ row.n }}\nmessage: x")
