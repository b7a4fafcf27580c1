"""Whatever tables and columns are called, the project made from them is in order, online too."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tidegate.cli.database import reflect, source_of
from tidegate.edition import Edition
from tidegate.scaffold.project import ROLES, database_project, write_files
from tidegate.scaffold.survey import survey
from tidegate.scaffold.yaml_text import Opening

TRAPS = [
    *("query", "Query", "type", "order", "orders", "Order", "orderOrder", "film_filter", "page_info", "date", "json"),
    *("id", "ID", "_id", "__id", "not", "and", "or", "null", "true", "on", "node", "nodes", "db", "string_comparison"),
    *(
        "user_id",
        "userId",
        "userID",
        "a1",
        "a_1",
        "2nd",
        "%",
        "é",
        "名",
        "a b",
        'q"uote',
        "o'clock",
        "a.b",
        "a:b",
        "{{x}}",
    ),
    *("$args", "# x", "- x", "&a", "*a", "!t", "status", "statuses", "people", "person", "tidegate"),
]
# A `${` would read the environment: nobody has such a column.
NAMES = st.sampled_from(TRAPS) | st.text(
    st.characters(codec="utf-8", exclude_characters="\0{"), min_size=1, max_size=12
)
TYPES = st.sampled_from(
    [
        "integer",
        "text",
        "real",
        "blob",
        "numeric",
        "boolean",
        "date",
        "timestamp",
        "json",
        "",
        "uuid",
        "bigint",
        "money",
    ]
)


@st.composite
def schemas(draw: st.DrawFn) -> str:
    """CREATE statements of one to four tables that refer to each other."""
    tables = draw(st.lists(NAMES, min_size=1, max_size=4, unique_by=str.lower))
    statements = []
    for table in tables:
        key = draw(NAMES)
        rest = draw(
            st.lists(st.tuples(NAMES, TYPES, st.booleans()), max_size=4, unique_by=lambda column: column[0].lower())
        )
        lines = [f"{quoted(key)} integer primary key"]
        for name, type, required in rest:
            lines.append(f"{quoted(name)} {type}{' not null' if required else ''}")
            if draw(st.booleans()):
                lines[-1] += f" references {quoted(draw(st.sampled_from(tables)))}"
        statements.append(f"create table {quoted(table)} ({', '.join(lines)})")
    return ";\n".join(statements)


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


@settings(max_examples=15, deadline=None)
@given(schemas())
def test_the_project_is_in_order(script: str) -> None:
    with TemporaryDirectory() as place:
        folder = Path(place)
        connection = sqlite3.connect(folder / "any.db")
        try:
            connection.executescript(script)
        except sqlite3.Error:
            assume(False)
        finally:
            connection.close()
        asyncio.run(make_and_check(folder))


async def make_and_check(folder: Path) -> None:
    source = source_of(str(folder / "any.db"), folder)
    made = database_project(folder, survey(await reflect(source, folder)), source, Opening(*ROLES[-2:]))
    write_files(folder, made)
    edition = Edition.load(folder, {"JWT_SECRET": "a secret of the tests, long enough for HS256"})
    await edition.open()
    try:
        (integration,) = edition.catalog.integrations.values()
        assert list(await integration.check(edition.catalog.surroundings)) == []
        assert edition.api.sdl
    finally:
        await edition.close()
