"""Two gateways: one that has customers, and one that asks it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import orjson

from tests.realtime.screens import Screen, nothing, watch
from tests.web.conftest import FakeGateway, running
from tidegate.app import Gateway
from tidegate.core.json import Json
from tidegate.core.user import CurrentUser
from tidegate.settings import Settings

TOKEN = "s3cret-of-the-other-one"

THEIRS = {
    "tidegate.yaml": """
name: crm
roles: [anonymous, admin]
integrations: { db: { kind: sqlite, file: crm.db, migrations: migrations } }
""",
    "types.graphql": """
"Who buys."
type Customer { id: Int! name: String! kind: Kind! since: Date orders: [Order!]! }
type Order { id: Int! customerId: Int! total: Float! customer: Customer }
enum Kind { PRIVATE BUSINESS }
input NewCustomer { name: String!, kind: Kind = PRIVATE, since: Date }
""",
    "migrations/0001_customers.sql": """
create table customers (id integer primary key, name text not null, kind text not null, since text);
create table orders (
  id integer primary key, customer_id integer not null references customers (id), total real not null
);
insert into customers values (1, 'Ada', 'PRIVATE', '2020-01-02'), (2, 'Bob', 'BUSINESS', null);
insert into orders values (1, 1, 10.5), (2, 1, 1), (3, 2, 7);
""",
    "objects/all.yaml": """
customers:
  integration: db
  key: id
  type: Customer
  relations: { orders: { many: orders, on: { customerId: id } } }
  access: { read: { anonymous: all }, create: { anonymous: all }, update: { anonymous: all } }
orders:
  integration: db
  key: id
  type: Order
  columns: { customerId: { column: customer_id } }
  relations: { customer: { one: customers, on: { id: customerId } } }
  access: { read: { anonymous: all } }
""",
    "operations/all.yaml": """
customers:
  kind: query
  minRole: anonymous
  args: { kind: Kind, first: Int = 100 }
  returns: "[Customer!]!"
  run: { use: customers, list: { where: { kind: $args.kind }, orderBy: id, limit: $args.first } }
customer:
  kind: query
  minRole: anonymous
  args: { id: Int! }
  returns: Customer
  run: { use: customers, get: { where: { id: $args.id } } }
count: { kind: query, minRole: anonymous, returns: Int!, run: { use: customers, count: {} } }
secret: { kind: query, minRole: admin, returns: Int!, run: { use: customers, count: {} } }
add:
  kind: mutation
  minRole: anonymous
  args: { customer: NewCustomer!, boss: String }
  returns: Customer!
  run:
    use: customers
    create: { name: $args.customer.name, kind: $args.customer.kind, since: $args.customer.since }
rename:
  kind: mutation
  minRole: anonymous
  args: { id: Int!, name: String! }
  returns: Customer
  run: { use: customers, update: { where: { id: $args.id }, set: { name: $args.name } } }
""",
}

OURS = {
    "tidegate.yaml": """
name: desk
roles: [anonymous, admin]
limits: { timeout: 30s }
integrations:
  crm:
    kind: graphql
    url: "${CRM}"
    headers: { X-Key: "${TOKEN}" }
    schema: crm.graphql
""",
    "types.graphql": """
type Customer { id: ID! name: String! kind: Kind since: Date orders: [Order!]! }
type Order { id: ID! total: Float customer: Customer }
type Short { id: ID! label: String! }
type Summary { customers: [Short!]! count: Int! }
enum Kind { PRIVATE BUSINESS }
""",
    "operations/all.yaml": """
customers:
  kind: query
  minRole: anonymous
  args: { kind: Kind, first: Int = 10 }
  returns: "[Customer!]!"
  run: { use: crm, query: { field: customers, args: { kind: $args.kind, first: $args.first }, resource: customers } }
customer:
  kind: query
  minRole: anonymous
  args: { id: Int! }
  returns: Customer
  run: { use: crm, query: { field: customer, args: { id: $args.id }, resource: customers } }
labels:
  kind: query
  minRole: anonymous
  args: { kind: Kind }
  returns: "[Short!]!"
  run:
    use: crm
    query:
      document: "query ($kind: Kind) { customers(kind: $kind, first: 5) { id label: name } }"
      variables: { kind: $args.kind }
      resource: customers
summary:
  kind: query
  minRole: anonymous
  returns: Summary!
  run: { use: crm, query: summary.graphql }
first:
  kind: query
  minRole: anonymous
  returns: Short
  run: { use: crm, query: { document: "{ customers { id label: name } }", data: "$.customers[0]" } }
total:
  kind: query
  minRole: anonymous
  returns: Float!
  steps:
    - as: ada
      use: crm
      query: { field: customer, args: { id: 1 }, select: "name orders { total }", resource: customers }
    - { return: $ada.orders.0.total }
plain:
  kind: query
  minRole: anonymous
  returns: JSON
  steps: [{ use: crm, query: { field: customers, args: { first: 1 } } }]
forbidden:
  kind: query
  minRole: anonymous
  returns: Int
  run: { use: crm, query: "{ secret }" }
add:
  kind: mutation
  minRole: anonymous
  args: { name: String!, since: Date }
  returns: Customer!
  run:
    use: crm
    mutation: { field: add, args: { customer: { name: $args.name, since: $args.since } }, resource: customers }
rename:
  kind: mutation
  minRole: anonymous
  args: { id: Int!, name: String! }
  returns: Short
  run:
    use: crm
    mutation:
      document: "mutation ($id: Int!, $name: String!) { rename(id: $id, name: $name) { id label: name } }"
      variables: { id: $args.id, name: $args.name }
      resource: customers
""",
    "summary.graphql": """
query Summary {
  customers { ...Short }
  count
}
fragment Short on Customer { id label: name }
""",
}


def write(folder: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(exist_ok=True, parents=True)
        file.write_text(text)
    return folder


@asynccontextmanager
async def opened(folder: Path, environ: Mapping[str, str] | None = None) -> AsyncIterator[Gateway]:
    gateway = Gateway.load(folder, environ or {})
    await gateway.open()
    try:
        yield gateway
    finally:
        await gateway.close()


@asynccontextmanager
async def serving(gateway: Gateway, port: int = 0) -> AsyncIterator[str]:
    """Its address."""
    async with running(cast(FakeGateway, gateway), Settings(port=port)) as site:
        yield f"http://{site.host}:{site.port}/graphql"


# Any: JSON.
async def ask(gateway: Gateway, text: str, **variables: Json) -> Any:
    user = CurrentUser("anonymous", 0, {}, None, True)
    return orjson.loads((await gateway.execute(text, None, variables, user)).body)


async def screen(gateway: Gateway, text: str) -> Screen:
    shown, _ = watch(await gateway.connect([], nothing), text)
    await shown.next(1)
    return shown


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - anything may make it true
            await asyncio.sleep(0.01)
