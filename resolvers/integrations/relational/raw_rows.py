"""An author's own SQL as a source of rows, and the JSON that the database makes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
import sqlalchemy as sa

from tidegate.core.expressions import Reference, as_text
from tidegate.core.json import Json
from tidegate.core.objects import DataObject
from tidegate.core.selection import Selection
from tidegate.core.types import TypeRef
from tidegate.resolvers.integrations.relational.cells import Cell
from tidegate.resolvers.integrations.relational.connection import ResultColumn
from tidegate.resolvers.integrations.relational.dialects import Fragment, Source, Sql
from tidegate.resolvers.integrations.relational.drafts import Draft, Setting
from tidegate.resolvers.integrations.relational.rows import Computed, object_json
from tidegate.resolvers.integrations.relational.sql_footprints import SqlFootprint
from tidegate.resolvers.integrations.relational.sql_text import SqlText
from tidegate.resolvers.integrations.relational.sql_words import WORDS
from tidegate.resolvers.integrations.relational.storing import stored
from tidegate.resolvers.integrations.relational.tables import Family, ReflectedColumn
from tidegate.resolvers.integrations.relational.verbs import Shape, Statement


@dataclass(slots=True, eq=False)
class AuthorSql:
    """One statement of an author's. Mutable: it learns the columns of its result."""

    setting: Setting
    verb: Statement
    columns: tuple[ResultColumn, ...] = ()
    names: Mapping[str, int] = field(default_factory=dict)
    """The place of each field's column."""
    footprint: SqlFootprint = field(init=False)

    def __post_init__(self) -> None:
        self.footprint = SqlFootprint(self.setting, self.verb.text)

    @property
    def writes(self) -> bool:
        return self.verb.text.writes


def author_sql(draft: Draft, text: SqlText) -> Fragment:
    """The author's text with its values bound. Inside of quotes a value is text; elsewhere the database decides."""
    parts: list[str | Sql] = []
    joins = WORDS[draft.dialect.name].joins
    for index, part in enumerate(text.parts):
        if isinstance(part, str):
            parts.append(part)
        elif index in text.quoted or (joins is not None and _is_joined(text.parts, index, joins)):
            parts.append(draft.dialect.text_parameter(draft.bind(part, _as_text)))
        elif part.root in ("row", "prev") and text.subject is not None:
            parts.extend(_field(draft, part, text.subject))
        elif index in text.alone and draft.dialect.guesses_types:
            parts.append(draft.bind(part, _as_letters))
        else:
            parts.append(draft.bind(part, None if draft.dialect.typed else _plain_value))
    return Fragment(parts)


def _field(draft: Draft, part: Reference, subject: DataObject) -> Sequence[str | Sql]:
    """A value of a row of the object, as its column has it."""
    setting, column = draft.setting, subject.columns[part.path[0]]
    table = setting.tables.known.get(subject.table)
    reflected = table.columns.get(column.column) if table is not None else None
    known = reflected or ReflectedColumn(column.column, Family.UNKNOWN)
    bound = draft.bind(part, stored(draft.dialect, column.type, known, setting.surroundings.types))
    # PostgreSQL would have to guess the type of a parameter that is compared with another.
    return ("CAST(", bound, f" AS {known.declared})") if draft.dialect.typed and known.declared else (bound,)


def _is_joined(parts: Sequence[str | Reference], index: int, joins: str) -> bool:
    before = parts[index - 1] if index else ""
    after = parts[index + 1] if index + 1 < len(parts) else ""
    return (isinstance(before, str) and before.rstrip().endswith(joins)) or (
        isinstance(after, str) and after.lstrip().startswith(joins)
    )


def _as_text(value: Json) -> Json:
    return as_text(value)


def _as_letters(value: Json) -> Json:
    """For a dialect that `guesses_types`: in quotes a number is its digits."""
    plain = _plain_value(value)
    return plain if plain is None else as_text(int(plain) if isinstance(plain, bool) else plain)


def _plain_value(value: Json) -> Json:
    """SQLite takes no lists and no objects: they are JSON text there."""
    return value if value is None or isinstance(value, str | int | float) else orjson.dumps(value).decode()


def wrapped(draft: Draft, author: AuthorSql, selection: Selection) -> sa.ClauseElement:
    """The author's statement as a source of rows."""
    name = draft.name()
    written = author_sql(draft, author.verb.text)
    if not author.verb.text.writes and not draft.dialect.keeps_order:
        most = draft.setting.surroundings.limits.pageSize if _is_many(author) else 1
        written = _sorted(written, author.verb.text, most)
    if author.verb.text.writes:
        # PostgreSQL only: a statement that writes can stand nowhere else.
        source = Source((name,))
        query = over(draft, author, selection, name, source)
        return Fragment((f"WITH {name} AS (", written, "\n) ", query))
    # The line break ends a comment that the author's text may end with.
    return over(draft, author, selection, name, Source(("(", written, f"\n) AS {name}")))


def _is_many(author: AuthorSql) -> bool:
    return author.verb.outcome.shape in (Shape.ROWS, Shape.VALUES)


def _sorted(written: Fragment, text: SqlText, most: int) -> Fragment:
    """With a limit: MariaDB drops the order of a subquery that has none."""
    tree = text.tree
    if tree is None or not tree.args.get("order") or tree.args.get("limit") or tree.args.get("fetch"):
        return written
    return Fragment((written, f"\nLIMIT {most}"))


def over(draft: Draft, author: AuthorSql, selection: Selection, name: str, source: Source) -> sa.Select[Any]:
    """The JSON of the rows of `source`, whose columns are the author's. Any: one column of bytes."""
    setting, many = author.setting, _is_many(author)
    most = setting.surroundings.limits.pageSize if many else 1
    used = [selected for selected in selection.fields if selected.field in author.names]
    reached = _reached(author, selection)
    columns = dict.fromkeys([*(selected.field for selected in used), *reached])
    page = draft.name()
    if author.verb.text.writes and not many:
        most = setting.surroundings.limits.pageSize
    inner = sa.select(sa.text(f"{name}.*")).select_from(source).limit(Fragment((str(most),)))
    rows = inner.subquery(page)
    types = {selected.field: selected.type for selected in used}
    cells = {
        each: Cell(
            Fragment((f"{page}.{draft.dialect.quoted(author.columns[author.names[each]].name)}",)),
            types.get(each) or _declared(author, each),
            ReflectedColumn("", author.columns[author.names[each]].family),
            strict=draft.dialect.strict,
        )
        for each in columns
    }
    text = object_json(draft, selection, Computed(cells, author.verb.target), rows)
    if many:
        text = draft.dialect.joined(["[", draft.dialect.gathered(text), "]"])
        return sa.select(draft.dialect.bytes(text)).select_from(rows)
    return sa.select(draft.dialect.bytes(text)).select_from(rows).limit(Fragment(("1",)))


def _reached(author: AuthorSql, selection: Selection) -> list[str]:
    """The fields from which the selected relations start."""
    target = author.verb.target
    if target is None:
        return []
    relations = [target.relations[each.field] for each in selection.fields if each.field in target.relations]
    return [ours for relation in relations for _, ours in relation.on]


def _declared(author: AuthorSql, field_name: str) -> TypeRef:
    assert author.verb.target is not None
    return author.verb.target.columns[field_name].type
