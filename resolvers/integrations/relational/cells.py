"""What the JSON of a column is made of: where its value is, its text, and when that text breaks the schema's promise.

The text is never null: SQL's null reads `null`. Where the database does not prove what the schema says, a *flaw* is
written beside the value: one more member of the object, named `!` (no GraphQL name looks so). An answer with that
member in it is decoded and held against the schema with all of GraphQL's rules; one without goes to the client as is.
A client that stores the member's text in a JSON column makes its readers' answers slower, never different.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tidegate.core.types import EnumType, Named, TypeDefinition, TypeRef, nullable
from tidegate.resolvers.integrations.relational.dialects import Dialect, Sql
from tidegate.resolvers.integrations.relational.tables import Family, ReflectedColumn

FLAW: Final = ',"!":1'
"""What follows a value that breaks its promise."""
FLAW_MARK: Final = b'"!":1'

INT_LOWEST: Final = -(2**31)
INT_HIGHEST: Final = 2**31 - 1

AS_STORED: Final = "as it is stored"
"""The name of a type that no author writes: any value, as near to JSON as it comes."""

WHOLE: Final = frozenset({Family.SMALLINT, Family.INTEGER, Family.BIGINT})
FLOATING: Final = frozenset({Family.REAL, Family.FLOAT})


@dataclass(frozen=True, slots=True)
class Cell:
    """A value of a row: where it is, what the schema promises, and what the database does."""

    value: Sql
    type: TypeRef
    reflected: ReflectedColumn
    strict: bool = True


@dataclass(frozen=True, slots=True)
class Shown:
    """`text` is null where the value is, else it is JSON once `before` and `after` stand around it; `flaw` holds where
    the text is not what was promised, and does not where the value is null."""

    text: Sql
    flaw: Sql | None = None
    before: str = ""
    after: str = ""

    def whole(self, dialect: Dialect) -> Sql:
        """With what stands around it; null where the value is."""
        return dialect.framed(self.before, self.text, self.after)


def enum_of(type: TypeRef, types: Mapping[str, TypeDefinition]) -> EnumType | None:
    leaf = nullable(type)
    found = types.get(leaf.name) if isinstance(leaf, Named) else None
    return found if isinstance(found, EnumType) else None
