"""Strawberry as its documentation writes it: types, resolvers that make them from asyncpg's rows, subscriptions that
are generators, its ASGI view. It brings no pubsub; here a subscriber waits on a queue of its own, and gets what the
mutation has read."""

from __future__ import annotations

import asyncio
import os
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Hashable
from contextlib import asynccontextmanager

import asyncpg
import strawberry
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount
from strawberry.asgi import GraphQL

pool: asyncpg.Pool
queues: defaultdict[Hashable, set[asyncio.Queue]] = defaultdict(set)


@strawberry.type
class Ticket:
    id: int
    title: str
    status: str
    email: str
    priority: int | None


async def read_tickets(limit: int) -> list[Ticket]:
    rows = await pool.fetch("select id, title, status, email, priority from tickets order by id limit $1", limit)
    return [Ticket(**row) for row in rows]


async def update_ticket(id: int, title: str) -> Ticket:
    change = "update tickets set title = $2 where id = $1 returning id, title, status, email, priority"
    return Ticket(**await pool.fetchrow(change, id, title))


def publish(topic: Hashable, payload: object) -> None:
    for queue in queues[topic]:
        queue.put_nowait(payload)


async def listen(topic: Hashable) -> AsyncGenerator:
    queue: asyncio.Queue = asyncio.Queue()
    queues[topic].add(queue)
    try:
        while True:
            yield await queue.get()
    finally:
        queues[topic].discard(queue)


@strawberry.type
class Query:
    @strawberry.field
    async def tickets(self, limit: int = 20) -> list[Ticket]:
        return await read_tickets(limit)


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def rename(self, id: int, title: str) -> Ticket:
        ticket = await update_ticket(id, title)
        publish(id, ticket)
        return ticket

    @strawberry.mutation
    async def rename_on_board(self, id: int, title: str) -> Ticket:
        ticket = await update_ticket(id, title)
        publish("board", await read_tickets(40))
        return ticket


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def board(self) -> AsyncGenerator[list[Ticket], None]:
        async for tickets in listen("board"):
            yield tickets

    @strawberry.subscription
    async def ticket(self, id: int) -> AsyncGenerator[Ticket | None, None]:
        async for ticket in listen(id):
            yield ticket


@asynccontextmanager
async def lifespan(_: Starlette) -> AsyncIterator[None]:
    global pool
    async with asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=1, max_size=10) as pool:
        yield


view = GraphQL(strawberry.Schema(Query, Mutation, Subscription))
app = Starlette(routes=[Mount("/graphql", view)], lifespan=lifespan)
uvicorn.run(app, host="127.0.0.1", port=int(os.environ["PORT"]), log_level="warning", access_log=False)
