"""What the page is told, of a project, its operations, and what it stands on."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.realtime.screens import SECRET, connect, watch
from tests.web.console.conftest import Console, Opened, only, token
from tidegate.console.standing import SHOWN
from tidegate.settings import Environment
from tidegate.web.console import MOST_RUNS

KIM = {"sub": "6", "email": "kim@desk.example", "role": "admin"}
SAM = {"sub": "4", "email": "sam@desk.example", "role": "support"}


async def test_the_project(opened: Opened) -> None:
    demo = [{"name": "kim", "role": "admin", "claims": KIM, "token": "a.b.c"}]
    author = await opened(environment=Environment.DEVELOPMENT, demo=demo)
    project = await author.get("project")
    assert (project["name"], project["roles"]) == ("servicedesk", ["anonymous", "customer", "support", "admin"])
    assert project["demo"] == demo
    operations = {each["name"]: each for each in project["operations"]}
    assert set(operations) == set(author.gateway.catalog.operations)
    created = operations["createTicket"]
    assert (created["kind"], created["minRole"], created["returns"]) == ("mutation", "customer", "Ticket!")
    assert [(each["name"], each["type"], each["required"]) for each in created["arguments"]] == [
        ("title", "String!", True),
        ("description", "String!", True),
        ("priority", "Priority", False),
    ]
    assert created["arguments"][2]["default"] == "NORMAL"
    file, _, line = created["at"].rpartition(":")
    assert (author.folder / file).read_text().splitlines()[int(line) - 1].startswith("createTicket:")
    assert operations["myTickets"]["live"]["throttle"] > 0
    assert operations["triageTicket"]["function"]
    assert list(project["types"]["Status"]["values"]) == ["Todo", "InProgress", "Done"]
    assert project["types"]["NewTicket"]["kind"] == "input"


async def test_an_operation(author: Console) -> None:
    mine = await author.get("operations/myTickets")
    (step,) = mine["steps"]
    assert step["tone"] == "ask"
    assert "SELECT" in step["asked"][0]["text"]
    assert "$currentUser.email" in step["asked"][0]["text"]
    assert mine["role"] == "customer"
    assert mine["svg"].startswith("<svg")
    assert mine["mermaid"].startswith("flowchart")
    refreshing = await author.get("operations/myTickets/refreshing")
    assert refreshing["grade"] == "keyed"
    assert "createTicket" in refreshing["others"]
    created = await author.get("operations/createTicket/refreshing")
    assert {"myTickets", "openTickets"} <= {*created["others"]}
    higher = await author.get("operations/myTickets?role=admin")
    assert (higher["role"], "internalNote" in higher["selection"]) == ("admin", True)
    triaged = await author.get("operations/triageTicket")
    titles = [step["title"] for step in triaged["steps"]]
    assert titles[:3] == ["call ticket", "try", "choose"]
    assert [arm["label"] for arm in triaged["steps"][1]["arms"]] == ["", "catch: where something fails"]
    assert await author.refused("operations/nothing") == (404, "NOT_FOUND")
    assert await author.refused("operations/nothing/refreshing") == (404, "NOT_FOUND")
    assert await author.refused("operations/triageTicket?role=customer") == (400, "BAD_USER_INPUT")
    assert await author.refused("operations/triageTicket?role=nobody") == (400, "BAD_USER_INPUT")
    assert await author.refused("operations/") == (404, "NOT_FOUND")


async def test_every_operation_has_a_plan(author: Console) -> None:
    for name in author.gateway.catalog.operations:
        told = await author.get(f"operations/{name}")
        assert told["steps"], name
        assert told["document"].startswith(("query", "mutation")), name


async def test_what_stands(operator: Console) -> None:
    kim = token("kim")
    ada = await connect(operator.gateway, "ada")
    screen, _ = watch(ada, "subscription { myTickets { id } }")
    await screen.next(1)
    state = await operator.get("state", **kim)
    assert state["connections"]["count"] == 1
    (connection,) = state["connections"]["shown"]
    assert (connection["user"], connection["role"], connection["subscriptions"]) == ("1", "customer", 1)
    assert (state["live"]["count"], state["live"]["watchers"]) == (1, 1)
    (query,) = state["live"]["shown"]
    assert (query["operation"], query["role"], query["watchers"]) == ("myTickets", "customer", 1)
    assert query["reads"] == [{"table": "tickets", "keys": ["email"]}]
    assert state["counters"]["refreshes"] == 1
    async with operator.client.stream("GET", "/console/api/live", headers=kim) as answer:
        assert answer.status_code == 200
        followed = (await operator.get("state", **kim))["connections"]["shown"]
        assert {each["transport"] for each in followed} == {"", "console"}


async def test_no_more_than_so_many_are_told(operator: Console) -> None:
    clients = [await connect(operator.gateway, who) for who in ("ada", "alan", "grace") for _ in range(SHOWN // 2)]
    state = await operator.get("state", **token("kim"))
    assert (state["connections"]["count"], len(state["connections"]["shown"])) == (len(clients), SHOWN)


async def test_how_it_is(operator: Console) -> None:
    health = await operator.get("health", **token("kim"))
    (db,) = health["integrations"]
    assert (db["name"], db["kind"], db["ok"], db["trouble"]) == ("db", "sqlite", True, "")
    assert health["sandbox"]["programs"] == ["functions/find_words.js", "functions/judge.py"]
    assert health["sandbox"]["state"] in ("strict", "weak")


async def test_runs(author: Console) -> None:
    said = await author.call(
        "run", {"operation": "answerTicket", "arguments": {"id": "9999", "text": "No."}, "as": {"claims": SAM}}
    )
    id = only(said, "run")["id"]
    runs: list[dict[str, object]] = []
    while not runs:
        runs = (await author.get("runs"))["runs"]
    assert [(run["id"], run["function"], run["origin"]) for run in runs] == [(id, "answerTicket", "console")]
    whole = await author.get(f"runs/{id}")
    assert whole["failure"]["code"] == "NOT_FOUND"
    assert whole["arguments"]["text"] == "No."
    assert not any("value" in step for step in whole["steps"])
    assert (await author.get("runs?function=triageTicket"))["runs"] == []
    assert len((await author.get("runs?most=0"))["runs"]) == 0
    assert len((await author.get(f"runs?most={MOST_RUNS * 9}"))["runs"]) == 1
    # The whole id, or another's could be found by guessing.
    assert await author.refused(f"runs/{id[:12]}") == (404, "NOT_FOUND")
    again = await author.call(f"runs/{id}/replay", {})
    assert only(again, "answer")["body"]["errors"][0]["extensions"]["code"] == "NOT_FOUND"
    assert only(again, "run")["id"] != id
    assert await author.refused("runs/nothing/replay", {}) == (404, "NOT_FOUND")


async def test_what_others_sent_is_for_authors(operator: Console) -> None:
    kim = token("kim")
    said = {"id": "1", "text": "My pin is 4711."}
    query = "mutation ($id: ID!, $text: String!) { answerTicket(id: $id, text: $text) { id } }"
    sam = await connect(operator.gateway, "sam")
    await sam.execute(query, None, said)
    runs: list[dict[str, object]] = []
    while not runs:
        runs = (await operator.get("runs", **kim))["runs"]
    whole = await operator.get(f"runs/{runs[0]['id']}", **kim)
    for run in (runs[0], whole):
        assert run["arguments"] is None
        assert run["user"] == {"id": "4"}
        assert "4711" not in json.dumps(run)
        assert "sam@" not in json.dumps(run)


async def test_nothing_that_is_told_holds_a_secret_or_where_the_server_is(operator: Console, author: Console) -> None:
    for console in (operator, author):
        for path in ("project", "state", "health", "runs", "operations/createTicket"):
            text = json.dumps(await console.get(path, **token("kim")))
            for word in (SECRET, str(console.folder), "desk.db", str(Path.home())):
                assert word not in text, (path, word)
            assert not re.search(r'"(secret|password|url|file)":', text), path
