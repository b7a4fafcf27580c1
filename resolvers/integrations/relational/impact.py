"""What a request may write, whoever calls it with whatever values; and why it is not known what it reads."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from tidegate.core.footprint import UNKNOWN, Touch
from tidegate.core.integration import Prepared
from tidegate.core.objects import DataObject
from tidegate.resolvers.integrations.relational.images import columns_of
from tidegate.resolvers.integrations.relational.prepared import PreparedRead, PreparedWrite
from tidegate.resolvers.integrations.relational.raw import PreparedSql
from tidegate.resolvers.integrations.relational.reach import touches_of
from tidegate.resolvers.integrations.relational.scripts import PreparedScript
from tidegate.resolvers.integrations.relational.sql_footprints import SqlFootprint
from tidegate.resolvers.integrations.relational.tables import Tables
from tidegate.resolvers.integrations.relational.verbs import Creating, CreatingMany, Updating


def impact(prepared: Prepared) -> Sequence[Touch] | None:
    """None for requests that are not to a relational database. What is told when it is called is never more."""
    match prepared:
        case PreparedWrite(setting=setting, verb=verb):
            item, tables = verb.target, setting.tables
            if isinstance(verb, Updating):
                return touches_of(tables, item.table, columns_of(setting, item, verb.set), None)
            return touches_of(tables, item.table, None, None, added=isinstance(verb, Creating | CreatingMany))
        case PreparedSql():
            if not prepared.writes:
                return ()
            inputs = prepared.sql.footprint.inputs()
            return prepared.sql.footprint.touches(inputs, [UNKNOWN] * len(inputs.expressions))
        case PreparedScript(parts=parts):
            return [touch for part in parts for touch in impact(part) or ()]
        case PreparedRead():
            return ()
        case _:
            return None


def why_opaque(prepared: Prepared) -> str:
    """A clause, for a request that may read or write anything in its database."""
    match prepared:
        case PreparedRead(setting=setting, verb=verb) | PreparedWrite(setting=setting, verb=verb):
            return _why_table(setting.tables, verb.target)
        case PreparedSql():
            return _why_sql(prepared.sql.footprint)
        case PreparedScript(parts=parts):
            return "; ".join(dict.fromkeys(why_opaque(part) for part in parts))
        case _:
            return "its integration does not say"


def _why_table(tables: Tables, item: DataObject) -> str:
    table = tables.known.get(item.table)
    if table is None:
        return f"{item.table} is not known"
    if table.opaque:
        return f"what {item.table} shows depends on more than its rows (row security, a foreign table)"
    if table.is_view and table.sources is None:
        return f"it is not known which tables the view {item.table} reads"
    return f"triggers or rules of {item.table}, or of what it leads to, may do anything"


def _why_sql(footprint: SqlFootprint) -> str:
    text, tables = footprint.text, footprint.setting.tables
    if text.tree is None:
        return "its SQL cannot be taken apart"
    strange = sorted(text.calls & tables.functions)
    if strange:
        return f"it calls {', '.join(strange)}, which may do anything"
    named = {each.alias.lower() for each in text.tree.find_all(exp.CTE)}
    found = {each.name for each in text.tree.find_all(exp.Table) if isinstance(each.this, exp.Identifier)}
    known = {name.rpartition(".")[2].lower() for name in tables.known}
    unknown = sorted(name for name in found if name.lower() not in known | named)
    if unknown:
        return f"{', '.join(unknown)} is not known" if len(unknown) == 1 else f"{', '.join(unknown)} are not known"
    return "it leads to something that may do anything (a view, a trigger, row security), or cannot be taken apart"
