"""Letters on their way: what is sent once, what is tried again, what is given up and who hears of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from tests.resolvers.integrations.smtp.conftest import PASSWORD, USER, MailServer, make_certificate
from tidegate.resolvers.integrations.smtp.letters import Envelope
from tidegate.resolvers.integrations.smtp.outgoing import AT_ONCE, Letters, Server

SOON = (0.02,) * 200


def server_of(mail: MailServer, **changes: Any) -> Server:
    plain = Server("127.0.0.1", mail.port, None, None, implicit_tls=False, start_tls=None, timeout=5.0)
    return replace(plain, **changes)


@asynccontextmanager
async def sending(mail: MailServer, pauses: tuple[float, ...] = SOON, **changes: Any) -> AsyncIterator[Letters]:
    outgoing = Letters("mail", server_of(mail, **changes), pauses)
    outgoing.start()
    try:
        yield outgoing
    finally:
        await outgoing.close()


def envelope(number: int = 0, *recipients: str) -> Envelope:
    content = b"Subject: letter %d\r\n\r\n.one\r\n.\r\n..two\r\nend\r\n" % number
    return Envelope(content, "desk@example.com", recipients or ("ada@example.com",), f"letter {number}")


async def test_it_is_sent_as_it_is(mail: MailServer) -> None:
    await mail.start()
    async with sending(mail) as outgoing:
        outgoing.put(envelope())
        (letter,) = await mail.received()
        assert letter.content == envelope().message
        assert (letter.sender, letter.recipients) == ("desk@example.com", ("ada@example.com",))
        assert outgoing.waiting == 0


async def test_many_are_sent_over_few_connections(mail: MailServer) -> None:
    await mail.start()
    count = 3 * AT_ONCE
    async with sending(mail) as outgoing:
        for number in range(count):
            outgoing.put(envelope(number))
        letters = await mail.received(count)
        assert [letter.content for letter in letters] == [envelope(number).message for number in range(count)]
        assert mail.connections <= 4


async def test_what_cannot_be_sent_now_is_sent_once_later(mail: MailServer, caplog: pytest.LogCaptureFixture) -> None:
    """The server is not there; then it is, and has no time; then it has."""
    async with sending(mail) as outgoing:
        outgoing.put(envelope(1))
        outgoing.put(envelope(2))
        await mail.until(lambda: "letter 2 could not be sent" in caplog.text)
        mail.moods += ["451 Later", "421 Not now", "452 Full"]
        await mail.start()
        letters = await mail.received(2)
        assert {letter.content for letter in letters} == {envelope(1).message, envelope(2).message}
        assert not outgoing.failures
        assert outgoing.waiting == 0
    assert "the server cannot be reached" in caplog.text
    assert "example.com" not in caplog.text


async def test_a_server_that_hangs_up(mail: MailServer) -> None:
    """In the middle of a conversation, before it has a letter."""
    hung_up = 0

    def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal hung_up
        hung_up += 1
        writer.write(b"220 hello\r\n" if hung_up % 2 else b"")
        writer.close()

    rude = await asyncio.start_server(hang_up, "127.0.0.1", mail.port)
    async with sending(mail) as outgoing:
        outgoing.put(envelope())
        await mail.until(lambda: hung_up >= 4)
        rude.close()
        await mail.start()
        await mail.received()


async def test_what_the_server_does_not_want_is_given_up(mail: MailServer, caplog: pytest.LogCaptureFixture) -> None:
    mail.moods.append("554 ada@example.com: no, desk@example.com")
    mail.refused["bob@example.com"] = "550 bob@example.com does not live here"
    await mail.start()
    async with sending(mail) as outgoing:
        outgoing.put(envelope(1))
        outgoing.put(envelope(2, "bob@example.com"))
        outgoing.put(envelope(3))
        await mail.received()
        assert [(failure.about, failure.why) for failure in outgoing.failures] == [
            ("letter 1", "the server answered 554"),
            ("letter 2", "the server refuses its recipients (550)"),
        ]
    assert [record.levelno for record in caplog.records if record.name.startswith("tidegate")] == [logging.ERROR] * 2
    assert "example.com" not in caplog.text


async def test_some_of_the_recipients_are_refused(mail: MailServer) -> None:
    """Those who may have it later get it later, and nobody twice."""
    mail.refused = {"bob@example.com": "450 Later", "eve@example.com": "550 Unknown"}
    await mail.start()
    async with sending(mail) as outgoing:
        outgoing.put(envelope(1, "ada@example.com", "bob@example.com", "eve@example.com"))
        letters = await mail.received(2)
        assert [letter.recipients for letter in letters] == [("ada@example.com",), ("bob@example.com",)]
        assert [failure.why for failure in outgoing.failures] == ["1 of its recipients were refused"]
        mail.refused = {"bob@example.com": "450 Later", "eve@example.com": "550 Unknown"}
        outgoing.put(envelope(2, "bob@example.com", "eve@example.com"))
        assert (await mail.received(3))[2].recipients == ("bob@example.com",)
        assert len(outgoing.failures) == 2


async def test_it_is_given_up_when_there_are_no_pauses_left(mail: MailServer) -> None:
    async with sending(mail, (0.01, 0.01)) as outgoing:
        outgoing.put(envelope())
        await mail.until(lambda: bool(outgoing.failures))
        assert outgoing.waiting == 0
        await mail.start()
        outgoing.put(envelope(2))
        await mail.received()


async def test_the_end_sends_what_waits(mail: MailServer, caplog: pytest.LogCaptureFixture) -> None:
    async with sending(mail, (600.0,)) as outgoing:
        for number in range(5):
            outgoing.put(envelope(number))
        await mail.until(lambda: caplog.text.count("could not be sent") == 5)
        await mail.start()
    await mail.received(5)
    assert not outgoing.failures


async def test_the_end_names_what_is_lost(mail: MailServer, caplog: pytest.LogCaptureFixture) -> None:
    async with sending(mail, (600.0,)) as outgoing:
        outgoing.put(envelope(1))
        await mail.until(lambda: "could not be sent" in caplog.text)
        outgoing.put(envelope(2))
    assert {failure.about for failure in outgoing.failures} == {"letter 1", "letter 2"}
    assert "letter 1 was not sent" in caplog.text
    assert outgoing.waiting == 0


async def test_the_end_does_not_wait_for_a_server_that_says_nothing(mail: MailServer) -> None:
    writers: list[asyncio.StreamWriter] = []
    silent = await asyncio.start_server(lambda _reader, writer: writers.append(writer), "127.0.0.1", mail.port)
    async with sending(mail, timeout=60.0) as outgoing:
        outgoing.put(envelope(1))
        outgoing.put(envelope(2))
    assert [failure.why for failure in outgoing.failures] == ["the gateway was stopped"] * 2
    silent.close()
    for writer in writers:
        writer.close()


async def test_encrypted_and_logged_in(mail: MailServer) -> None:
    mail.certificate = mail.wants_login = True
    await mail.start()
    ca = str(make_certificate(mail.folder))
    async with sending(mail, user=USER, password=PASSWORD, start_tls=True, ca=ca) as outgoing:
        outgoing.put(envelope())
        (letter,) = await mail.received()
        assert letter.encrypted
        assert mail.logins == 1


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"start_tls": True, "ca": None}, "the server cannot be reached (SSLCertVerificationError)"),
        ({"password": "wrong"}, "the server does not accept the user and password (535)"),
        ({"start_tls": False}, "the server lacks what is needed: encryption, or a way to log in"),
    ],
)
async def test_a_server_that_is_not_trusted_or_does_not_trust(
    mail: MailServer, caplog: pytest.LogCaptureFixture, changes: dict[str, Any], why: str
) -> None:
    """Nothing is sent to it, the password least of all."""
    mail.certificate = mail.wants_login = True
    await mail.start()
    ca = str(make_certificate(mail.folder))
    settings = {"user": USER, "password": PASSWORD, "start_tls": True, "ca": ca, **changes}
    async with sending(mail, (0.01,), **settings) as outgoing:
        outgoing.put(envelope())
        await mail.until(lambda: bool(outgoing.failures))
        assert [failure.why for failure in outgoing.failures] == [why]
    assert not mail.letters
    assert bool(mail.logins) is ("password" in changes)
    for secret in (PASSWORD, "wrong", "example.com", USER + "\0"):
        assert secret not in caplog.text


async def test_encryption_that_must_be_and_is_not_there(mail: MailServer) -> None:
    await mail.start()
    async with sending(mail, (0.01,), start_tls=True) as outgoing:
        outgoing.put(envelope())
        await mail.until(lambda: bool(outgoing.failures))
    assert not mail.letters


async def test_nothing_secret_is_shown(mail: MailServer) -> None:
    assert PASSWORD not in repr(server_of(mail, user=USER, password=PASSWORD))
