from __future__ import annotations

import json
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from click.testing import Result
from dotenv import dotenv_values

from tests.mariadb import Server

Run = Callable[..., Result]
EXAMPLE = Path(__file__).parents[2] / "examples" / "servicedesk"
FIXTURES = Path(__file__).parents[1] / "fixtures"


def test_the_service_desk_works_at_once(tidegate: Run, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "desk"
    made = tidegate("init", folder)
    assert made.exit_code == 0
    assert f"tidegate serve {folder} --demo" in made.stderr
    assert tidegate("check", folder).exit_code == 0
    answer = tidegate("run", folder, "myTickets", "--as", "grace", "--select", "{ id }")
    assert len(json.loads(answer.stdout)["data"]["myTickets"]) == 3


def test_the_service_desk_is_the_example(tidegate: Run, tmp_path: Path) -> None:
    tidegate("init", tmp_path / "desk")
    made = {path.relative_to(tmp_path / "desk"): path.read_text() for path in (tmp_path / "desk").rglob("*.*")}
    for path, text in made.items():
        if path.name not in (".env", ".gitignore"):
            assert (EXAMPLE / path).read_text() == text
    assert (EXAMPLE / ".gitignore").read_text() == made[Path(".gitignore")]
    assert len(made) == 27


def test_secrets_are_made_for_each_project_and_kept_from_others(tidegate: Run, tmp_path: Path) -> None:
    secrets = set()
    for name in ("one", "two"):
        tidegate("init", tmp_path / name)
        environment = tmp_path / name / ".env"
        assert stat.S_IMODE(environment.stat().st_mode) == 0o600
        assert ".env" in (tmp_path / name / ".gitignore").read_text().splitlines()
        secrets.add(dotenv_values(environment)["JWT_SECRET"])
    assert len(secrets) == 2
    assert all(secret and len(secret) >= 48 for secret in secrets)


def test_files_that_are_there_are_never_overwritten(tidegate: Run, tmp_path: Path) -> None:
    (tmp_path / "tidegate.yaml").write_text("mine")
    (tmp_path / "notes.txt").write_text("mine too")
    refused = tidegate("init", tmp_path)
    assert refused.exit_code == 2
    assert "tidegate.yaml already" in refused.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["notes.txt", "tidegate.yaml"]
    (tmp_path / "tidegate.yaml").unlink()
    assert tidegate("init", tmp_path).exit_code == 0
    assert (tmp_path / "notes.txt").read_text() == "mine too"


def test_addresses_that_cannot_be_read(tidegate: Run, tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    assert tidegate("init", folder, "--from", "oracle://localhost/x").exit_code == 2
    assert tidegate("init", folder, "--from", tmp_path / "none.db").exit_code == 2
    for kind in ("postgresql", "mysql"):
        unreachable = tidegate("init", folder, "--from", f"{kind}://me:hunter2@localhost:1/x")
        assert unreachable.exit_code == 3
        assert "hunter2" not in unreachable.output
    (tmp_path / "empty.db").write_bytes(b"")
    assert tidegate("init", folder, "--from", tmp_path / "empty.db").exit_code == 2
    (tmp_path / "text.db").write_text("this is no database, and long enough to be sure of it\n" * 20)
    assert tidegate("init", folder, "--from", tmp_path / "text.db").exit_code == 3
    assert not folder.exists()


def test_a_project_from_mysql(tidegate: Run, mysql_server: Server, mysql_database: str, tmp_path: Path) -> None:
    mysql_server.ask(
        "create table customers (id bigint unsigned auto_increment primary key, name varchar(50) not null)",
        "create table orders (id int auto_increment primary key, customer_id bigint unsigned not null, "
        "status enum('new', 'paid') not null default 'new', total decimal(10, 2), done boolean not null default false, "
        "foreign key (customer_id) references customers (id))",
        "insert into customers values (7, 'Ada')",
        "insert into orders (customer_id, total) values (7, 12.5)",
        database=urlsplit(mysql_database).path[1:],
    )
    folder = tmp_path / "shop"
    assert tidegate("init", folder, "--from", mysql_database).exit_code == 0
    assert tidegate("check", folder).exit_code == 0
    types = (folder / "types.graphql").read_text()
    for line in (
        "enum OrderStatus {",
        "  customerId: ID!",
        "  total: Decimal\n",
        "  done: Boolean!",
        "orders: [Order!]!",
    ):
        assert line in types
    select = "{ edges { node { customerId status total done customer { name } } } }"
    answer = tidegate("run", folder, "orders", "--as", "admin", "--select", select)
    row = {"customerId": "7", "status": "new", "total": "12.50", "done": False, "customer": {"name": "Ada"}}
    assert json.loads(answer.stdout)["data"]["orders"]["edges"] == [{"node": row}]
    mysql_server.ask("alter table customers add column born date", database=urlsplit(mysql_database).path[1:])
    assert tidegate("pull", folder).exit_code == 0
    assert "  born: Date\n" in (folder / "types.graphql").read_text()


def shop(path: Path) -> Path:
    connection = sqlite3.connect(path)
    connection.executescript((FIXTURES / "video_store_sqlite.sql").read_text())
    connection.close()
    return path


def test_a_project_from_a_database_is_in_order_and_closed(tidegate: Run, tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    made = tidegate("init", folder, "--from", shop(tmp_path / "shop.db"), "--skip", "anything")
    assert made.exit_code == 0
    assert "The role admin may read, and admin may write." in made.stderr
    assert dotenv_values(folder / ".env")["DATABASE_FILE"] == str(tmp_path / "shop.db")
    assert str(tmp_path) not in (folder / "tidegate.yaml").read_text()
    for check in (("check", folder), ("check", folder, "--online")):
        checked = tidegate(*check)
        assert checked.exit_code == 0, checked.stderr
    select = "{ nodes { title language { name } filmActors { actor { fullName } } } }"
    asked = ("run", folder, "films", "--select", select, "--args", '{"first": 1}')
    assert json.loads(tidegate(*asked, "--as", "admin").stdout)["data"]["films"]["nodes"] == [
        {
            "title": "The Long Winter",
            "language": {"name": "Norwegian"},
            "filmActors": [{"actor": {"fullName": "Liv Holm"}}, {"actor": {"fullName": "Aksel Bo"}}],
        }
    ]
    refused = tidegate(*asked, "--as", "user")
    assert json.loads(refused.stdout)["errors"][0]["extensions"]["code"] == "FORBIDDEN"


def test_a_database_inside_the_project_is_named_by_its_file(tidegate: Run, tmp_path: Path) -> None:
    shop(tmp_path / "shop.db")
    made = tidegate("init", tmp_path, "--from", f"sqlite:///{tmp_path / 'shop.db'}", "--read-role", "anonymous")
    assert made.exit_code == 0, made.output
    assert "file: shop.db" in (tmp_path / "tidegate.yaml").read_text()
    answer = tidegate("run", tmp_path, "languages", "--select", "{ totalCount }")
    assert json.loads(answer.stdout) == {"data": {"languages": {"totalCount": 3}}}
    assert tidegate("run", tmp_path, "deleteFilm", "--args", '{"filmId": 1}').exit_code == 1


def test_pull_follows_the_database(tidegate: Run, tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    tidegate("init", folder, "--from", shop(tmp_path / "shop.db"))
    unchanged = tidegate("pull", folder)
    assert (unchanged.exit_code, unchanged.stdout) == (0, "")
    connection = sqlite3.connect(tmp_path / "shop.db")
    connection.execute("alter table film add column budget numeric")
    connection.execute("create table poster (id integer primary key, film_id integer references film (film_id))")
    connection.commit()
    connection.close()
    dry = tidegate("pull", folder, "--dry-run")
    assert not (folder / "objects/posters.yaml").exists()
    pulled = tidegate("pull", folder)
    assert dry.stdout == pulled.stdout
    assert pulled.stdout.splitlines() == [
        "+ types.graphql: Film.budget.",
        "+ objects/posters.yaml: the object posters, and its type Poster.",
    ]
    assert "posters: { many: posters, on: { filmId: filmId }, orderBy: id }" in pulled.stderr
    assert tidegate("check", folder, "--online").exit_code == 0
    assert tidegate("pull", folder).stdout == ""
