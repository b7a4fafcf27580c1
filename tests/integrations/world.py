"""A project with an integration of every kind, served; and the servers at their other ends, each the test's own."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, cast

import psutil

from tests import mariadb
from tests.conftest import alone, ask, start_postgres
from tests.ports import lasting_port
from tests.resolvers.integrations.http.world import Watcher, watching
from tests.resolvers.integrations.smtp.conftest import MailServer
from tests.resolvers.servers import Request, Server
from tests.web.conftest import FakeGateway, Running, running
from tidegate.app import Gateway
from tidegate.core.user import CurrentUser
from tidegate.settings import Settings

PATIENCE = 60.0
TABLE = "create table stored (id integer primary key, text varchar(50) not null)"

PROJECT = """
name: harmed
roles: [anonymous, admin]
limits: { timeout: 60s }
integrations:
  db: { kind: sqlite, file: desk.db, migrations: migrations }
  store: STORE
  crm:
    kind: http
    baseUrl: "${CRM_URL}"
    timeout: { connect: 20s, read: 2s, total: 2s }
    maxBytes: 100KiB
    poll: 300ms
    retries: 0
    breaker: { failures: 3, pause: 300ms }
  vault: { kind: http, baseUrl: "${VAULT_URL}", retries: 0 }
  hook: { kind: webhook, url: "${HOOK_URL}" }
  mail: { kind: smtp, url: "${MAIL_URL}", from: desk@example.com }
"""
TYPES = """
type Note { id: Int! text: String! }
type Row { id: Int! text: String! }
type Customer { id: Int! text: String! }
type Both { stored: [Row!]! customers: [Customer!]! }
"""
OBJECTS = """
notes: { integration: db, key: id, type: Note, access: { read: { anonymous: all }, create: { anonymous: all } } }
stored: { integration: store, key: id, type: Row, access: { read: { anonymous: all }, create: { anonymous: all } } }
"""
OPERATIONS = """
quick: { kind: query, minRole: anonymous, returns: "[Note!]!", run: { use: notes, list: { orderBy: id } } }
stored: { kind: query, minRole: anonymous, returns: "[Row!]!", run: { use: stored, list: { orderBy: id } } }
storedSoon:
  { kind: query, minRole: anonymous, timeout: 2s, returns: "[Row!]!", run: { use: stored, list: { orderBy: id } } }
customers:
  kind: query
  minRole: anonymous
  returns: "[Customer!]!"
  run: { use: crm, get: { path: /customers, data: $.items } }
secrets: { kind: query, minRole: anonymous, returns: JSON, run: { use: vault, get: /secrets } }
add:
  kind: mutation
  minRole: anonymous
  args: { id: Int! }
  returns: Row!
  run: { use: stored, create: { id: $args.id, text: "row {{ args.id }}" } }
both:
  kind: query
  minRole: anonymous
  returns: Both!
  steps:
    - { as: stored, call: stored }
    - { as: customers, call: customers }
    - { return: { stored: $stored, customers: $customers } }
slow:
  kind: mutation
  minRole: anonymous
  args: { id: Int! }
  returns: Boolean!
  steps:
    - transaction: store
      do:
        - { use: stored, create: { id: $args.id, text: first } }
        - { use: hook, trigger: { never: $args.id } }
        - { use: mail, send: { to: ada@example.com, subject: never, message: never } }
        - { wait: 3s }
        - { use: db, sql: "insert into notes (text) values ('never')" }
        - { use: stored, create: { id: 1000, text: second } }
    - { return: true }
tell:
  kind: mutation
  minRole: anonymous
  args: { id: Int! }
  returns: Boolean!
  steps:
    - transaction: store
      do:
        - { use: stored, create: { id: $args.id, text: told } }
        - { use: hook, trigger: { id: $args.id } }
        - { use: mail, send: { to: ada@example.com, subject: "About {{ args.id }}", message: told } }
    - { return: true }
ask:
  kind: mutation
  minRole: anonymous
  args: { id: Int! }
  returns: Boolean!
  steps:
    - transaction: store
      do:
        - { use: stored, create: { id: $args.id, text: asked } }
        - { use: crm, post: { path: /customers, body: { id: $args.id, text: asked } } }
    - { return: true }
"""


class Database(Protocol):
    """A server of the test's own."""

    kind: str

    @property
    def settings(self) -> Mapping[str, Any]: ...

    def in_transaction(self) -> bool:
        """Whether somebody is in the middle of one, having written."""
        ...

    def rows(self) -> list[int]:
        """The ids that are stored, over a connection of its own."""
        ...

    def write(self, id: int) -> None: ...

    def start(self) -> None: ...

    def kill(self) -> None: ...

    def pause(self) -> None: ...

    def resume(self) -> None: ...


class Postgres:
    kind = "postgres"

    def __init__(self, folder: Path) -> None:
        self._server = start_postgres(folder)
        self._url = str(self._server.get_uri()).replace(":@", "@")
        alone(ask(self._url, "alter system set fsync = off", "select pg_reload_conf()", TABLE))

    @property
    def settings(self) -> Mapping[str, Any]:
        return {"kind": "postgres", "url": self._url, "watch": True}

    def in_transaction(self) -> bool:
        return bool(self._fetch("select 1 from pg_stat_activity where state = 'idle in transaction'"))

    def rows(self) -> list[int]:
        return [row[0] for row in self._fetch("select id from stored order by id")]

    def write(self, id: int) -> None:
        alone(ask(self._url, f"insert into stored values ({id}, 'elsewhere')"))

    def start(self) -> None:
        self._server.start()

    def kill(self) -> None:
        found = self._processes()
        for each in found:
            each.send_signal(signal.SIGKILL)
        psutil.wait_procs(found, timeout=PATIENCE)

    def pause(self) -> None:
        for each in self._processes():
            each.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        for each in self._processes():
            each.send_signal(signal.SIGCONT)

    def remove(self) -> None:
        self.resume()
        self._server.cleanup()

    def _processes(self) -> list[Any]:
        first = psutil.Process(int((self._server.pgdata / "postmaster.pid").read_text().split("\n")[0]))
        return [first, *first.children()]

    def _fetch(self, sql: str) -> list[Any]:
        import asyncpg

        async def fetch() -> list[Any]:
            connection = await asyncpg.connect(self._url)
            try:
                return list(await connection.fetch(sql))
            finally:
                await connection.close()

        return alone(fetch())


class Mariadb:
    kind = "mysql"

    def __init__(self, folder: Path) -> None:
        # What is committed is there after a crash.
        self._server = mariadb.Server(folder, lasting_port(), "--innodb-flush-log-at-trx-commit=2")
        self._server.make()
        self._server.start()
        self._server.ask(TABLE, database="test")
        self.start, self.kill = self._server.start, self._server.kill
        self.pause, self.resume = self._server.pause, self._server.resume

    @property
    def settings(self) -> Mapping[str, Any]:
        return {"kind": "mysql", "url": self._server.address}

    def in_transaction(self) -> bool:
        found = self._server.ask("select count(*) from information_schema.innodb_trx where trx_rows_modified > 0")
        return found.strip() != "0"

    def rows(self) -> list[int]:
        return [int(line) for line in self._server.ask("select id from stored order by id", database="test").split()]

    def write(self, id: int) -> None:
        self._server.ask(f"insert into stored values ({id}, 'elsewhere')", database="test")

    def remove(self) -> None:
        self._server.remove()


@contextmanager
def database(kind: str) -> Iterator[Database]:
    # Names of sockets are short.
    folder = Path(tempfile.mkdtemp(prefix="tg"))
    made = Postgres(folder / "pg") if kind == "postgres" else Mariadb(folder / "my")
    try:
        yield made
    finally:
        made.remove()
        shutil.rmtree(folder, ignore_errors=True)


@dataclass
class Moody:
    """A server by HTTP: customers, and whatever else `mood` says."""

    customers: list[dict[str, Any]] = field(default_factory=lambda: [{"id": 1, "text": "Ada"}])
    mood: str = ""
    posted: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.server = Server(self._answer)
        self.waiting = 0

    @property
    def hangs(self) -> bool:
        return self.mood == "hangs"

    async def _answer(self, request: Request) -> None:
        whole = json.dumps({"items": self.customers}).encode()
        match self.mood:
            case "hangs":
                self.waiting += 1
                while self.hangs and not request.is_over:  # noqa: ASYNC110 - whoever changes it tells nobody
                    await asyncio.sleep(0.02)
                request.close()
            case "drops":
                request.close()
            case "half an answer":
                request.send(
                    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 5000\r\n\r\n" + whole
                )
                await request.sent()
                request.close()
            case "no JSON":
                request.answer(b'{"items": [{"id": 1, "te', content_type="application/json")
            case "wrong content type":
                request.answer(b"<h1>Welcome</h1>", content_type="text/html")
            case "wrong shape":
                request.answer(b'{"items": {"id": "one"}}', content_type="application/json")
            case "too much":
                request.answer(b'{"items": "' + b"x" * 200_000 + b'"}', content_type="application/json")
            case "status":
                request.answer(b"{}", 503, content_type="application/json")
            case _ if request.method == "POST":
                self.posted.append(json.loads(request.body))
                request.answer(b"{}", content_type="application/json")
            case _:
                request.answer(whole, content_type="application/json")


@dataclass
class World:
    gateway: Gateway
    site: Running
    crm: Moody
    hook: Moody
    mail: MailServer

    async def ask(self, text: str) -> Any:
        """Data, or the code and the extensions of the first error. Any: JSON."""
        user = CurrentUser("anonymous", 0, {}, None, verified=True)
        answer = json.loads((await self.gateway.execute(text, None, {}, user)).body)
        if "errors" in answer:
            return answer["errors"][0]["extensions"]
        (value,) = answer["data"].values()
        return value

    async def ids(self, text: str = "{ stored { id } }") -> Any:
        found = await self.ask(text)
        return [row["id"] for row in found] if isinstance(found, list) else found

    async def until(self, text: str, wanted: Any) -> None:
        async with asyncio.timeout(PATIENCE):
            while (found := await self.ask(text)) != wanted:
                assert found is not None
                await asyncio.sleep(0.05)

    @asynccontextmanager
    async def live(self, text: str) -> AsyncIterator[Watcher]:
        async with watching(self.site, f"subscription {text}") as watcher:
            yield watcher


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not await asyncio.to_thread(condition):  # noqa: ASYNC110
            await asyncio.sleep(0.02)


@asynccontextmanager
async def opened(folder: Path, store: Mapping[str, Any], vault: str = "http://127.0.0.1:1") -> AsyncIterator[World]:
    migrations = "create table notes (id integer primary key, text text);\ninsert into notes values (1, 'quick');\n"
    files = {
        "tidegate.yaml": PROJECT.replace("STORE", json.dumps(dict(store))),
        "types.graphql": TYPES,
        "objects/all.yaml": OBJECTS,
        "operations/all.yaml": OPERATIONS,
        "migrations/0001_tables.sql": migrations + ("" if store["kind"] != "sqlite" else f"{TABLE};\n"),
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    crm, hook, mail = Moody(), Moody(), MailServer(folder, lasting_port())
    await mail.start()
    async with crm.server, hook.server:
        environ = {
            "CRM_URL": f"http://127.0.0.1:{crm.server.port}",
            "HOOK_URL": f"http://127.0.0.1:{hook.server.port}/hook",
            "MAIL_URL": f"smtp://127.0.0.1:{mail.port}",
            "VAULT_URL": vault,
        }
        gateway = Gateway.load(folder, {**os.environ, **environ})
        await gateway.open()
        try:
            async with running(cast("FakeGateway", gateway), Settings(port=0)) as site:
                yield World(gateway, site, crm, hook, mail)
        finally:
            await gateway.close()
            await mail.stop()
