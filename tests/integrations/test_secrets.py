"""Secrets of integrations, tokens and signatures appear in nothing that the gateway lets out: every kind is driven
through success and failure, and everything that is said meanwhile is searched, in all forms that a secret may have."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import inf
from pathlib import Path
from typing import TypeAlias
from urllib.parse import quote, urlsplit

import httpx
import pytest
import websockets
from click.testing import Result
from graphql import get_introspection_query

from tests.cli.conftest import tidegate
from tests.cli.test_serve import PATIENCE, Served
from tests.conftest import alone, ask
from tests.integrations.secretive import NAMES, SECRETS, WRITES, Indiscreet, Said, token, write
from tests.integrations.test_plugin import serving
from tests.mariadb import Server as MariaDb
from tests.resolvers.integrations.smtp.conftest import MailServer
from tidegate.app import Gateway
from tidegate.auth.claims import user_of

Run: TypeAlias = Callable[..., Result]


async def drive(client: httpx.AsyncClient, said: Said, where: str) -> None:
    """Everything that can be asked by HTTP and by websocket."""
    asked = [*(f"{{ {name} }}" for name in NAMES), *(f"mutation {{ {name} }}" for name in WRITES)]
    asked += [get_introspection_query(), "{ nothing }", "{"]
    for text in asked:
        answer = await client.post("/graphql", json={"query": text}, headers=token())
        said.hear(f"{where}: the answer to {text[:30]}", f"{answer.headers} {answer.text}")
    touched = {"integration": "crm"}
    for secret in (SECRETS["TOUCH_SECRET"], "wrong"):
        answer = await client.post("/touch", json=touched, headers={"authorization": f"Bearer {secret}"})
        said.hear(f"{where}: /touch", f"{answer.headers} {answer.text}")
    for secret in (SECRETS["INCOMING_SECRET"], "wrong"):
        answer = await client.post("/webhooks/in", json={}, headers={"x-token": secret})
        said.hear(f"{where}: a webhook", f"{answer.headers} {answer.text}")
    pages: tuple[str, ...] = (
        "/graphql",
        "/",
        "/health",
        "/healthz",
        "/ready",
        "/metrics",
        "/console/api/project",
        "/console/api/state",
    )
    pages += (
        "/console/api/health",
        "/console/api/runs",
        *(f"/console/api/operations/{name}" for name in ("all", "customers")),
    )
    for page in pages:
        answer = await client.get(page, headers={"accept": "text/html, */*", **token()})
        said.hear(f"{where}: {page}", f"{answer.status_code} {answer.headers} {answer.text}")


async def listen(address: str, said: Said, where: str, ended: asyncio.Event) -> None:
    """A live query of each kind, until it has ended."""
    try:
        async with websockets.connect(address, subprotocols=[websockets.Subprotocol("graphql-transport-ws")]) as socket:
            await socket.send(json.dumps({"type": "connection_init"}))
            for number, name in enumerate(NAMES):
                text = f"subscription {{ {name} }}"
                await socket.send(json.dumps({"id": str(number), "type": "subscribe", "payload": {"query": text}}))
            while not ended.is_set():
                try:
                    async with asyncio.timeout(0.2):
                        said.hear(f"{where}: a websocket", await socket.recv())
                except TimeoutError:
                    continue
    except websockets.ConnectionClosed as closed:
        said.hear(f"{where}: the end of a websocket", closed)


async def follow(client: httpx.AsyncClient, said: Said, where: str, ended: asyncio.Event) -> None:
    """Why live queries are refreshed."""
    async with client.stream("GET", "/debug/live", headers={"accept": "text/event-stream", **token()}) as stream:
        lines = stream.aiter_lines()
        while not ended.is_set():
            try:
                said.hear(f"{where}: /debug/live", await asyncio.wait_for(anext(lines), 0.2))
            except (TimeoutError, StopAsyncIteration):
                break


@contextmanager
def everything_logged(said: Said) -> Iterator[None]:
    """Of every library, whatever level it was given."""

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.hear(f"the log of {record.name}", logging.Formatter().format(record))

    ear, root = Ear(), logging.getLogger()
    names = (
        "asyncio",
        "httpx",
        "httpcore",
        "httpcore.connection",
        "httpcore.http11",
        "aiosmtplib",
        "asyncmy",
        "asyncpg",
    )
    loggers = [root, *(logging.getLogger(name) for name in names)]
    levels = [each.level for each in loggers]
    root.addHandler(ear)
    for each in loggers:
        each.setLevel(logging.DEBUG)
    # What the servers of the test itself have to say is theirs.
    logging.getLogger("mail.log").setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        root.removeHandler(ear)
        for each, level in zip(loggers, levels, strict=True):
            each.setLevel(level)


def command_lines(tidegate: Run, folder: Path, said: Said, environ: dict[str, str], *, again: bool) -> None:
    lines: list[tuple[str, ...]] = [("run", name) for name in ("customers", "graphs", "all")]
    if not again:
        lines += [("run", "pgRows"), ("run", "myBad")]
        lines += [("check",), ("check", "--online"), ("schema",), ("explain",), ("schedule",)]
        lines += [("plan", name) for name in ("customers", "graphs", "pgBad", "send", "tell", "all")]
        lines += [("plan", "all", "--diagram", kind) for kind in ("mermaid", "svg")]
    lines += [("runs",), ("runs", "--last")]
    for command, *rest in lines:
        result = tidegate(command, folder, *rest, **environ)
        where = f"tidegate {command} {' '.join(rest)}"
        said.hear(where, result.stdout)
        said.hear(f"{where}: stderr", result.stderr)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            said.hear(f"{where}: the traceback", "".join(traceback.format_exception(result.exception)))


def wrong_settings(tidegate: Run, folder: Path, said: Said, environ: dict[str, str]) -> None:
    """Nobody there; and addresses that are none."""
    dead = {
        "PG_URL": f"postgresql://gate:{quote(SECRETS['PG_PASSWORD'], safe='')}@127.0.0.1:1/desk",
        "MY_URL": f"mysql://gate:{quote(SECRETS['MY_PASSWORD'], safe='')}@127.0.0.1:1/desk",
    }
    for name, value in dead.items():
        for bad, command in ((value, "run"), (value.replace("127.0.0.1:1", "[bad:99999999"), "check")):
            rest = ["notes"] if command == "run" else []
            result = tidegate(command, folder, *rest, **{**environ, name: bad})
            said.hear(f"tidegate {command} with a wrong {name}", f"{result.stdout}{result.stderr}{result.exception!r}")
    for name in ("CRM_URL", "HOOK_URL", "ZAP_URL", "MAIL_URL"):
        secret = SECRETS["HOOK_PATH"]
        for bad in (f"http://[{secret}", f"http://gate:{secret}@127.0.0.1/"):
            result = tidegate("check", folder, **{**environ, name: bad})
            said.hear(f"tidegate check with a wrong {name}", f"{result.stdout}{result.stderr}{result.exception!r}")


@pytest.fixture
def environ(
    tmp_path: Path, postgres_database: str, mysql_server: MariaDb, mysql_database: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dict[str, str]]:
    """But for the ports."""
    password = SECRETS["MY_PASSWORD"]
    mysql_server.ask(
        f"create or replace user keeper@'%' identified by '{password}'",
        f"create or replace user keeper@localhost identified by '{password}'",
        "grant all on *.* to keeper@'%'",
        "grant all on *.* to keeper@localhost",
    )
    mysql_server.ask(
        "create table things (id integer primary key not null)",
        database=urlsplit(mysql_database).path[1:],
    )
    alone(ask(postgres_database, "select 1"))
    found = {
        **{name: SECRETS[name] for name in SECRETS},
        "PG_URL": postgres_database.replace("postgres@", f"postgres:{quote(SECRETS['PG_PASSWORD'], safe='')}@", 1),
        "MY_URL": mysql_database.replace("tide:gate@", f"keeper:{quote(password, safe='')}@", 1),
    }
    assert all(
        quote(SECRETS[name], safe="") in found[url]
        for name, url in (("PG_PASSWORD", "PG_URL"), ("MY_PASSWORD", "MY_URL"))
    )
    yield found
    mysql_server.ask("drop user keeper@'%'", "drop user keeper@localhost")


async def test_no_secret_is_let_out(
    tidegate: Run, tmp_path: Path, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, said = write(tmp_path / "project"), Said()
    crm, mail = Indiscreet(), MailServer(tmp_path)
    await mail.start()
    async with crm.server:
        address = f"http://127.0.0.1:{crm.server.port}"
        environ |= {
            "CRM_URL": address,
            "HOOK_URL": f"{address}/{SECRETS['HOOK_PATH']}",
            "ZAP_URL": f"{address}/{SECRETS['ZAP_PATH']}?k={SECRETS['ZAP_PATH']}",
            "MAIL_URL": f"smtp://gate:{quote(SECRETS['MAIL_PASSWORD'], safe='')}@127.0.0.1:{mail.port}",
        }
        for name, value in {**environ, "TIDEGATE_LOG_LEVEL": "debug"}.items():
            monkeypatch.setenv(name, value)
        moods = ("", "tells", "half an answer")
        # As it is served, with all that it says itself.
        async with serving(Path(sys.executable), folder) as served:
            url = (await served.until(r"is served at (http://[\w.:]+)"))[1]
            ended = asyncio.Event()
            async with httpx.AsyncClient(base_url=url, timeout=PATIENCE) as client, asyncio.TaskGroup() as group:
                group.create_task(listen(f"ws{url.removeprefix('http')}/graphql", said, "served", ended))
                group.create_task(follow(client, said, "served", ended))
                for mood in moods:
                    crm.mood = mood
                    await drive(client, said, f"served, {mood}")
                ended.set()
            await stopped(served, said)
        # In this process, with whatever libraries say at their most talkative.
        with everything_logged(said):
            gateway = Gateway.load(folder, environ)
            said.hear("repr of the gateway's catalog", repr(gateway.catalog))
            for name, integration in gateway.catalog.integrations.items():
                said.hear(
                    f"repr of {name}",
                    [
                        repr(integration),
                        *(repr(each) for each in vars(integration).values() if not isinstance(each, dict)),
                    ],
                )
            for operation in gateway.catalog.operations.values():
                said.hear(
                    f"repr of {operation.name}",
                    [repr(operation), *(repr(each.prepared) for each in operation.plan.run)],
                )
            await gateway.open()
            try:
                user = user_of({"sub": "1", "role": "admin"}, inf, gateway.catalog.auth, gateway.catalog.roles)
                for mood in moods:
                    crm.mood = mood
                    for text in (*(f"{{ {name} }}" for name in NAMES), *(f"mutation {{ {name} }}" for name in WRITES)):
                        said.hear(f"in the process, {mood}: {text}", (await gateway.execute(text, None, {}, user)).body)
            finally:
                await mail.stop()
                await gateway.close(patience=1)
        crm.mood = ""
        for again in (False, True):
            crm.mood = "tells" if again else ""
            await asyncio.to_thread(command_lines, tidegate, folder, said, environ, again=again)
    await asyncio.to_thread(wrong_settings, tidegate, folder, said, environ)
    assert said.leaks() == [], "\n".join(said.leaks())
    # It was really driven.
    heard = "\n".join(text for _, text in said.texts)
    assert all(
        word in heard
        for word in ("UPSTREAM_FAILED", '"customers":[{"id":1,"text":"Ada"}]', "flowchart", "UNAUTHENTICATED")
    )


async def stopped(served: Served, said: Said) -> None:
    """What it has written until it was stopped."""
    served.process.terminate()
    assert served.process.stdout is not None
    async with asyncio.timeout(PATIENCE):
        rest = await served.process.stdout.read()
    said.hear("what serve writes", served.said + rest.decode())


__all__ = ["tidegate"]
