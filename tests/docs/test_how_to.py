"""docs/how-to: the projects shown there are in order and do what their pages say; nginx is run as its page has it. The
page of sign-ins has a file of its own."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import socket
import sqlite3
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

import asyncpg
import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin, Subprotocol

from tests.docs.blocks import DOCS, blocks
from tests.docs.reader import Reader

ELSEWHERE: Final = {"how-to/sign-in.md": "test_sign_in", "how-to/nginx.md": "test_behind_nginx"}
PATIENCE: Final = 60
ENVIRONMENT: Final = {
    "JWT_SECRET": "a secret of the tests, long enough for HS256",
    "TIDEGATE_RUNS": "off",
    "TIDEGATE_SANDBOX": "weak",
}
NAME: Final = "api.example.com"


def claims(role: str) -> str:
    return json.dumps({"sub": "1", "email": "ada@example.com", "role": role})


async def answer(reader: Reader, project: str, operation: str, arguments: str, role: str, select: str = "") -> Any:
    """What the operation gives when `tidegate run` runs it. Any: JSON."""
    selected = f" --select '{select}'" if select else ""
    await reader.type(
        f"tidegate run {project} {operation} --args '{arguments}' --as '{claims(role)}'{selected} || true\n"
    )
    return json.loads(reader.said)


def write(folder: Path, page: str) -> None:
    """All files of the page; it shows nothing else."""
    for block in blocks(page):
        assert block.title, block
        block.write(folder)


def test_every_page_is_followed() -> None:
    pages = {f"how-to/{path.name}" for path in (DOCS / "how-to").glob("*.md")}
    assert pages - set(ELSEWHERE) == {"how-to/backand.md", "how-to/plasmic.md", "how-to/retool.md"}


async def test_from_plasmic(tmp_path: Path, tidegate: Path, postgres_database: str) -> None:
    write(tmp_path, "how-to/plasmic.md")
    connection = await asyncpg.connect(postgres_database)
    await connection.execute(
        "create table tickets (id integer generated always as identity primary key, title text not null,"
        " status text not null, email text not null);"
        "insert into tickets (title, status, email) values ('Not hers', 'Todo', 'grace@example.com')"
    )
    await connection.close()
    async with Reader(tmp_path, tidegate, **ENVIRONMENT, DATABASE_URL=postgres_database) as reader:
        await reader.type("tidegate check plasmic\n")
        filed = await answer(
            reader, "plasmic", "createTicket", '{"title": "Mine"}', "customer", "{ title email status }"
        )
        mine = await answer(reader, "plasmic", "myTickets", '{"status": "Todo"}', "customer", "{ title }")
        refused = await answer(reader, "plasmic", "myTickets", "{}", "anonymous", "{ title }")
    assert filed["data"]["createTicket"] == {"title": "Mine", "email": "ada@example.com", "status": "Todo"}
    assert mine["data"]["myTickets"] == [{"title": "Mine"}]
    assert refused["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_from_retool(tmp_path: Path, tidegate: Path) -> None:
    write(tmp_path, "how-to/retool.md")
    with closing(sqlite3.connect(tmp_path / "retool" / "orders.db")) as database:
        database.executescript(
            "create table orders (id integer primary key, weight real not null, shipped integer not null default 0);"
            "insert into orders (weight) values (5), (30), (7), (8);"
        )
        async with Reader(tmp_path, tidegate, **ENVIRONMENT) as reader:
            await reader.type("tidegate check retool\n")
            shipped = await answer(reader, "retool", "shipOrders", '{"limit": 3}', "staff")
        assert shipped["data"] == {"shipOrders": ["1", "3"]}
        assert database.execute("select id from orders where shipped = 1").fetchall() == [(1,), (3,)]


async def test_from_backand(tmp_path: Path, tidegate: Path) -> None:
    write(tmp_path, "how-to/backand.md")
    with closing(sqlite3.connect(tmp_path / "backand" / "items.db")) as database:
        database.execute("create table items (id integer primary key, name text not null, owner text)")
    async with Reader(tmp_path, tidegate, **ENVIRONMENT) as reader:
        await reader.type("tidegate check backand\n")
        short = await answer(reader, "backand", "createItem", '{"name": "ab"}', "user", "{ id }")
        await reader.type("tidegate token backand --claim sub=1 --claim email=ada@example.com --claim role=admin\n")
        headers = {"authorization": f"Bearer {reader.said.strip()}"}
        await reader.serve("tidegate serve backand")
        async with httpx.AsyncClient(base_url=f"http://{reader.place}", headers=headers, timeout=PATIENCE) as client:
            made = await client.post(
                "/graphql", json={"query": 'mutation { createItem(name: "A boat") { name owner } }'}
            )
            asked = {"name": "Approve", "parameters": '{"comment": "Yes."}'}
            approved = await client.get("/1/objects/action/items/1", params=asked)
            nameless = await client.get("/1/objects/action/items/1", params={"name": "Announce"})
    assert short["errors"][0]["message"] == "The name is too short."
    assert short["errors"][0]["extensions"]["code"] == "ACTION_FAILED"
    assert made.json()["data"] == {"createItem": {"name": "A boat", "owner": "ada@example.com"}}
    assert approved.json() == {"approved": "1", "comment": "Yes."}
    assert nameless.status_code == 404


# nginx.


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def certificate(folder: Path) -> tuple[Path, Path]:
    """One that nobody else has signed, and its key."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(hours=1))
    made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
    files = folder / "api.pem", folder / "api.key"
    files[0].write_bytes(made.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
    files[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return files


@asynccontextmanager
async def proxied(folder: Path, behind: str) -> AsyncIterator[int]:
    """The port of nginx with the page's configuration. Other than there: its port, and where the gateway and the
    certificate are."""
    (block,) = blocks("how-to/nginx.md")
    assert block.language == "nginx"
    port, (signed, key) = free_port(), certificate(folder)
    changes = {
        "listen 443 ssl http2;": f"listen 127.0.0.1:{port} ssl http2;",
        "127.0.0.1:8000": behind,
        "/etc/ssl/api.pem": str(signed),
        "/etc/ssl/api.key": str(key),
    }
    text = block.text
    for shown, real in changes.items():
        assert text.count(shown) == 1, shown
        text = text.replace(shown, real)
    places = "".join(
        f"{name}_temp_path {folder}/{name};\n" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    own = f"daemon off;\npid {folder}/pid;\nerror_log stderr warn;\nevents {{}}\n"
    file = folder / "nginx.conf"
    file.write_text(f"{own}http {{\naccess_log off;\n{places}{text}}}\n", encoding="utf-8")
    command = shutil.which("nginx", path="/usr/local/sbin:/usr/sbin:/usr/bin:/opt/homebrew/bin")
    assert command is not None, "make nginx"
    process = await asyncio.create_subprocess_exec(
        *(command, "-p", str(folder), "-e", "stderr", "-c", str(file)), stderr=asyncio.subprocess.PIPE
    )
    try:
        await answering(process, port)
        yield port
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()


async def answering(process: asyncio.subprocess.Process, port: int) -> None:
    assert process.stderr is not None
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                assert process.returncode is None, (await process.stderr.read()).decode()
                await asyncio.sleep(0.05)
            else:
                return writer.close()


async def test_behind_nginx(tmp_path: Path, tidegate: Path) -> None:
    write(tmp_path, "how-to/backand.md")
    with closing(sqlite3.connect(tmp_path / "backand" / "items.db")) as database:
        database.execute("create table items (id integer primary key, name text not null, owner text)")
    trusted = {"TIDEGATE_TRUSTED_PROXIES": "127.0.0.1"}
    async with Reader(tmp_path, tidegate, **ENVIRONMENT, **trusted) as reader:
        await reader.type("tidegate token backand --claim sub=1 --claim email=ada@example.com --claim role=user\n")
        token = reader.said.strip()
        await reader.serve("tidegate serve backand")
        async with proxied(tmp_path, reader.place) as port:
            asked = f"--resolve {NAME}:{port}:127.0.0.1 https://{NAME}:{port}/readyz"
            await reader.type(f"curl -sk -o /dev/null -w '%{{http_version}} %{{http_code}}' {asked}\n")
            assert reader.said == "2 200"
            await through(port, token)


async def through(port: int, token: str) -> None:
    """A change arrives by both ways of following; a page of another origin is not let in."""
    unknown = ssl.create_default_context()
    unknown.check_hostname, unknown.verify_mode = False, ssl.CERT_NONE
    headers = {"host": f"{NAME}:{port}", "authorization": f"Bearer {token}"}
    client = httpx.AsyncClient(base_url=f"https://127.0.0.1:{port}", headers=headers, verify=False, timeout=PATIENCE)
    asked = {"query": "subscription { items { name } }"}
    follow = partial(
        connect,
        f"wss://{NAME}:{port}/graphql",
        host="127.0.0.1",
        port=port,
        ssl=unknown,
        subprotocols=[Subprotocol("graphql-transport-ws")],
        proxy=None,
    )
    with pytest.raises(InvalidStatus) as refused:
        await follow(origin=Origin("https://elsewhere.example.com"))
    assert refused.value.response.status_code == 403
    async with (
        client,
        follow(origin=Origin(f"https://{headers['host']}")) as connection,
        client.stream("POST", "/graphql", json=asked, headers={"accept": "text/event-stream"}) as events,
    ):
        lines = (line async for line in events.aiter_lines() if re.match(r"data: *\{", line))
        await connection.send(json.dumps({"type": "connection_init"}))
        assert json.loads(await connection.recv())["type"] == "connection_ack"
        await connection.send(json.dumps({"id": "1", "type": "subscribe", "payload": asked}))
        assert json.loads(await connection.recv())["payload"]["data"] == {"items": []}
        assert json.loads((await anext(lines)).removeprefix("data:"))["data"] == {"items": []}
        made = await client.post("/graphql", json={"query": 'mutation { createItem(name: "A boat") { name } }'})
        assert made.json()["data"] == {"createItem": {"name": "A boat"}}
        wanted = {"items": [{"name": "A boat"}]}
        assert json.loads(await connection.recv())["payload"]["data"] == wanted
        assert json.loads((await anext(lines)).removeprefix("data:"))["data"] == wanted
