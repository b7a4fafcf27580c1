"""From somebody's mutation to other people's browsers: what actions emit, when it is committed."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx

from tests.web.events import Browser, Events, browsing, serving, token

FILES = {
    "schema.sql/0001_tables.sql": "create table notes (id integer primary key, owner text, text text) strict;",
    "objects/notes.yaml": """
notes:
  integration: desk
  key: id
  type: Note
  access: { read: { customer: all }, create: { customer: all } }
  actions:
    check:    { on: before create, js: check.js }
    announce: { on: during create, js: announce.js }
    fail:     { on: during create, where: "text = 'bad'", js: fail.js }
    after:    { on: after create, js: after.js }
    ring:     { on: demand, minRole: agent, params: { whom: String! }, js: ring.js }
""",
    "operations/notes.yaml": """
addNote:
  kind: mutation
  minRole: customer
  args: { text: String! }
  returns: Note!
  run: { use: notes, create: { owner: $currentUser.email, text: $args.text } }
""",
    "check.js": "function backandCallback(input) { socket.emitRole('checked', { text: input.text }, 'agent'); }",
    "announce.js": """
function backandCallback(userInput, dbRow, parameters, userProfile) {
  socket.emitUsers('filed', { id: dbRow.id, text: dbRow.text }, [userProfile.userId]);
}
""",
    "fail.js": "function run() { throw new Error('not like this'); }",
    "after.js": "function run(input, context) { socket.emitAll('done', context.row.id); }",
    "ring.js": "function run(input, context) { return socket.emitUsers('ring', 'now', [context.parameters.whom]); }",
}


async def mutate(events: Events, who: str, text: str) -> Any:
    address = f"http://127.0.0.1:{events.port}/graphql"
    async with httpx.AsyncClient(trust_env=False, verify=False, timeout=60) as http:
        headers = {"authorization": f"Bearer {who}"}
        return (await http.post(address, json={"query": text}, headers=headers)).json()


async def test_what_actions_emit_reaches_those_it_is_for(tmp_path: Path) -> None:
    folder = tmp_path / "events"
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    more = "  desk: { kind: sqlite, file: desk.db, migrations: schema.sql }"
    types = "type Note { id: Int! owner: String text: String }"
    async with serving(folder, more, types=types) as events, AsyncExitStack() as stack:

        async def browser(auth: Any, transport: str) -> Browser:
            return await stack.enter_async_context(browsing(events, auth=auth, transports=[transport]))

        ada, bob = token("ada"), token("bob", "agent")
        one, two = await browser({"token": ada}, "websocket"), await browser({"token": ada}, "polling")
        agent, nobody = await browser({"token": bob}, "websocket"), await browser({}, "polling")
        everybody = (one, two, agent, nobody)
        for each in everybody:
            await each.until(lambda said: any("connect" in word for word in said))
        refused = await mutate(events, ada, 'mutation { addNote(text: "bad") { id } }')
        assert refused["errors"][0]["message"] == "not like this"
        assert (await mutate(events, ada, 'mutation { addNote(text: "good") { id } }'))["data"]
        rung = await mutate(events, bob, 'mutation { notesRing(whom: "ada") }')
        assert rung == {"data": {"notesRing": {"status": 200, "message": "ok"}}}
        assert (await mutate(events, ada, 'mutation { notesRing(whom: "bob") }'))["errors"]
        for each in (one, two):
            await each.until(lambda said: any("ring" in str(word) for word in said))
            assert each.events() == [["filed", {"id": 1, "text": "good"}], ["done", 1], ["ring", "now"]]
        for each in (agent, nobody):
            await each.until(lambda said: any("done" in str(word) for word in said))
        assert agent.events() == [["checked", {"text": "good"}], ["done", 1]]
        assert nobody.events() == [["done", 1]]
