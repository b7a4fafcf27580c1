"""E-mails of a whole project: from actions and operations, when what they are about is committed, and only then."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import orjson
import pytest

from tests.resolvers.integrations.smtp.conftest import MailServer, Received, make_certificate
from tests.resolvers.integrations.smtp.test_letters import SMUGGLED, one_line, packed
from tidegate.app import Gateway
from tidegate.core.json import Json
from tidegate.core.user import CurrentUser
from tidegate.resolvers.integrations.smtp.integration import SmtpIntegration

FILES = {
    "types.graphql": """
type Person { id: Int! name: String email: String }
type Ticket { id: Int! title: String! authorId: Int teamId: Int author: Person team: Team }
type Team { id: Int! name: String! leaderId: Int leader: Person }
""",
    "migrations/0001_tables.sql": """
create table people (id integer primary key, name text, email text);
create table teams (id integer primary key, name text not null, leader_id integer references people (id));
create table tickets (
  id integer primary key, title text not null,
  author_id integer references people (id) deferrable initially deferred,
  team_id integer references teams (id)
);
insert into people values (1, 'Ada', 'ada@example.com'), (2, 'Bob "B" é', 'bob@example.com'), (3, 'Nobody', null);
insert into people values (4, 'x <evil@evil.example>', 'a@b.example, evil@evil.example');
insert into teams values (1, 'Red', 2);
insert into tickets values (1, 'old', 1, 1), (2, 'other', 2, null);
""",
    "objects/all.yaml": """
people:
  { integration: db, table: people, key: id, type: Person, access: { read: { anonymous: all } } }
teams:
  integration: db
  table: teams
  key: id
  type: Team
  columns: { leaderId: { column: leader_id } }
  relations: { leader: { one: people, on: { id: leaderId } } }
  access: { read: { anonymous: all } }
tickets:
  integration: db
  table: tickets
  key: id
  type: Ticket
  columns: { authorId: { column: author_id }, teamId: { column: team_id } }
  relations: { author: { one: people, on: { id: authorId } }, team: { one: teams, on: { id: teamId } } }
  access:
    read: { anonymous: all }
    create: { anonymous: all }
    update: { anonymous: all }
    delete: { anonymous: all }
  actions:
    thank:
      on: after create
      where: "{{ row.title }} <> 'quiet'"
      email:
        use: mail
        to: "{{ row.author.name }} <{{ row.author.email }}>"
        subject: "Ticket {{ row.id }}: {{ row.title }}"
        message: mail/thank.txt
        html: mail/thank.html
    warn:
      on: during update
      email:
        use: mail
        to: "{{ row.author.email }}; {{ row.team.leader.email }}"
        bcc: audit@example.com
        subject: "{{ prev.title }} is {{ row.title }}"
        message: "By {{ currentUser.id }}"
    check: { on: during update, js: actions/check.js }
    goodbye:
      on: [during delete, after delete]
      email:
        use: mail
        to: $row.author.email
        subject: "Gone: {{ row.title }} of {{ row.author.name }}, {{ row.team.name }}"
        message: x
    remind:
      on: demand
      minRole: anonymous
      params: { who: "[String!]!", note: String }
      email:
        { use: mail, to: $args.who, cc: $row.author.email, subject: "{{ config.name }} {{ args.note }}", message: x }
""",
    "mail/thank.txt": "Dear {{ row.author.name }},\nyour {{ row.title }} is with {{ row.team.name }}.\n.\nThe desk\n",
    "mail/thank.html": "<p>Dear <b>{{ row.author.name }}</b>: {{ row.title }}</p>\n",
    "actions/check.js": """
function backandCallback(userInput, dbRow) {
  if (userInput.title === 'bad') throw new Error('No.');
}
""",
    "operations/all.yaml": """
create: { kind: mutation, minRole: anonymous, args: { title: String!, authorId: Int, teamId: Int }, returns: Int,
  run: { use: tickets, create: { title: $args.title, authorId: $args.authorId, teamId: $args.teamId } } }
rename: { kind: mutation, minRole: anonymous, args: { id: Int!, title: String!, authorId: Int }, returns: Int,
  run: { use: tickets, updateMany: {
    where: { id: $args.id }, set: { title: $args.title, authorId: $args.authorId } } } }
remove: { kind: mutation, minRole: anonymous, args: { id: Int! }, returns: Boolean,
  run: { use: tickets, delete: { where: { id: $args.id } } } }
tell: { kind: mutation, minRole: anonymous, args: { to: "[String!]!", text: String! }, returns: Boolean!,
  run: { use: mail, send: { to: $args.to, from: "{{ currentUser.id }}@example.com", replyTo: help@example.com,
    subject: "{{ args.text }}", message: "{{ args.text }}" } } }
tickets: { kind: query, minRole: anonymous, returns: "[Ticket!]!", run: { use: tickets, list: {} } }
""",
}

SETTINGS = """
name: letters
roles: [anonymous, admin]
auth:
  jwt: {{ algorithms: HS256, secret: "a secret for tests that has more than 32 bytes" }}
  currentUser: {{ id: sub }}
config: {{ name: Desk }}
integrations:
  db: {{ kind: sqlite, file: desk.db, migrations: migrations }}
  mail: {{ kind: smtp, url: "{url}", from: "Service Desk <desk@example.com>"{more} }}
"""


@dataclass
class Desk:
    folder: Path
    gateway: Gateway

    @property
    def integration(self) -> SmtpIntegration:
        return cast(SmtpIntegration, self.gateway.catalog.integrations["mail"])

    # Any: JSON.
    async def ask(self, text: str, variables: Mapping[str, Json] | None = None) -> Any:
        user = CurrentUser("anonymous", 0, {"id": "kim"}, None, True)
        return orjson.loads((await self.gateway.execute(text, None, variables, user)).body)


def write(folder: Path, mail: MailServer, url: str = "", more: str = "") -> None:
    settings = SETTINGS.format(url=url or f"smtp://127.0.0.1:{mail.port}", more=more)
    for name, text in {**FILES, "tidegate.yaml": settings}.items():
        file = folder / name
        file.parent.mkdir(exist_ok=True, parents=True)
        file.write_text(text)


@asynccontextmanager
async def serving(folder: Path, mail: MailServer, url: str = "", more: str = "") -> AsyncIterator[Desk]:
    write(folder, mail, url, more)
    gateway = Gateway.load(folder, {})
    await gateway.open()
    try:
        yield Desk(folder, gateway)
    finally:
        await gateway.close()


@pytest.fixture
async def desk(mail: MailServer, tmp_path: Path) -> AsyncIterator[Desk]:
    await mail.start()
    async with serving(tmp_path / "project", mail) as desk:
        yield desk


async def sent(desk: Desk, mail: MailServer, count: int) -> list[Received]:
    """All there is, also when the gateway has ended."""
    await desk.gateway.close()
    assert len(mail.letters) == count
    return mail.letters


async def test_the_row_and_what_it_belongs_to(desk: Desk, mail: MailServer) -> None:
    said = await desk.ask('mutation { create(title: "<é> & co", authorId: 2, teamId: 1) }')
    assert said["data"] == {"create": 1}
    (letter,) = await sent(desk, mail, 1)
    assert (letter.sender, letter.recipients) == ("desk@example.com", ("bob@example.com",))
    message = letter.message
    assert message["From"].addresses[0].display_name == "Service Desk"
    assert "".join(message["To"].addresses[0].display_name.split()) == 'Bob"B"é'
    assert message["Subject"] == "Ticket 3: <é> & co"
    assert letter.part() == 'Dear Bob "B" é,\nyour <é> & co is with Red.\n.\nThe desk\n'
    assert letter.part("html") == "<p>Dear <b>Bob &quot;B&quot; é</b>: &lt;é&gt; &amp; co</p>\n"


async def test_conditions(desk: Desk, mail: MailServer) -> None:
    await desk.ask('mutation { a: create(title: "quiet", authorId: 1) b: create(title: "loud", authorId: 1) }')
    (letter,) = await sent(desk, mail, 1)
    assert letter.message["Subject"] == "Ticket 4: loud"


@pytest.mark.parametrize("author", [3, 4])
async def test_after_the_commit_the_caller_hears_of_a_bad_address(desk: Desk, mail: MailServer, author: int) -> None:
    said = await desk.ask('mutation ($a: Int!) { create(title: "x", authorId: $a) }', {"a": author})
    (error,) = said["errors"]
    assert (error["extensions"]["code"], error["extensions"]["committed"]) == ("ACTION_FAILED", True)
    assert "example" not in error["message"]
    assert len((await desk.ask("{ tickets { id } }"))["data"]["tickets"]) == 3
    await sent(desk, mail, 0)


async def test_several_recipients_and_the_row_before(desk: Desk, mail: MailServer) -> None:
    assert "errors" not in await desk.ask('mutation { rename(id: 1, title: "new", authorId: 1) }')
    (letter,) = await sent(desk, mail, 1)
    assert letter.recipients == ("ada@example.com", "bob@example.com", "audit@example.com")
    assert b"audit" not in letter.content
    assert letter.message["Subject"] == "old is new"
    assert letter.part() == "By kim\n"


async def test_nothing_is_sent_of_what_is_rolled_back(desk: Desk, mail: MailServer) -> None:
    said = await desk.ask('mutation { rename(id: 1, title: "bad", authorId: 1) }')
    assert said["errors"][0]["message"] == "No."
    # This one fails at the commit itself: there is no such author.
    said = await desk.ask('mutation { rename(id: 2, title: "new", authorId: 99) }')
    assert said["errors"], said
    titles = [row["title"] for row in (await desk.ask("{ tickets { title } }"))["data"]["tickets"]]
    assert titles == ["old", "other"]
    await sent(desk, mail, 0)


async def test_of_a_row_that_is_gone(desk: Desk, mail: MailServer) -> None:
    assert "errors" not in await desk.ask("mutation { remove(id: 1) }")
    letters = await sent(desk, mail, 2)
    assert {letter.message["Subject"] for letter in letters} == {"Gone: old of Ada, Red"}
    assert {letter.recipients for letter in letters} == {("ada@example.com",)}


async def test_on_demand(desk: Desk, mail: MailServer) -> None:
    text = 'mutation ($w: [String!]!) { ticketsRemind(id: 2, who: $w, note: "é\\r\\nBcc: evil@evil.example") }'
    said = await desk.ask(text, {"w": ["a@b.example", "Carol <c@d.example>"]})
    assert said == {"data": {"ticketsRemind": None}}
    said = await desk.ask(text, {"w": ["a@b.example, c@d.example"]})
    assert said["errors"][0]["extensions"]["code"] == "ACTION_FAILED"
    (letter,) = await sent(desk, mail, 1)
    assert letter.recipients == ("a@b.example", "c@d.example", "bob@example.com")
    assert letter.message["Subject"] == "Desk é Bcc: evil@evil.example"
    assert "Bcc" not in letter.message


async def test_as_an_operation(desk: Desk, mail: MailServer) -> None:
    text = 'mutation ($t: String!) { tell(to: ["ada@example.com"], text: $t) }'
    assert await desk.ask(text, {"t": ".\r\n.\nQUIT\n"}) == {"data": {"tell": True}}
    (letter,) = await sent(desk, mail, 1)
    assert (letter.sender, letter.recipients) == ("kim@example.com", ("ada@example.com",))
    assert letter.message["Reply-To"] == "help@example.com"
    assert letter.message["Subject"] == ". . QUIT"
    assert letter.part() == ".\n.\nQUIT\n"


async def test_what_is_smuggled_arrives_as_text(desk: Desk, mail: MailServer) -> None:
    text = 'mutation ($t: String!) { tell(to: ["ada@example.com"], text: $t) }'
    for smuggled in SMUGGLED:
        assert await desk.ask(text, {"t": smuggled}) == {"data": {"tell": True}}
        said = await desk.ask('mutation ($t: [String!]!) { tell(to: $t, text: "") }', {"t": [smuggled]})
        # Alone, it may be an address that the client is free to give.
        assert ("errors" in said) is (smuggled not in ("evil@evil.example", "<evil@evil.example>"))
    letters = [letter for letter in await sent(desk, mail, len(SMUGGLED) + 2) if letter.message["Subject"]]
    assert {letter.recipients for letter in letters} == {("ada@example.com",)}
    for letter, smuggled in zip(letters, SMUGGLED, strict=True):
        assert letter.message.keys()[:5] == ["From", "To", "Reply-To", "Subject", "Date"]
        assert packed(letter.message["Subject"]) == packed(one_line(smuggled)[:500])
        assert "".join(letter.part().split()) == "".join(smuggled.split())


async def test_a_server_that_is_down_keeps_nobody_waiting(mail: MailServer, tmp_path: Path) -> None:
    """And the gateway's end tries once more."""
    async with serving(tmp_path / "project", mail) as desk:
        async with asyncio.timeout(60):
            assert "errors" not in await desk.ask('mutation { create(title: "x", authorId: 1) }')
        await mail.until(lambda: bool(desk.integration.outgoing.waiting))
        await mail.start()
    await mail.received(1)


async def test_a_reload_sends_what_waits(desk: Desk, mail: MailServer) -> None:
    await mail.stop()
    await desk.ask('mutation { create(title: "before", authorId: 1) }')
    await mail.start()
    (desk.folder / "mail" / "thank.txt").write_text("Changed.\n")
    await desk.gateway.reload()
    await mail.received(1)
    await desk.ask('mutation { create(title: "after", authorId: 1) }')
    letters = await mail.received(2)
    assert [letter.message["Subject"] for letter in letters] == ["Ticket 3: before", "Ticket 4: after"]
    assert letters[1].part() == "Changed.\n"


async def test_settings(mail: MailServer, tmp_path: Path) -> None:
    mail.certificate = mail.wants_login = True
    await mail.start()
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "ca.pem").write_bytes(make_certificate(mail.folder).read_bytes())
    url = f"smtp://desk:p%40ss%3A%20w%C3%B6rd%2F%25@127.0.0.1:{mail.port}"
    async with serving(folder, mail, url, ", tls: required, ca: ca.pem") as desk:
        await desk.ask('mutation { create(title: "x", authorId: 1) }')
        (letter,) = await mail.received(1)
        assert letter.encrypted
