"""Live queries over another server: asked only while somebody watches, and once however many do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.resolvers.integrations.http.world import Shop, shop, site, until, watching
from tests.resolvers.servers import Request
from tests.web.conftest import Running

pytestmark = pytest.mark.asyncio(loop_scope="module")

OPERATIONS = """
price: { kind: query, minRole: anonymous, returns: JSON,
  run: { use: crm, get: { path: /price, poll: 100ms, resource: prices } } }
stock: { kind: query, minRole: anonymous, returns: JSON, run: { use: crm, get: { path: /stock, resource: stock } } }
any: { kind: query, minRole: anonymous, returns: JSON, run: { use: crm, get: /any } }
etag: { kind: query, minRole: anonymous, returns: JSON, run: { use: crm, get: { path: /etag, poll: 100ms } } }
setStock:
  kind: mutation
  minRole: anonymous
  args: { n: Int! }
  returns: JSON
  run: { use: crm, put: { path: /stock, body: $args.n, resource: stock } }
add: { kind: mutation, minRole: anonymous, args: { text: String! }, returns: Note!,
  run: { use: notes, create: { text: $args.text } } }
both:
  kind: query
  minRole: anonymous
  returns: Pair!
  steps:
    - { use: notes, count: {}, as: notes }
    - { use: crm, get: { path: /customers/1, poll: 100ms, resource: customers }, as: customer }
    - return: { notes: $notes, customer: $customer }
undone:
  kind: mutation
  minRole: anonymous
  args: { n: Int! }
  returns: Boolean
  steps:
    - transaction: db
      do:
        - { use: notes, create: { text: never } }
        - { use: crm, put: { path: /stock, body: $args.n, resource: stock } }
        - refuse: No.
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shop]:
    async with shop(tmp_path_factory.mktemp("shop"), OPERATIONS) as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def there(desk: Shop) -> AsyncIterator[Running]:
    async with site(desk) as running:
        yield running


async def settle(count: Any) -> int:
    """What it is when nothing more comes: what was on its way when the last watcher left is over by then."""
    before = -1
    while before != count():
        before = count()
        await asyncio.sleep(0.5)
    return before


async def test_one_poll_for_all_who_watch_and_none_for_nobody(desk: Shop, there: Running) -> None:
    def asked() -> int:
        return desk.crm.count("GET /price")

    desk.crm.on("/price", 1)
    await asyncio.sleep(0.3)
    assert asked() == 0
    async with watching(there, "subscription { price }") as one, watching(there, "subscription { price }") as two:
        assert await one.next() == await two.next() == {"data": {"price": 1}}
        await until(lambda: asked() >= 5)
        desk.crm.on("/price", 2)
        assert await one.next() == await two.next() == {"data": {"price": 2}}
        # Were each of them asked for, there would be two for each change.
        released = asyncio.Event()
        starting = asked()

        async def hold(request: Request) -> None:
            await released.wait()
            request.answer(b"3", content_type="application/json")

        desk.crm.answers["/price"] = hold
        await until(lambda: asked() > starting)
        await asyncio.sleep(0.5)
        assert asked() == starting + 1
        released.set()
        assert await one.next() == await two.next() == {"data": {"price": 3}}
    last = await settle(asked)
    await asyncio.sleep(0.5)
    assert asked() == last


async def test_etags_spare_the_body(desk: Shop, there: Running) -> None:
    values: list[Any] = ["1"]

    def answer(request: Request) -> None:
        tag = f'"{values[-1]}"'
        if request.headers.get("if-none-match") == tag:
            request.answer(b"", 304, etag=tag)
        else:
            request.answer(values[-1].encode(), content_type="application/json", etag=tag)
        statuses.append(304 if request.headers.get("if-none-match") == tag else 200)

    statuses: list[int] = []
    desk.crm.answers["/etag"] = answer
    async with watching(there, "subscription { etag }") as one:
        assert await one.next() == {"data": {"etag": 1}}
        await until(lambda: statuses.count(304) >= 2)
        values.append("2")
        assert await one.next() == {"data": {"etag": 2}}
        await until(lambda: statuses[-1] == 304)
    assert statuses.count(200) == 2


async def test_a_server_that_goes_and_comes(desk: Shop, there: Running) -> None:
    desk.crm.on("/price", 10)
    async with watching(there, "subscription { price }") as one:
        assert await one.next() == {"data": {"price": 10}}
        desk.crm.answers["/price"] = lambda request: request.close()
        failed = await one.next()
        assert failed["errors"][0]["extensions"]["code"] == "UPSTREAM_FAILED"
        desk.crm.on("/price", 11)
        await one.until({"price": 11})


async def test_a_write_concerns_its_resource(desk: Shop, there: Running) -> None:
    for path in ("/price", "/stock", "/any"):
        desk.crm.on(path, 0)
    async with (
        watching(there, "subscription { stock }") as stock,
        watching(there, "subscription { any }") as anything,
    ):
        await stock.next()
        await anything.next()
        desk.crm.on("GET /stock", 5)
        desk.crm.on("/any", 5)
        assert await desk.ask("mutation { setStock(n: 5) }") == 0
        assert await stock.next() == {"data": {"stock": 5}}
        assert await anything.next() == {"data": {"any": 5}}
        # What fails, and is not undone for that, is told as well.
        desk.crm.on("GET /stock", 6)
        desk.crm.answers["PUT /stock"] = lambda request: request.close()
        assert (await desk.ask("mutation { setStock(n: 6) }"))["code"] == "UPSTREAM_FAILED"
        assert await stock.next() == {"data": {"stock": 6}}
        desk.crm.on("GET /stock", 7)
        desk.crm.on("PUT /stock", None)
        assert (await desk.ask("mutation { undone(n: 7) }"))["code"] == "REFUSED"
        assert await stock.next() == {"data": {"stock": 7}}
    assert await desk.ask("mutation { setStock(n: 5) }") is None


async def test_a_function_over_two_integrations(desk: Shop, there: Running) -> None:
    def customer(name: str) -> dict[str, Any]:
        return {"id": 1, "name": name}

    desk.crm.on("/customers/1", customer("Ada"))
    async with watching(there, "subscription { both { notes customer { name } } }") as one:
        assert await one.next() == {"data": {"both": {"notes": 0, "customer": {"name": "Ada"}}}}
        await desk.ask('mutation { add(text: "x") { id } }')
        assert await one.next() == {"data": {"both": {"notes": 1, "customer": {"name": "Ada"}}}}
        desk.crm.on("/customers/1", customer("Bob"))
        assert await one.next() == {"data": {"both": {"notes": 1, "customer": {"name": "Bob"}}}}
    last = await settle(lambda: desk.crm.count("GET /customers/1"))
    await desk.ask('mutation { add(text: "y") { id } }')
    await asyncio.sleep(0.3)
    assert desk.crm.count("GET /customers/1") == last
