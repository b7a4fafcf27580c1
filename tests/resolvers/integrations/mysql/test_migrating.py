"""Migrations that fail half-way, where nothing can be taken back."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.mariadb import Server
from tests.resolvers.integrations.conftest import mysql_settings
from tidegate.core.integration import IntegrationUnavailable
from tidegate.resolvers.integrations.mysql.database import MysqlDatabase
from tidegate.resolvers.integrations.mysql.scripts import statements
from tidegate.resolvers.integrations.relational.migrations import BrokenMigrations
from tidegate.resolvers.integrations.relational.violations import Vocabulary

BEGINNING = """create table one (id int primary key);
insert into one values (1);
insert into one values (2);

"""


async def migrate(url: str, folder: Path, text: str) -> None:
    (folder / "0001_all.sql").write_text(text)
    database = MysqlDatabase("db", mysql_settings(url, folder), Vocabulary())
    try:
        await database.open()
    finally:
        await database.close()


async def test_what_failed_is_corrected_and_gone_on_with(
    mysql_server: Server, mysql_database: str, tmp_path: Path
) -> None:
    name = urlsplit(mysql_database).path[1:]
    with pytest.raises(
        IntegrationUnavailable, match=r"0001_all\.sql:5 failed: .* before line 5 .* cannot take it back"
    ):
        await migrate(mysql_database, tmp_path, BEGINNING + "alter table one add column id int;")
    # Rows that come after the last change of a table are taken back with what failed.
    with pytest.raises(IntegrationUnavailable, match=r"0001_all\.sql:6 failed: .* before line 5 "):
        await migrate(
            mysql_database, tmp_path, BEGINNING + "insert into one values (3);\ninsert into nowhere values (1);"
        )
    assert mysql_server.ask("select count(*) from one", database=name) == "2\n"
    with pytest.raises(BrokenMigrations, match="the first 3 statements have been carried out already"):
        await migrate(mysql_database, tmp_path, BEGINNING.replace("(2)", "(4)") + "alter table one add column x int;")
    for _ in range(2):
        await migrate(mysql_database, tmp_path, BEGINNING + "alter table one add column x int;\nselect 1")
    assert mysql_server.ask("select * from one", database=name) == "1\tNULL\n2\tNULL\n"


async def test_what_nobody_knows_is_asked_of_somebody(
    mysql_server: Server, mysql_database: str, tmp_path: Path
) -> None:
    """As after a power cut between a change of a table and its record."""
    name = urlsplit(mysql_database).path[1:]
    with pytest.raises(IntegrationUnavailable):
        await migrate(mysql_database, tmp_path, BEGINNING + "alter table one add column id int;")
    mysql_server.ask("update tidegate_migrations set begun = 4", database=name)
    text = BEGINNING + "alter table one add column y int;"
    with pytest.raises(BrokenMigrations, match=r"Nobody knows .* 0001_all\.sql:5 .* set begun = done where number = 1"):
        await migrate(mysql_database, tmp_path, text)
    mysql_server.ask("update tidegate_migrations set begun = done where number = 1", database=name)
    await migrate(mysql_database, tmp_path, text)
    assert mysql_server.ask("select y from one", database=name) == "NULL\nNULL\n"


def test_statements_are_split_as_mysqls_own_client_does_it_and_between_begin_and_end() -> None:
    script = """-- a; b
select ';', "\\";", `;` /* ; */; # ;
create trigger t before insert on x for each row begin
  if new.a then set new.b = case new.c when 1 then 2 end; end if;
  while true do set @a = 1; end while;
end;
create table begin_end (a int as (case when b then 1 end), `case` int);
DELIMITER $$
create procedure p() begin select 1; end $$
delimiter ;
create view v as select case when 1 then 2 end;
;
/* nothing */
select 2"""
    found = list(statements(script))
    assert [line for line, _ in found] == [1, 2, 7, 9, 11, 13]
    assert [text.split()[0] for _, text in found] == ["--", "#", "create", "create", "create", "/*"]
    assert found[1][1].endswith("end")
    assert found[3][1] == "create procedure p() begin select 1; end"
