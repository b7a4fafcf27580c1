"""Somebody new, who writes a project by hand: what they are told where it is in order and yet does not do."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import Result

from tests.cli.test_serve import serving

Run = Callable[..., Result]

FILES = {
    "tidegate.yaml": """
name: library
roles: [anonymous, reader, editor]
integrations:
  db: { kind: sqlite, file: library.db }
""",
    "types.graphql": "type Book { id: ID! title: String! }\n",
    "objects/books.yaml": """
books:
  integration: db
  table: books
  key: id
  type: Book
  access: { read: { reader: all }, create: { editor: all } }
""",
    "operations/books.yaml": """
books: { kind: query, minRole: reader, returns: "[Book!]!", run: { use: books, list: {} } }
addBook:
  kind: mutation
  minRole: editor
  args: { title: String! }
  returns: Book!
  run: { use: books, create: { title: $args.title } }
""",
}
JWT = 'jwt: { algorithms: [HS256], secret: "${JWT_SECRET}" }'
SECRET = "a secret of the tests, long enough for HS256"


@pytest.fixture
def library(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
    (tmp_path / ".env").write_text(f"JWT_SECRET='{SECRET}'\n")
    return tmp_path


def add(folder: Path, text: str) -> None:
    with (folder / "tidegate.yaml").open("a") as settings:
        settings.write(text)


def test_the_list_of_commands_has_whole_sentences(tidegate: Run) -> None:
    shown = tidegate("--help").stdout
    assert "..." not in shown.replace("[ARGS]...", "")
    assert "Make a new project in DIR." in shown


def test_operations_that_nobody_can_call_for_want_of_tokens(tidegate: Run, library: Path) -> None:
    checked = tidegate("check", library)
    assert checked.exit_code == 0
    assert "Nobody can call addBook and books: the project takes no tokens. Give auth a jwt." in checked.stderr
    ran = tidegate("run", library, "books", "--as", '{"role": "reader"}')
    assert ran.exit_code == 2
    assert "The project takes no tokens: it has no auth.jwt." in ran.stderr


def test_operations_that_nobody_can_call_for_want_of_a_role(tidegate: Run, library: Path) -> None:
    add(library, f"auth: {{ defaultRole: reader, currentUser: {{ id: sub }}, {JWT} }}\n")
    checked = tidegate("check", library)
    remark = "Nobody can call addBook: no token names a role. Add role: role to currentUser of auth."
    assert (checked.exit_code, remark in checked.stderr) == (0, True), checked.stderr
    (library / "tidegate.yaml").write_text(FILES["tidegate.yaml"])
    add(library, f"auth: {{ {JWT} }}\n")
    assert "Nobody" not in tidegate("check", library).stderr


async def test_a_table_that_is_not_there_is_told_when_serving_begins(library: Path) -> None:
    async with serving(library) as served:
        await served.until("is served at")
        assert 'There is no table "books"' in served.said
        assert "Nobody can call addBook and books" in served.said
    with closing(sqlite3.connect(library / "library.db")) as database:
        database.execute("create table books (id integer primary key, title text not null)")
    async with serving(library) as served:
        await served.until("is served at")
        assert "There is no table" not in served.said


def test_what_is_missing_is_named_with_an_example(tidegate: Run, library: Path) -> None:
    (library / "objects" / "books.yaml").write_text("books: { table: books }\n")
    shown = tidegate("check", library).stderr
    assert 'lacks "integration". Name one of those in tidegate.yaml.' in shown
    assert 'lacks "key". Name the field that tells its rows apart, such as id.' in shown
    assert 'lacks "type". Name the type in types.graphql that its rows have.' in shown
    access = "{ read: all, create: editor }"
    (library / "objects" / "books.yaml").write_text(
        f"books: {{ integration: db, table: books, key: id, type: Book, access: {access} }}\n"
    )
    shown = tidegate("check", library).stderr
    assert "all is not. Write read: { reader: all }." in shown
    assert "editor is not. Write create: { editor: all }." in shown
