"""Operations called from the console."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.web.console.conftest import Console, events, only, token
from tests.web.streaming import until
from tidegate.web.console_calls import MOST_CALLS, MOST_STEPS, MOST_VALUE, MOST_VALUES

ADA = {"sub": "1", "email": "ada@acme.example", "role": "customer"}
SAM = {"sub": "4", "email": "sam@desk.example", "role": "support"}


def wanted(operation: str, who: Any = None, **arguments: Any) -> dict[str, Any]:
    """Any: JSON."""
    return {"operation": operation, "arguments": arguments, "as": who}


async def test_a_query_as_anybody(author: Console) -> None:
    told = await author.call("run", wanted("myTickets", {"claims": ADA}, first=1))
    assert [name for name, _ in told] == ["answer", "complete"]
    answer = only(told, "answer")
    assert answer["role"] == "customer"
    assert answer["ms"] > 0
    (ticket,) = answer["body"]["data"]["myTickets"]
    assert ticket["email"] == "ada@acme.example"
    assert "internalNote" not in ticket
    told = await author.call("run", wanted("myTickets", {"claims": ADA, "role": "admin"}, first=1))
    assert "internalNote" in only(told, "answer")["body"]["data"]["myTickets"][0]
    told = await author.call("run", wanted("myTickets", None))
    assert only(told, "answer")["body"]["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_as_oneself(author: Console, operator: Console) -> None:
    body = {"operation": "me"}
    told = await author.call("run", body, **token("grace"))
    assert only(told, "answer")["body"]["data"]["me"]["name"] == "Grace"
    told = await operator.call("run", body, **token("kim"))
    assert only(told, "answer")["body"]["data"]["me"]["name"] == "Kim"


async def test_a_mutation_says_what_it_refreshes(author: Console) -> None:
    told = await author.call(
        "run", {**wanted("createTicket", {"claims": ADA}, title="A", description="B"), "selection": "{ id title }"}
    )
    body = only(told, "answer")["body"]
    assert body["data"]["createTicket"]["title"] == "A"
    assert set(body["data"]["createTicket"]) == {"id", "title"}
    assert "myTickets" in body["extensions"]["refreshed"]


async def test_the_steps_of_a_function_with_what_they_gave(author: Console, operator: Console) -> None:
    told = await author.call("run", wanted("triageTicket", {"claims": SAM}, id="1"))
    names = [name for name, _ in told]
    assert names[0] == "run"
    assert names[-1] == "complete"
    stepped = {data["label"]: data for name, data in told if name == "stepped"}
    assert stepped["ticket"]["value"]["id"] == "1"
    assert stepped["ticket"]["size"] > 0
    assert stepped["words"]["seconds"] > 0
    assert stepped["words"]["parent"] == stepped["try"]["number"]
    assert stepped["ticket"]["at"].startswith("operations/triage.yaml:")
    assert only(told, "ended")["failure"] is None
    # An operator sees that they happened, and not what they gave.
    told = await operator.call("run", {"operation": "triageTicket", "arguments": {"id": "1"}}, **token("kim"))
    assert next(data["label"] for name, data in told if name == "stepped") == "ticket"
    assert not any("value" in data for _, data in told if data)


async def test_what_is_too_large_is_counted_and_not_told(author: Console) -> None:
    text = "x" * MOST_VALUE
    told = await author.call("run", wanted("answerTicket", {"claims": SAM}, id="1", text=text))
    large = [data for name, data in told if name == "stepped" and data.get("size", 0) > MOST_VALUE]
    assert large
    assert not any("value" in data for data in large)


async def test_of_many_steps_the_first_are_told_and_the_others_counted(author: Console) -> None:
    many = MOST_STEPS + 200
    (author.folder / "operations" / "many.yaml").write_text(
        "many:\n  kind: mutation\n  minRole: anonymous\n  returns: Int\n  timeout: 60s\n"
        "  args: { items: JSON!, text: String }\n"
        "  steps:\n    - each: $args.items\n      do: [ { as: one, value: { text: $args.text } } ]\n    - return: 1\n"
    )
    await author.gateway.reload()
    told = await author.call("run", wanted("many", items=[0] * many))
    begun = [data["number"] for name, data in told if name == "begun"]
    assert begun == [*range(1, MOST_STEPS + 1)]
    # All that are told to have begun are told to have ended: nothing seems to go on for ever.
    assert {data["number"] for name, data in told if name == "stepped"} == {*begun}
    assert only(told, "ended")["untold"] == {"steps": many + 2 - MOST_STEPS, "lines": 0}
    # What a page that does not read may leave with us.
    large = "x" * (MOST_VALUE - 100)
    told = await author.call("run", wanted("many", items=[0] * (MOST_VALUES // MOST_VALUE + 40), text=large))
    sizes = [len(str(data["value"])) for name, data in told if name == "stepped" and "value" in data]
    assert MOST_VALUES - 2 * MOST_VALUE < sum(sizes) <= MOST_VALUES


async def test_what_is_wrong_with_a_call(author: Console) -> None:
    for body, code in (
        ({}, "BAD_USER_INPUT"),
        ({"operation": 1}, "BAD_USER_INPUT"),
        (wanted("nothing"), "NOT_FOUND"),
        (wanted("me", nonsense=1), "BAD_USER_INPUT"),
        ({"operation": "me", "arguments": []}, "BAD_USER_INPUT"),
        ({"operation": "me", "as": "ada"}, "BAD_USER_INPUT"),
        (wanted("me", {"claims": []}), "BAD_USER_INPUT"),
        (wanted("me", {"claims": {}}), "BAD_USER_INPUT"),
        (wanted("me", {"claims": ADA, "role": "king"}), "BAD_USER_INPUT"),
    ):
        status, found = await author.refused("run", body)
        assert (status, found) == (404 if code == "NOT_FOUND" else 400, code), body
    told = await author.call("run", {**wanted("me", {"claims": ADA}), "selection": "{ nonsense }"})
    assert only(told, "answer")["body"]["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
    told = await author.call("run", wanted("ticket", {"claims": ADA}))
    assert only(told, "answer")["body"]["errors"]
    large = await author.client.post(
        "/console/api/run", content=b" " * 2_000_000, headers={"content-type": "application/json"}
    )
    assert large.status_code == 413


async def test_no_more_than_so_many_at_once(author: Console) -> None:
    slow = author.folder / "operations" / "slow.yaml"
    slow.write_text(
        "slow: { kind: mutation, minRole: anonymous, returns: Int, timeout: 60s, steps: [ { wait: 50s } ] }\n"
    )
    await author.gateway.reload()

    async def ask(begun: asyncio.Event) -> None:
        async with author.client.stream("POST", "/console/api/run", json=wanted("slow")) as answer:
            async for _ in events(answer):
                begun.set()

    marks = [asyncio.Event() for _ in range(MOST_CALLS)]
    tasks = [asyncio.create_task(ask(mark)) for mark in marks]
    await asyncio.gather(*(mark.wait() for mark in marks))
    assert await author.refused("run", wanted("openTickets")) == (429, "LIMIT")
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    # Who goes away ends the call, and its place is free.
    await until(lambda: not any(each["kind"] == "run" and not each["seconds"] for each in author.insight.recent()))
    assert only(await author.call("run", wanted("openTickets")), "answer")["body"]["data"]
