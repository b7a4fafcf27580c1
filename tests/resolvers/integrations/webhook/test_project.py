"""Hooks of a whole project: triggered by actions, functions and operations, when what they are about is committed."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qs

import orjson
import pytest

from tests.resolvers.integrations.webhook.test_deliveries import until
from tests.resolvers.servers import Request, Server
from tests.web.conftest import FakeGateway, running
from tidegate.app import Gateway
from tidegate.core.json import Json
from tidegate.core.problems import ProjectError
from tidegate.core.user import CurrentUser
from tidegate.settings import Settings

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
PATH = "/hooks/catch/4711/t0psecret"

PROJECT = """
name: hooks
roles: [anonymous, admin]
auth:
  jwt: { algorithms: HS256, secret: "a secret for tests that has more than 32 bytes" }
  currentUser: { id: sub }
integrations:
  db: { kind: sqlite, file: desk.db, migrations: migrations }
  pager: { kind: zapier, hook: "${HOOK}" }
  other: { kind: webhook, url: "${OTHER}", secret: "${SECRET}", headers: { X-From: desk } }
"""
FILES = {
    "tidegate.yaml": PROJECT,
    "types.graphql": """
type Ticket { id: Int! title: String! teamId: Int team: Team }
type Team { id: Int! name: String! }
""",
    "migrations/0001_tables.sql": """
create table teams (id integer primary key, name text not null);
create table tickets (id integer primary key, title text not null, team_id integer references teams (id));
insert into teams values (1, 'Red');
""",
    "objects/all.yaml": """
teams: { integration: db, table: teams, key: id, type: Team, access: { read: { anonymous: all } } }
tickets:
  integration: db
  table: tickets
  key: id
  type: Ticket
  columns: { teamId: { column: team_id } }
  relations: { team: { one: teams, on: { id: teamId } } }
  access: { read: { anonymous: all }, create: { anonymous: all } }
  actions:
    tell:
      on: during create
      where: "{{ row.title }} <> 'quiet'"
      trigger: { use: pager, id: $row.id, title: $row.title, team: $row.team.name, by: $currentUser.id }
    form:
      on: after create
      where: "{{ row.title }} = 'form'"
      trigger: { use: other, form: { title: $row.title, tags: [a, "b&c"] }, search: { of: "a {{ row.id }}" } }
    check: { on: during create, js: actions/check.js }
""",
    "actions/check.js": "function backandCallback(input) { if (input.title === 'bad') throw new Error('No.'); }",
    "operations/all.yaml": """
tickets: { kind: query, minRole: anonymous, returns: "[Ticket!]!", run: { use: tickets, list: {} } }
create: { kind: mutation, minRole: anonymous, args: { title: String!, teamId: Int }, returns: Int,
  run: { use: tickets, create: { title: $args.title, teamId: $args.teamId } } }
page: { kind: mutation, minRole: anonymous, args: { what: JSON, header: String }, returns: Boolean!,
  run: { use: other, trigger: { body: $args.what, headers: { X-Own: "<{{ args.header }}>" } } } }
whole: { kind: mutation, minRole: anonymous, args: { what: JSON! }, returns: Boolean!,
  run: { use: pager, trigger: $args.what } }
seek: { kind: mutation, minRole: anonymous, args: { what: JSON! }, returns: Boolean!,
  run: { use: other, trigger: { search: $args.what } } }
say: { kind: mutation, minRole: anonymous, args: { what: String! }, returns: Boolean!,
  run: { use: pager, trigger: { text: "{{ args.what }}!" } } }
several:
  kind: mutation
  minRole: anonymous
  args: { fail: Boolean! }
  returns: Boolean!
  steps:
    - transaction: db
      do:
        - { use: pager, trigger: { n: 1 }, retry: { times: 3, interval: 100ms } }
        - try:
            - { use: pager, trigger: { n: 2 } }
            - { use: db, sql: "insert into teams values (1, 'no')" }
          catch: [{ use: pager, trigger: { n: 3, why: $error.code } }]
        - if: $args.fail
          then: [{ use: db, sql: "insert into teams values (1, 'again')" }]
    - { as: told, use: pager, trigger: { n: 4 } }
    - { return: $told }
""",
}


class Hooks(Server):
    """Takes everything, or answers as it is told."""

    def __init__(self) -> None:
        self.status = 200
        super().__init__(lambda request: request.answer(b'{"status":"success"}', self.status))

    async def __aenter__(self) -> Hooks:
        await super().__aenter__()
        return self

    @property
    def bodies(self) -> list[Json]:
        return [orjson.loads(request.body) for request in self.asked]

    async def posted(self, count: int) -> list[Request]:
        await until(lambda: len(self.asked) >= count)
        return self.asked


def write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(exist_ok=True, parents=True)
        file.write_text(text)


@asynccontextmanager
async def opened(folder: Path, environ: Mapping[str, str]) -> AsyncIterator[Gateway]:
    gateway = Gateway.load(folder, environ, weak=True)
    await gateway.open()
    try:
        yield gateway
    finally:
        await gateway.close()


class Desk:
    def __init__(self, gateway: Gateway, hooks: Hooks, other: Hooks) -> None:
        self.gateway = gateway
        self.hooks = hooks
        self.other = other

    # Any: JSON.
    async def ask(self, text: str, **variables: Json) -> Any:
        user = CurrentUser("anonymous", 0, {"id": "kim"}, None, True)
        return orjson.loads((await self.gateway.execute(text, None, variables, user)).body)

    async def end(self) -> None:
        """What is under way has arrived then."""
        await self.gateway.close()


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    write(tmp_path, FILES)
    async with Hooks() as hooks, Hooks() as other:
        environ = {
            "HOOK": f"http://127.0.0.1:{hooks.port}{PATH}",
            "OTHER": f"http://127.0.0.1:{other.port}/in?x=1",
            "SECRET": SECRET,
        }
        async with opened(tmp_path, environ) as gateway:
            yield Desk(gateway, hooks, other)


async def test_actions_tell_of_rows_that_are_committed(desk: Desk) -> None:
    said = await desk.ask(
        'mutation { a: create(title: "loud", teamId: 1) b: create(title: "quiet") c: create(title: "form") }'
    )
    assert said == {"data": {"a": 1, "b": 1, "c": 1}, "extensions": said["extensions"]}
    said = await desk.ask('mutation { create(title: "bad") }')
    assert said["errors"][0]["extensions"]["code"] == "ACTION_FAILED"
    await desk.end()
    assert sorted(desk.hooks.bodies, key=str) == [
        {"id": 1, "title": "loud", "team": "Red", "by": "kim"},
        {"id": 3, "title": "form", "team": None, "by": "kim"},
    ]
    (form,) = desk.other.asked
    assert form.target == "/in?x=1&of=a%203"
    assert (form.headers["content-type"], form.headers["x-from"]) == ("application/x-www-form-urlencoded", "desk")
    assert parse_qs(form.body.decode()) == {"title": ["form"], "tags": ["a", "b&c"]}
    assert form.headers["webhook-signature"].startswith("v1,")


@pytest.mark.parametrize("fail", [False, True])
async def test_functions_tell_what_was_not_undone(desk: Desk, fail: bool) -> None:
    said = await desk.ask("mutation ($fail: Boolean!) { several(fail: $fail) }", fail=fail)
    await desk.end()
    if fail:
        assert said["errors"][0]["extensions"]["code"] == "CONFLICT"
        assert desk.hooks.asked == []
    else:
        assert said["data"] == {"several": True}
        assert sorted(desk.hooks.bodies, key=str) == [{"n": 1}, {"n": 3, "why": "CONFLICT"}, {"n": 4}]


async def test_operations_post_what_they_are_given(desk: Desk) -> None:
    text = "mutation ($what: JSON, $header: String) { page(what: $what, header: $header) }"
    assert (await desk.ask(text, what=[1, {"a": None}], header="é"))["data"] == {"page": True}
    for header in ("a\r\nx-evil: 1", "\u2603"):
        said = await desk.ask(text, what=1, header=header)
        assert said["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert (await desk.ask("mutation { page }"))["data"] == {"page": True}
    assert (await desk.ask('mutation { whole(what: { body: "mine" }) say(what: "Wake") }'))["data"]
    said = await desk.ask("mutation ($what: JSON!) { whole(what: $what) }", what="x" * 1024 * 1024)
    assert said["errors"][0]["extensions"]["code"] == "LIMIT"
    await desk.end()
    posted = {request.body: request for request in desk.other.asked}
    assert posted.keys() == {b'[1,{"a":null}]', b""}
    assert posted[b'[1,{"a":null}]'].headers["x-own"] == "<é>"
    assert sorted(request.body for request in desk.hooks.asked) == [b"Wake!", b'{"body":"mine"}']


async def test_a_client_says_nothing_over_the_address(desk: Desk) -> None:
    said = await desk.ask("mutation ($what: JSON!) { seek(what: $what) }", what={"x": "mine", "X": 2, "y": 3})
    assert said["data"] == {"seek": True}
    await desk.end()
    (request,) = desk.other.asked
    assert request.target == "/in?x=1&y=3"


async def test_nothing_shows_where_the_hook_is(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    desk.hooks.status = 404
    assert (await desk.ask('mutation { say(what: "x") }'))["data"] == {"say": True}
    await until(lambda: "the hook answered 404" in caplog.text)
    request = desk.gateway.catalog.operations["page"].plan.run[0].prepared
    seen = [
        caplog.text,
        desk.gateway.api.sdl,
        repr(desk.gateway.catalog.integrations),
        request.compile(None, 0).describe(),
    ]
    assert "X-Own" in seen[-1]
    for text in seen:
        assert "t0psecret" not in text
        assert SECRET not in text
    for text in seen[1:]:
        assert "127.0.0.1" not in text


RECEIVER = """
name: receiver
roles: [anonymous]
integrations: { db: { kind: sqlite, file: in.db, migrations: migrations } }
"""


async def test_one_gateway_hooks_another(tmp_path: Path) -> None:
    """Each delivery counts once, although the answer to it was lost."""
    sender, receiver = tmp_path / "sender", tmp_path / "receiver"
    write(sender, FILES)
    write(
        receiver,
        {
            "tidegate.yaml": RECEIVER,
            "migrations/0001_got.sql": "create table got (id integer primary key, title text, n integer);",
            "operations/all.yaml": """
got:
  kind: query
  minRole: anonymous
  returns: String
  run: { use: db, sql: "select group_concat(title || n) from (select * from got order by title)" }
take:
  kind: mutation
  minRole: anonymous
  args: { title: String, n: Int }
  returns: Int
  run: { use: db, sql: "insert into got (title, n) values ({{ args.title }}, {{ args.n }})" }
  webhook: { path: from/desk, secret: "${SECRET}", signature: standard }
""",
        },
    )
    async with AsyncExitStack() as stack:
        other = await stack.enter_async_context(opened(receiver, {"SECRET": SECRET}))
        site = await stack.enter_async_context(running(cast(FakeGateway, other), Settings(port=0)))

        async def forward(request: Request) -> None:
            """A proxy that loses the first answer."""
            response = await site.client.post("/webhooks/from/desk", content=request.body, headers=request.headers)
            if len(proxy.asked) == 1:
                request.close()
            else:
                request.answer(response.content, response.status_code)

        proxy = await stack.enter_async_context(Server(forward))
        environ = {"HOOK": "http://127.0.0.1:1/", "OTHER": f"http://127.0.0.1:{proxy.port}/", "SECRET": SECRET}
        gateway = await stack.enter_async_context(opened(sender, environ))
        desk = Desk(gateway, Hooks(), Hooks())
        await desk.ask('mutation { page(what: { title: "one", n: 1 }, header: "x") }')
        await until(lambda: len(proxy.asked) == 2)
        await desk.ask('mutation { page(what: { title: "two", n: 2 }, header: "x") }')
        await desk.end()
        user = CurrentUser("anonymous", 0, {}, None, True)
        found = orjson.loads((await other.execute("{ got }", None, None, user)).body)["data"]["got"]
    assert found == "one1,two2"


MISTAKES = {
    'pager: { kind: zapier, hook: "ftp://x" }': '"hook" of the integration "pager" is not the address of a hook.',
    'pager: { kind: zapier, hook: "https://u:p4ss@x.example/t0p" }': (
        '"hook" of the integration "pager" holds a password.'
    ),
    'pager: { kind: webhook, url: "https://x.example/t0p", header: x }': (
        'The integration "pager" has "header" and no "secret". Write one, or remove it.'
    ),
    'pager: { kind: webhook, url: "https://x.example/t0p", secret: p4ss }': (
        '"secret" of the integration "pager": The secret is shorter than 16 bytes, so it can be guessed.'
    ),
    f'pager: {{ kind: webhook, url: "https://x.example/t0p", secret: "{SECRET}", signature: stripe, header: x }}': (
        'Signatures of the kind stripe are in headers of their own: "pager" cannot choose one.'
    ),
}


@pytest.mark.parametrize("setting", MISTAKES)
def test_mistakes_in_settings(tmp_path: Path, setting: str) -> None:
    settings = PROJECT.replace('pager: { kind: zapier, hook: "${HOOK}" }', setting)
    write(tmp_path, {**FILES, "tidegate.yaml": settings})
    with pytest.raises(ProjectError) as raised:
        Gateway.load(tmp_path, {"OTHER": "http://x/", "SECRET": SECRET})
    assert MISTAKES[setting] in str(raised.value)
    for secret in ("t0p", "p4ss", SECRET):
        assert secret not in str(raised.value)


WRONG = {
    "trigger: { body: 1, ticket: 2 }": '"ticket" is not a key of "trigger".',
    "trigger: { body: 1, serch: { a: 1 } }": (
        '"serch" is not a key of "trigger". Did you mean "search"? What is sent stands under body.'
    ),
    "trigger: { body: 1, form: { a: 1 } }": '"form" and "body" cannot both be sent.',
    "trigger: { form: [1] }": '"form" is a mapping of names to values.',
    "trigger: { headers: { Webhook-Id: a } }": '"Webhook-Id" cannot be a header of a trigger.',
    "trigger: { headers: { Host: a } }": '"Host" cannot be a header of a trigger.',
    "trigger: { ticket: $args.nothing }": 'There is no argument "nothing".',
    "triger: { ticket: 1 }": '"triger" is not something that can be asked of the integration "pager".',
}


@pytest.mark.parametrize("run", WRONG)
def test_mistakes_in_requests(tmp_path: Path, run: str) -> None:
    wrong = f"wrong: {{ kind: mutation, minRole: anonymous, returns: Boolean!, run: {{ use: pager, {run} }} }}"
    write(tmp_path, {**FILES, "operations/wrong.yaml": wrong})
    with pytest.raises(ProjectError) as raised:
        Gateway.load(tmp_path, None)
    (problem,) = raised.value.problems
    assert WRONG[run] in str(problem)
    assert str(problem.at).startswith("operations/wrong.yaml:1:")


def test_mistakes_of_actions_and_types(tmp_path: Path) -> None:
    objects = FILES["objects/all.yaml"].replace("{ use: pager, id:", "{ use: db, id:")
    operations = FILES["operations/all.yaml"].replace(
        "what: String! }, returns: Boolean!", "what: String! }, returns: Int!"
    )
    write(tmp_path, {**FILES, "objects/all.yaml": objects, "operations/all.yaml": operations})
    with pytest.raises(ProjectError) as raised:
        Gateway.load(tmp_path, None)
    assert '"db" cannot trigger anything. Name an integration of the kind webhook or zapier.' in str(raised.value)
    assert '"trigger" does not answer Int!. Write returns: Boolean!.' in str(raised.value)
