"""A server of one's own: set up in the oddest way, with TLS, and stopped, killed, paused and started again."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from shutil import rmtree

import pytest

from tests.mariadb import Server
from tests.ports import lasting_port
from tests.resolvers.integrations.conftest import mysql_settings
from tests.resolvers.integrations.smtp.conftest import make_certificate
from tidegate.core.errors import Code, OperationError
from tidegate.core.integration import IntegrationUnavailable
from tidegate.resolvers.integrations.mysql.database import MysqlDatabase, MysqlSettings
from tidegate.resolvers.integrations.relational.violations import Vocabulary

ODD = (
    "--sql-mode=ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT,PAD_CHAR_TO_FULL_LENGTH",
    "--default-time-zone=+05:30",
    "--character-set-server=latin1",
    "--collation-server=latin1_swedish_ci",
    "--autocommit=0",
    "--group-concat-max-len=4",
    "--transaction-isolation=SERIALIZABLE",
    "--lc-messages=de_DE",
    "--local-infile=1",
    "--innodb-rollback-on-timeout=1",
)

NASTY = [
    "'",
    '"',
    "`",
    "\\",
    "\\'",
    "';--",
    "' or '1'='1",
    "%s",
    "%%",
    "?",
    "\x00",
    "\x1a",
    "\n",
    "ä€𝄞",
    "/*!*/",
    "a\\0",
]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    folder = Path(tempfile.mkdtemp(prefix="tidegate-odd-"))
    certificate = make_certificate(folder)
    tls = (f"--ssl-cert={certificate}", f"--ssl-key={certificate}")
    server = Server(folder / "server", lasting_port(), *ODD, *tls)
    server.make()
    server.start()
    server.ask("create table test.t (id int primary key, x varchar(200)) character set utf8mb4")
    yield server
    server.remove()
    rmtree(folder)


def database_at(settings: MysqlSettings) -> MysqlDatabase:
    return MysqlDatabase("db", settings, Vocabulary())


async def write(database: MysqlDatabase, number: int, text: str = "") -> None:
    async with database.session(writes=True) as connection:
        await connection.execute("insert into t values (%s, %s)", [number, text])


async def count(database: MysqlDatabase) -> int:
    async with database.session(writes=False) as connection:
        row = await connection.row("select count(*) from t", [])
    assert row is not None
    return int(row[0])


async def test_a_server_that_is_set_up_oddly_is_as_any_other(server: Server) -> None:
    database = database_at(mysql_settings(server.url))
    await database.open()
    async with database.session(writes=False) as connection:
        row = await connection.row(
            "select 'a\\\\b', \"text\", 1 || 0, now() = utc_timestamp(), group_concat(x.x), "
            "@@character_set_results, @@transaction_isolation from (select 'long' x union select 'longer') x".replace(
                "@@transaction_isolation", "@@tx_isolation"
            ),
            [],
        )
        assert row == ("a\\b", "text", 1, 1, "long,longer", "utf8mb4", "READ-COMMITTED")
        for text in ("select 1; select 2", "load data local infile '/etc/passwd' into table t"):
            with pytest.raises(OperationError):
                await connection.rows(text, [])
    await database.close()


async def test_no_value_gets_out_of_its_place(server: Server) -> None:
    """Also where a server would have other rules for texts: the values are never in one."""
    database = database_at(mysql_settings(server.url))
    await database.open()
    async with database.session(writes=True) as connection:
        for number, text in enumerate(NASTY, start=100):
            await connection.execute("insert into t values (%s, %s)", [number, text])
        rows = await connection.rows(
            "select x, id from t where x in (%s) or (id, x) in (%s) order by id", [NASTY, [[1, text] for text in NASTY]]
        )
        assert [row[0] for row in rows] == NASTY
        for text in NASTY:
            assert await connection.row("select %s, '100%%', %s", [text, text.encode()]) == (
                text,
                "100%",
                text.encode(),
            )
        assert await connection.execute("delete from t where id >= %s", [100]) == len(NASTY)
        with pytest.raises(OperationError, match="too large"):
            await connection.rows("select 1 from t where id in (%s)", [list(range(70_000))])
        assert await connection.rows("select 1 from t where id in (%s)", [[]]) == ()
    await database.close()


async def test_whom_the_gateway_speaks_to(server: Server, tmp_path: Path) -> None:
    plain = mysql_settings(server.address)
    ca = make_certificate(server.folder.parent)
    nothing = tmp_path / "nothing.pem"
    nothing.write_text("nothing")
    for settings in (
        replace(plain, ca=ca),
        replace(plain, tls="encrypt"),
        replace(plain, url=f"{server.address}?ssl-mode=REQUIRED"),
    ):
        database = database_at(settings)
        await database.open()
        async with database.session(writes=False) as connection:
            row = await connection.row("show session status like 'Ssl_cipher'", [])
        assert row is not None
        assert row[1]
        await database.close()
    by_name = server.address.replace("127.0.0.1", "localhost")
    for settings in (
        replace(plain, tls="verify"),
        replace(plain, url=by_name, ca=ca),
        replace(plain, tls="verify", ca=nothing),
    ):
        with pytest.raises(IntegrationUnavailable) as caught:
            await database_at(settings).open()
        assert "certificate" in str(caught.value).lower()
        assert ":gate@" not in str(caught.value)


async def test_a_server_that_dies_in_the_middle_leaves_nothing_half_written(server: Server) -> None:
    database = database_at(mysql_settings(server.address))
    await database.open()
    before = await count(database)
    with pytest.raises(OperationError) as caught:  # noqa: PT012
        async with database.session(writes=True) as connection:
            await connection.execute("insert into t values (1, 'one')", [])
            server.kill()
            await connection.execute("insert into t values (2, 'two')", [])
    assert caught.value.code is Code.UPSTREAM_FAILED
    for _ in range(2):
        for attempt in (count(database), write(database, 2)):
            with pytest.raises(OperationError) as caught:
                await attempt
            assert caught.value.code is Code.UPSTREAM_FAILED
    server.start()
    assert await count(database) == before
    await write(database, 2)
    assert await count(database) == before + 1
    await database.close()


async def test_a_server_that_says_nothing_is_a_timeout_and_comes_back(server: Server) -> None:
    database = database_at(mysql_settings(server.address, statement_timeout=0.2))
    database.readers.patience = database.writers.patience = 1.0
    await database.open()
    before = await count(database)
    with pytest.raises(OperationError) as caught:  # noqa: PT012
        async with database.session(writes=True) as connection:
            await connection.execute("insert into t values (10, 'ten')", [])
            server.pause()
            try:
                await connection.execute("insert into t values (11, 'eleven')", [])
            finally:
                server.resume()
    assert caught.value.code is Code.TIMEOUT
    async with asyncio.timeout(60):
        # Until the transaction that nobody waits for is gone, with its lock on the row.
        while True:
            try:
                await write(database, 10)
            except OperationError:
                await asyncio.sleep(0.02)
            else:
                break
    assert await count(database) == before + 1
    await database.close()
