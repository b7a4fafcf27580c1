"""`tidegate init --from` a GraphQL server: what is made is in order, and the server understands what it is asked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from dotenv import dotenv_values
from graphql import build_schema, graphql_sync

from tests.resolvers.integrations.graphql.world import THEIRS, opened, serving, write
from tests.resolvers.servers import Request, Server
from tidegate.app import Gateway
from tidegate.core.user import CurrentUser

Run = Callable[..., Result]

AWKWARD = """
directive @cost(is: Int) on FIELD_DEFINITION
"A moment, as we write it."
scalar Moment
scalar UUID
interface Node { id: ID! }
union Found = Person | Pet
type PageInfo { hasNextPage: Boolean! }
type Person implements Node {
  id: ID!
  "The \\"name\\" \\\\ of ${USER}"
  name: String
  born: Moment
  key: UUID
  friends(first: Int!, after: String = "x"): [Person!]!
  best: Person
  pets(first: Int = 3): [Pet]
  node: Node
  old: Int @deprecated(reason: "no \\"more\\"")
}
type Pet { owner: Person! }
type Lonely { found: Found back: Lonelier }
type Lonelier { back: Lonely }
type Outer { inner: Inner id: ID! }
type Inner { outer: Outer }
type Page { info: PageInfo! people: [Person!]! }
enum Order { ASC DESC }
input Where { and: [Where!], name: String = "x", order: Order! = ASC, born: Moment! }
type Query {
  person(id: ID!, where: Where = { order: DESC, born: 1 }): Person
  people(where: Where!, order: [Order!]! = [ASC]): Page!
  node(id: ID!): Node
  found: [Found!]
  lonely: Lonely
  moment: Moment!
  refreshed: Int
  inner: Inner
}
type Mutation { person(name: String!): Person! rename("Why" where: Where!): Order }
type Subscription { personChanged: ID! }
"""


def ask(folder: Path, text: str, environ: Mapping[str, str], **variables: Any) -> Any:
    """Any: JSON."""

    async def run() -> Any:
        gateway = Gateway.load(folder, environ)
        await gateway.open()
        try:
            user = CurrentUser("admin", 2, {}, None, verified=True)
            return json.loads((await gateway.execute(text, None, variables, user)).body)
        finally:
            await gateway.close()

    return run()


async def test_another_gateway(tidegate: Run, tmp_path: Path) -> None:
    folder = tmp_path / "desk"
    async with opened(write(tmp_path / "crm", THEIRS)) as theirs, serving(theirs) as url:
        made = await asyncio.to_thread(tidegate, "init", folder, "--from", url, "--read-role", "anonymous")
        assert made.exit_code == 0, made.stderr
        assert "Its subscriptions (customers, customer, count, secret, refreshed) can tell of changes" in made.stderr
        environ = {name: str(value) for name, value in dotenv_values(folder / ".env").items()}
        checked = await asyncio.to_thread(tidegate, "check", folder, "--online")
        assert checked.exit_code == 0, checked.stderr
        query = """
        mutation { add(customer: { name: "Cleo", since: "2024-01-02" }) { id kind since } }
        """
        said = await ask(folder, query, environ)
        assert said["data"] == {"add": {"id": 3, "kind": "PRIVATE", "since": "2024-01-02"}}
        said = await ask(
            folder, "{ customers(kind: PRIVATE) { name orders { total customer { name } } } count }", environ
        )
        ada = {"total": 10.5, "customer": {"name": "Ada"}}
        assert said["data"] == {
            "customers": [
                {"name": "Ada", "orders": [ada, {**ada, "total": 1.0}]},
                {"name": "Cleo", "orders": []},
            ],
            "count": 3,
        }
        again = await asyncio.to_thread(tidegate, "init", folder, "--from", url)
        assert "Nothing was written" in again.stderr
    # It is down: what is written is in order all the same.
    assert (await asyncio.to_thread(tidegate, "check", folder)).exit_code == 0
    nobody = await asyncio.to_thread(tidegate, "init", tmp_path / "other", "--from", url)
    assert nobody.exit_code != 0
    assert "Nobody answers there" in nobody.stderr


async def test_an_awkward_server(tidegate: Run, tmp_path: Path) -> None:
    schema = build_schema(AWKWARD)
    asked: list[str] = []

    def answer(request: Request) -> None:
        if request.headers.get("authorization") != "Bearer 'x' $y":
            request.answer(b'{"errors":[{"message":"Who are you?"}]}', 401, content_type="application/json")
            return
        body = json.loads(request.body)
        asked.append(body["query"])
        root = {
            "person": {"id": 1, "name": "Ada", "born": [1], "best": {"id": 2}, "key": "0" * 32},
            "people": {"info": {"hasNextPage": False}, "people": []},
            "moment": {"at": 1},
            "rename": "DESC",
        }
        result = graphql_sync(schema, body["query"], root, variable_values=body.get("variables"))
        request.answer(json.dumps(result.formatted).encode(), content_type="application/graphql-response+json")

    folder = tmp_path / "made"
    async with Server(answer) as server:
        url = f"http://127.0.0.1:{server.port}/"
        refused = await asyncio.to_thread(tidegate, "init", folder, "--from", url)
        assert "It does not tell its schema (status 401)." in " ".join(refused.stderr.split())
        header = ("--header", "Authorization: Bearer 'x' $y")
        made = await asyncio.to_thread(tidegate, "init", folder, "--from", url, *header, "--skip", "rename")
        assert made.exit_code == 0, made.stderr
        told = " ".join(made.stderr.split())
        for line in (
            "The query node is left out: Node is an interface or a union.",
            "The query found is left out: Found is an interface or a union.",
            "The query lonely is left out: Lonely has no field that can be had.",
            "The query refreshed is called refreshedQuery here.",
            "The mutation person is called personMutation here.",
            "Person.friends is left out: it needs the argument first.",
            "Person.node is left out: Node is an interface or a union.",
        ):
            assert line in told
        assert "$y" not in (folder / "tidegate.yaml").read_text()
        environ = {name: str(value) for name, value in dotenv_values(folder / ".env").items()}
        assert environ["API_AUTHORIZATION"] == "Bearer 'x' $y"
        checked = await asyncio.to_thread(tidegate, "check", folder, "--online")
        assert checked.exit_code == 0, checked.stderr
        query = """
        {
          person(id: 1) { name born best { id pets { owner { id } } } }
          people(where: { born: 1 }) { info { hasNextPage } }
          moment
        }
        """
        said = await ask(folder, query, environ)
        assert said["data"] == {
            "person": {"name": "Ada", "born": [1], "best": {"id": "2", "pets": None}},
            "people": {"info": {"hasNextPage": False}},
            "moment": {"at": 1},
        }
    document = "query($id: ID!, $where: Where) { person(id: $id, where: $where) "
    assert document + "{ name born best { id pets { owner { id } } } } }" in asked


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--header", "Authorization"), "Write it like"),
        (("--header", "Host: x"), "Write it like"),
    ],
)
async def test_headers_are_looked_at(tidegate: Run, tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    async with Server(lambda request: request.answer(b"hello")) as server:
        url = f"http://127.0.0.1:{server.port}/"
        made = await asyncio.to_thread(tidegate, "init", tmp_path / "x", "--from", url, *arguments)
    assert (made.exit_code, said in made.stderr) == (2, True)


def test_headers_are_for_graphql(tidegate: Run, tmp_path: Path) -> None:
    made = tidegate("init", tmp_path / "x", "--from", tmp_path / "shop.db", "--header", "A: b")
    assert "Only a GraphQL server is sent headers." in " ".join(made.stderr.split())
