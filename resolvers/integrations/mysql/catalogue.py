"""Reads MySQL's catalogue into `Reflection`: as many queries, whatever the number of tables. Of the database that the
URL names; others on the same server are not looked into."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from tidegate.resolvers.integrations.mysql.dependencies import connect_tables, identity_of, read_strangers
from tidegate.resolvers.integrations.mysql.session import Session, server_of
from tidegate.resolvers.integrations.mysql.types import family_of, labels_of
from tidegate.resolvers.integrations.relational.reflection import OWN_TABLE, Reflection
from tidegate.resolvers.integrations.relational.tables import Family, ForeignKey, ReflectedColumn, ReflectedTable

_TABLES: Final = f"""
    select table_name, table_type = 'VIEW', coalesce(engine, ''), table_comment from information_schema.tables
    where table_schema = database() and table_type <> 'SEQUENCE' and table_name <> '{OWN_TABLE}' order by table_name
"""

# MariaDB quotes a default that is a text, and says NULL where there is none.
_COLUMNS: Final = """
    select table_name, column_name, lower(data_type), column_type, is_nullable = 'YES', column_default is not null{},
           lower(extra), coalesce(generation_expression, ''), column_comment, coalesce(collation_name, '')
    from information_schema.columns where table_schema = database() order by table_name, ordinal_position
"""

# A key on an expression has no column, one on the beginning of a text a `sub_part`.
_UNIQUE: Final = """
    select table_name, index_name, column_name, sub_part is not null from information_schema.statistics
    where table_schema = database() and not non_unique order by table_name, index_name, seq_in_index
"""

_LINKS: Final = """
    select table_name, constraint_name, column_name, referenced_table_schema = database(), referenced_table_name,
           referenced_column_name
    from information_schema.key_column_usage
    where table_schema = database() and referenced_table_name is not null
    order by table_name, constraint_name, ordinal_position
"""

_CHECKS: Final = """
    select t.table_name, c.constraint_name, c.check_clause
    from information_schema.check_constraints c join information_schema.table_constraints t
      on t.constraint_schema = c.constraint_schema and t.constraint_name = c.constraint_name
     and t.constraint_type = 'CHECK'{}
    where c.constraint_schema = database() order by 1, 2
"""

_SOURCE: Final = {
    False: "select concat('mysql:', @@server_uuid)",
    True: "select concat_ws(':', 'mariadb', @@hostname, @@port, @@datadir)",
}
"""By whether it is MariaDB. The server's name and not the database's: statements reach from one into another."""

_QUOTED: Final = re.compile(r"`((?:[^`]|``)+)`")
_IS_JSON: Final = re.compile(r"json_valid\(`((?:[^`]|``)+)`\)", re.IGNORECASE)

_STRANGE_ENGINES: Final = frozenset({"federated", "federatedx", "connect", "spider", "mrg_myisam", "s3", "blackhole"})
"""What is in these tables comes from somewhere else, or from other tables."""


async def reflect(session: Session) -> Reflection:
    """Every table and view, with what live queries must know of each."""
    server = server_of(session)
    checks = await session.ask(_CHECKS.format(" and t.table_name = c.table_name" if server.is_mariadb else "")) or ()
    json = {(table, _plain(found[1])) for table, _, clause in checks if (found := _IS_JSON.fullmatch(clause.strip()))}
    columns: defaultdict[str, dict[str, ReflectedColumn]] = defaultdict(dict)
    counted = set[tuple[str, str]]()
    stamped: defaultdict[str, set[str]] = defaultdict(set)
    for table, *row in await session.ask(_COLUMNS.format(" and column_default <> 'NULL'" if server.is_mariadb else "")):
        column = _column(row)
        if (table, column.name) in json:
            column = replace(column, family=Family.JSON, plain=False)
        columns[table][column.name] = column
        if "auto_increment" in row[5]:
            counted.add((table, column.name))
        if "on update" in row[5]:
            stamped[table].add(column.name)
    tables = await session.ask(_TABLES)
    names = {name for name, *_ in tables}
    unique: defaultdict[str, dict[str, list[tuple[str | None, bool]]]] = defaultdict(dict)
    for table, index, name, is_part in await session.ask(_UNIQUE):
        unique[table].setdefault(index, []).append((name, bool(is_part)))
    links: defaultdict[str, dict[str, list[Any]]] = defaultdict(dict)
    for table, name, *pair in await session.ask(_LINKS):
        links[table].setdefault(name, []).append(pair)
    _count(columns, links, counted)
    schema = str((await session.ask("select database()"))[0][0])
    known = {
        name: ReflectedTable(
            name,
            columns[name],
            _whole(unique[name].get("PRIMARY", ())),
            tuple(_whole(index) for own, index in unique[name].items() if own != "PRIMARY" and _whole(index)),
            tuple(
                ForeignKey(tuple(pair[0] for pair in pairs), pairs[0][2], tuple(pair[3] for pair in pairs))
                for pairs in links[name].values()
                if pairs[0][1] and pairs[0][2] in names
            ),
            bool(is_view),
            comment="" if is_view else comment,
            identity=identity_of(schema, name),
            stamped=frozenset(stamped[name]),
            opaque=engine.lower() in _STRANGE_ENGINES,
            is_folded=any(not _whole(index) for index in unique[name].values()),
        )
        for name, is_view, engine, comment in tables
    }
    strangers = await read_strangers(session)
    ((source,),) = await session.ask(_SOURCE[server.is_mariadb])
    return Reflection(
        await connect_tables(session, schema, known, strangers),
        _constraints(unique, links, checks, columns),
        server.release,
        str(source),
        strangers,
    )


def _column(row: Sequence[Any]) -> ReflectedColumn:
    """Any: a row of `_COLUMNS`, after the table's name."""
    name, type, declared, nullable, has_default, extra, generation, comment, collation = row
    family = family_of(type, declared)
    return ReflectedColumn(
        name,
        family,
        nullable=bool(nullable),
        has_default=bool(has_default) or "auto_increment" in extra,
        generated=bool(generation),
        values=labels_of(declared) if family is Family.ENUM else (),
        declared=declared,
        comment=comment,
        plain=_is_plain(type, family, collation),
        folds=_FOLDS.fullmatch(collation) is not None,
    )


def _count(
    columns: Mapping[str, dict[str, ReflectedColumn]],
    links: Mapping[str, Mapping[str, Sequence[Any]]],
    counted: set[tuple[str, str]],
) -> None:
    """What is counted up from one never needs the last bit of `bigint unsigned`, nor does what points at it: both are
    ordinary numbers. Any: rows of `_LINKS`."""
    pairs = [(table, pair) for table, named in links.items() for rows in named.values() for pair in rows if pair[1]]
    found = set[tuple[str, str]]()
    while counted != found:
        found = set(counted)
        counted |= {(table, pair[0]) for table, pair in pairs if (pair[2], pair[3]) in counted}
    for table, name in counted:
        column = columns[table].get(name)
        if column is not None and column.family is Family.NUMERIC and column.declared.lower().startswith("bigint"):
            columns[table][name] = replace(column, family=Family.BIGINT)


def _is_plain(type: str, family: Family, collation: str) -> bool:
    """Most collations ignore case or accents, and those that compare byte by byte ignore blanks at the end, unless they
    say that they do not. `binary(n)` is filled up."""
    if collation:
        return collation.endswith(("_nopad_bin", "_0900_bin"))
    return type != "binary" and family not in (Family.JSON, Family.OTHER)


_FOLDS: Final = re.compile(
    r"(?:utf8mb4|utf8mb3|utf8|latin1|ascii)_(?:(?:general|unicode|unicode_520)(?:_nopad)?_ci|general_cs|(?:nopad_)?bin)"
    r"|latin1_swedish(?:_nopad)?_ci|utf8mb4_0900_(?:ai_ci|as_ci|as_cs|bin)"
    r"|(?:utf8mb[34]_)?uca1400(?:_nopad)?_(?:ai|as)_c[is]"
)
"""Those of a language may take two letters for one. A test looks at all that MariaDB has."""


def _whole(index: Sequence[tuple[str | None, bool]]) -> tuple[str, ...]:
    """The columns of a unique index that is on columns as they are; nothing for another."""
    names = tuple(name for name, is_part in index if name is not None and not is_part)
    return names if len(names) == len(index) else ()


def _constraints(
    unique: Mapping[str, Mapping[str, Sequence[tuple[str | None, bool]]]],
    links: Mapping[str, Mapping[str, Sequence[Any]]],
    checks: Sequence[Sequence[Any]],
    columns: Mapping[str, Mapping[str, ReflectedColumn]],
) -> dict[tuple[str, str], tuple[str, ...]]:
    """Any: rows."""
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for table, indexes in unique.items():
        for index, parts in indexes.items():
            found[table, index] = tuple(name for name, _ in parts if name is not None)
    for table, named in links.items():
        for name, pairs in named.items():
            found[table, name] = tuple(pair[0] for pair in pairs)
    for table, name, clause in checks:
        mentioned = dict.fromkeys(_plain(each) for each in _QUOTED.findall(clause))
        found[table, name] = tuple(each for each in mentioned if each in columns[table])
    return found


def _plain(quoted: str) -> str:
    return quoted.replace("``", "`")
