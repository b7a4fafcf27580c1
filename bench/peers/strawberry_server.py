"""Strawberry as its documentation writes it: types, a resolver that makes them from asyncpg's rows, its ASGI view."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import strawberry
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount
from strawberry.asgi import GraphQL

pool: asyncpg.Pool


@strawberry.type
class Ticket:
    id: int
    title: str
    status: str
    email: str
    priority: int | None


@strawberry.type
class Query:
    @strawberry.field
    async def tickets(self, limit: int = 20) -> list[Ticket]:
        rows = await pool.fetch("select id, title, status, email, priority from tickets order by id limit $1", limit)
        return [Ticket(**row) for row in rows]


@asynccontextmanager
async def lifespan(_: Starlette) -> AsyncIterator[None]:
    global pool
    async with asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=1, max_size=10) as pool:
        yield


app = Starlette(routes=[Mount("/graphql", GraphQL(strawberry.Schema(Query)))], lifespan=lifespan)
uvicorn.run(app, host="127.0.0.1", port=int(os.environ["PORT"]), log_level="warning", access_log=False)
