"""A trigger's text -> the columns it sets in the row that was written, if that is all it does.

    create trigger changed after update on tickets
    begin update tickets set updated_at = … where id = new.id; end

The commonest trigger there is should not make every write to its table concern everybody.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from sqlglot import Dialect, exp
from sqlglot.errors import SqlglotError

_BODY: Final = re.compile(r"\bbegin\b(.*)\bend\b[\s;]*$", re.IGNORECASE | re.DOTALL)
_IGNORES: Final = re.compile(r"\bignore\b", re.IGNORECASE)
"""`raise(ignore)`: what was written before stays, and the row is not counted."""
_ROW: Final = frozenset({"rowid", "oid", "_rowid_"})


def stamped_columns(text: str, table: str, key: Collection[str]) -> frozenset[str] | None:
    """`text` is the CREATE TRIGGER of a trigger on `table` (in lower case), whose primary key is `key`. In lower case;
    none where the trigger may do more."""
    body = _BODY.search(text)
    if body is None or _IGNORES.search(body[1]):
        return None
    try:
        statements = Dialect.get_or_raise("sqlite").parse(body[1])
    except (SqlglotError, RecursionError):
        return None
    found = set[str]()
    for statement in statements:
        match statement:
            case None:
                continue
            case exp.Query():
                # It may raise; it cannot write.
                continue
            case exp.Update() if _is_own_row(statement, table, {name.lower() for name in key}):
                for each in statement.expressions:
                    if not isinstance(each, exp.EQ) or not isinstance(each.this, exp.Column):
                        return None
                    found.add(each.this.name.lower())
            case _:
                return None
    return frozenset(found)


def _is_own_row(statement: exp.Update, table: str, key: Collection[str]) -> bool:
    target, where = statement.this, statement.args.get("where")
    if not isinstance(target, exp.Table) or target.name.lower() != table or target.alias or statement.args.get("from_"):
        return False
    if where is None or statement.args.get("from") is not None:
        return False
    same = set[str]()
    for part in where.this.flatten() if isinstance(where.this, exp.And) else [where.this]:
        if not isinstance(part, exp.EQ):
            continue
        for mine, other in ((part.left, part.right), (part.right, part.left)):
            if isinstance(mine, exp.Column) and isinstance(other, exp.Column) and other.table.lower() == "new":
                own = mine.table.lower() in ("", table) and mine.name.lower() == other.name.lower()
                if own:
                    same.add(mine.name.lower())
    return bool(same & _ROW) or (bool(key) and same >= set(key))
