"""The corpus: operations of all shapes, and what they read and touch in words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tidegate.core.expressions import Reference, Text
from tidegate.core.footprint import Read, Touch
from tidegate.core.integration import Surroundings
from tidegate.core.json import Json
from tidegate.core.limits import Limits
from tidegate.core.location import Location
from tidegate.resolvers.integrations.relational.dialect_mysql import MYSQL
from tidegate.resolvers.integrations.relational.dialect_postgres import POSTGRES
from tidegate.resolvers.integrations.relational.dialect_sqlite import SQLITE
from tidegate.resolvers.integrations.relational.drafts import Setting
from tidegate.resolvers.integrations.relational.reflection import Reflection
from tidegate.resolvers.integrations.relational.sql_footprints import SqlFootprint
from tidegate.resolvers.integrations.relational.sql_text import SqlText, read_sql
from tidegate.resolvers.integrations.relational.tables import Tables

FOLDER: Final = Path(__file__).parent / "corpus"
HERE: Final = Location("corpus.sql")

_DATABASE: Final = re.compile(r"^test_[0-9a-f]{16}\.")
"""A test's own, which MySQL has in the names of tables."""

DIALECTS: Final = {"sqlite": SQLITE, "postgres": POSTGRES, "mysql": MYSQL}

_UNKNOWN_TO_MYSQL: Final = frozenset(
    {
        "a full join",
        "a full join with WHERE",
        "values",
        "another name for a column",
        "inserted or not",
        "inserted or updated",
        "updated from another table",
        "several columns at once",
    }
)

GIVEN: Final[Mapping[str, Json]] = {
    "args.id": 5,
    "args.ids": [5, 6],
    "args.other": 8,
    "args.points": 3,
    "args.title": "Leak",
    "args.team": "red",
    "args.name": "Ada",
    "args.email": "ada@x",
    "currentUser.id": 7,
    "currentUser.email": "me@x",
}


@dataclass(frozen=True, slots=True)
class Statement:
    name: str
    text: str

    def parsed(self, kind: str) -> SqlText:
        return read_sql(text_of(self.text), kind)


def text_of(sql: str) -> Text:
    parts = [
        Reference(*_reference(piece[2:-2].strip()), HERE) if piece.startswith("{{") else piece
        for piece in re.split(r"(\{\{.*?\}\})", sql)
        if piece
    ]
    return Text(tuple(parts), HERE)


def _reference(name: str) -> tuple[str, tuple[str, ...]]:
    root, path = name.split(".")
    return root, (path,)


def statements(kind: str) -> Sequence[Statement]:
    """Those for a database: `sqlite`, `postgres` or `mysql`."""
    return tuple(_statements(kind))


def _statements(kind: str) -> Iterator[Statement]:
    for part in re.split(r"\n\n(?=-- )", (FOLDER / "statements.sql").read_text())[1:]:
        head, _, text = part.partition("\n")
        name, _, where = head.removeprefix("-- ").rpartition(": ")
        if where == kind or (where == "both" and not (kind == "mysql" and name in _UNKNOWN_TO_MYSQL)):
            yield Statement(name, text.strip())


def footprint_of(kind: str, reflection: Reflection, statement: Statement) -> SqlFootprint:
    tables = Tables()
    tables.learn(reflection.tables, reflection.release, "db", reflection.functions)
    surroundings = Surroundings({}, {}, (), Limits())
    return SqlFootprint(Setting(DIALECTS[kind], tables, surroundings), statement.parsed(kind))


def given(references: Sequence[object], values: Mapping[str, Json] = GIVEN) -> list[Json]:
    return [values[str(reference)] for reference in references]


def told(kind: str, reflection: Reflection, statement: Statement) -> Sequence[str]:
    """What it reads and touches with `GIVEN`, in words."""
    footprint = footprint_of(kind, reflection, statement)
    inputs = footprint.inputs()
    values = given(inputs.expressions)
    if footprint.text.writes:
        return [in_words(touch) for touch in footprint.touches(inputs, values)] or ["touches nothing"]
    return [in_words(read) for read in footprint.reads(inputs, values)] or ["reads nothing"]


def in_words(one: Read | Touch) -> str:
    verb = "reads" if isinstance(one, Read) else "touches"
    if one.table is None:
        return f"{verb} anything"
    name = _DATABASE.sub("db.", one.table)
    columns = "every column" if one.columns is None else ", ".join(sorted(one.columns)) or "whether there are rows"
    if isinstance(one, Read):
        rows = " and ".join(f"{key.column} in {_listed(key.values)}" for key in one.keys)
        return f"{verb} {name}: {columns}" + (f", where {rows}" if rows else "")
    if one.images is None:
        return f"{verb} {name}: {columns}"
    images = "; ".join(", ".join(f"{name} {image[name]!r}" for name in sorted(image)) for image in one.images)
    return f"{verb} {name}: {columns}, of rows with {images}"


def _listed(values: frozenset[object]) -> str:
    return ", ".join(sorted(map(repr, values)))


def grade(kind: str, reflection: Reflection, statement: Statement) -> str:
    """`exact`: of every table, columns and rows. `keyed`: the rows of some. `table`: of none. `opaque`: anything."""
    footprint = footprint_of(kind, reflection, statement)
    inputs = footprint.inputs()
    values = given(inputs.expressions)
    told: Sequence[Read | Touch] = (
        footprint.touches(inputs, values) if footprint.text.writes else footprint.reads(inputs, values)
    )
    if any(each.table is None for each in told):
        return "opaque"
    rows = [bool(each.keys) if isinstance(each, Read) else each.images is not None for each in told]
    if all(rows):
        return "exact"
    return "keyed" if any(rows) else "table"
