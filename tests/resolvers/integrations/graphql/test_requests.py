"""Another gateway's operations as ours: fields with the client's selection, documents, errors, what is live."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from tests.resolvers.integrations.graphql.world import OURS, THEIRS, TOKEN, ask, opened, screen, serving, write
from tidegate.app import Gateway
from tidegate.core.problems import ProjectError

pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass
class Pair:
    theirs: Gateway
    ours: Gateway
    url: str
    folder: Path


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pair(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Pair]:
    folder = tmp_path_factory.mktemp("pair")
    async with AsyncExitStack() as stack:
        theirs = await stack.enter_async_context(opened(write(folder / "crm", THEIRS)))
        url = await stack.enter_async_context(serving(theirs))
        files = {**OURS, "crm.graphql": theirs.api.sdl}
        ours = await stack.enter_async_context(opened(write(folder / "desk", files), {"CRM": url, "TOKEN": TOKEN}))
        yield Pair(theirs, ours, url, folder / "desk")


def documents(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records]


async def test_what_the_client_selects_is_what_is_asked_for(pair: Pair) -> None:
    said = await ask(
        pair.ours,
        "query ($k: Kind) { a: customers(kind: $k) { id who: name orders { total t: total __typename } __typename } }",
        k="PRIVATE",
    )
    orders = [{"total": 10.5, "t": 10.5, "__typename": "Order"}, {"total": 1.0, "t": 1.0, "__typename": "Order"}]
    assert said == {"data": {"a": [{"id": "1", "who": "Ada", "orders": orders, "__typename": "Customer"}]}}
    said = await ask(pair.ours, "{ customers(first: 1) { name kind since } customer(id: 9) { id } }")
    assert said["data"] == {"customers": [{"name": "Ada", "kind": "PRIVATE", "since": "2020-01-02"}], "customer": None}
    (request,) = pair.ours.catalog.operations["customers"].plan.run
    described = request.prepared.compile(None, 0).describe()
    assert (
        "query($kind: Kind, $first: Int) { customers(kind: $kind, first: $first) { id name kind since } }" in described
    )


async def test_documents(pair: Pair) -> None:
    said = await ask(
        pair.ours, "{ labels(kind: BUSINESS) { label } summary { count customers { label } } first { id } }"
    )
    assert said["data"] == {
        "labels": [{"label": "Bob"}],
        "summary": {"count": 2, "customers": [{"label": "Ada"}, {"label": "Bob"}]},
        "first": {"id": "1"},
    }


async def test_steps_have_what_they_select_or_every_plain_field(pair: Pair) -> None:
    said = await ask(pair.ours, "{ total plain }")
    assert said["data"] == {
        "total": 10.5,
        "plain": [{"id": 1, "name": "Ada", "kind": "PRIVATE", "since": "2020-01-02"}],
    }


async def test_mutations_refresh_what_reads_the_same(pair: Pair) -> None:
    customers = await screen(pair.ours, "subscription { customers { name } }")
    total = await screen(pair.ours, "subscription { total }")
    said = await ask(
        pair.ours, 'mutation { add(name: "Cleo", since: "2024-05-06") { id name kind since orders { id } } }'
    )
    assert said["data"]["add"] == {"id": "3", "name": "Cleo", "kind": "PRIVATE", "since": "2024-05-06", "orders": []}
    assert {"customers", "customer", "labels", "total", "plain"} <= set(said["extensions"]["refreshed"])
    shown = await customers.next(2)
    assert [each["name"] for each in shown["data"]["customers"]] == ["Ada", "Bob", "Cleo"]
    said = await ask(pair.ours, 'mutation { rename(id: 3, name: "Dora") { label } }')
    assert said["data"] == {"rename": {"label": "Dora"}}
    shown = await customers.next(3)
    assert shown["data"]["customers"][2] == {"name": "Dora"}
    assert len(total.shown) == 1


async def test_errors_are_ours_and_say_nothing_of_theirs(pair: Pair, caplog: pytest.LogCaptureFixture) -> None:
    said = await ask(pair.ours, "{ forbidden }")
    (error,) = said["errors"]
    assert error["message"] == "Another server could not do this."
    assert error["extensions"] == {"code": "UPSTREAM_FAILED", "status": 200}
    assert "it is answered with errors (UNAUTHENTICATED)" in caplog.text


async def test_a_project_that_does_not_fit_is_found_offline(pair: Pair, tmp_path: Path) -> None:
    wrong = """
a: { kind: query, minRole: anonymous, returns: "[Customer!]!", run: { use: crm, query: { field: custmers } } }
b: { kind: query, minRole: anonymous, returns: Customer, run: { use: crm, query: { field: customer } } }
c: { kind: query, minRole: anonymous, args: { id: Int }, returns: Customer,
  run: { use: crm, query: { field: customer, args: { id: $args.id, x: 1 } } } }
d: { kind: query, minRole: anonymous, returns: Customer,
  run: { use: crm, query: { field: customer, args: { id: one } } } }
e: { kind: query, minRole: anonymous, returns: Wrong, run: { use: crm, query: { field: customer, args: { id: 1 } } } }
f: { kind: query, minRole: anonymous, returns: Customer, run: { use: crm, query: { field: customers } } }
g: { kind: query, minRole: anonymous, returns: Int, run: { use: crm, query: "{ nothing }" } }
h: { kind: query, minRole: anonymous, returns: Int, run: { use: crm, query: wrong.graphql } }
i: { kind: query, minRole: anonymous, args: { id: Int! }, returns: Int,
  run: { use: crm, query: "{ customer(id: {{ args.id }}) }" } }
j: { kind: query, minRole: anonymous, returns: Int, run: { use: crm, mutation: "mutation { add { id } }" } }
k: { kind: query, minRole: anonymous, returns: Int,
  run: { use: crm, query: { field: count, document: "{ count }", pol: 1s } } }
l: { kind: mutation, minRole: anonymous, returns: Int, run: { use: crm, mutation: { field: add, poll: 1s,
  args: { customer: { nme: x } } } } }
"""
    write(
        tmp_path,
        {
            **OURS,
            "crm.graphql": pair.theirs.api.sdl,
            "types.graphql": OURS["types.graphql"] + "type Wrong { id: ID! nam: String orders: Order }",
            "operations/wrong.yaml": wrong,
            "wrong.graphql": "query {\n  customers {\n    nam\n  }\n}\n",
        },
    )
    with pytest.raises(ProjectError) as raised:
        Gateway.load(tmp_path, None)
    found = f"{raised.value}\n".replace("operations/wrong.yaml:", "")
    for line in (
        '2:97: The other server has no query "custmers". Did you mean "customers"?',
        '3:75: The field "customer" needs "id". Give it a value under args.',
        '5:58: The field "customer" needs "id", and $args.id may be left out. Declare it as Int!.',
        '"x" is no variable of the field "customer".',
        '"id" of the field "customer" is an Int; "one" is not',
        '"nam" of Wrong is no field of Customer there. Did you mean "name"?',
        '"orders" of Wrong is [Order!]! there, and Order here.',
        '"customers" is [Customer!]! there, and Customer here.',
        "Cannot query field 'nothing' on type 'Query'.",
        "wrong.graphql:3:5: Cannot query field 'nam' on type 'Customer'. Did you mean 'name'?\n",
        "Values are variables: write variables: { id: $args.id }.",
        '"document" and "field" do not go together.',
        '"pol" is not a key of "query". Did you mean "poll"?',
        "What writes is not asked again.",
        '"nme" is no field of NewCustomer. Did you mean "name"?',
        '"customer" of the field "add" needs "name".',
    ):
        assert line in found, found


async def test_what_has_changed_over_there_is_found_online(pair: Pair, tmp_path: Path) -> None:
    sdl = pair.theirs.api.sdl.replace("count: Int!", "counted: Int!\n  count: Int!")
    operations = OURS["operations/all.yaml"] + (
        'counted: { kind: query, minRole: anonymous, returns: Int!, run: { use: crm, query: "{ counted }" } }\n'
    )
    write(tmp_path, {**OURS, "crm.graphql": sdl, "operations/all.yaml": operations})
    gateway = Gateway.load(tmp_path, {"CRM": pair.url, "TOKEN": TOKEN})
    integration = gateway.catalog.integrations["crm"]
    await integration.open()
    (problem,) = await integration.check(gateway.catalog.surroundings)
    assert "\"crm\" does not take this: Cannot query field 'counted'" in str(problem)
    await integration.close()
