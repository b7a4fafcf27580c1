"""What a driver finds in its database's catalogue when it opens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from tidegate.resolvers.integrations.relational.tables import ReflectedTable

OWN_TABLE: Final = "tidegate_migrations"
"""Our own table: never reflected, so never offered to `init` or `pull`."""

OWN_TRIGGERS: Final = "tidegate_"
"""How the names of our own triggers begin: they tell of writes and change nothing."""


@dataclass(frozen=True, slots=True)
class Reflection:
    """`constraints` has the columns of each named rule (unique, foreign key, check, exclusion) by the table's name, as
    `ReflectedTable.name` is, and the rule's own: what a broken rule is about. Not every database names its rules.
    `release` is the server's major version, 0 where statements do not depend on it; for MySQL and MariaDB with its
    minor one: 804 is MySQL 8.4, 1011 MariaDB 10.11, and all from 1000 on are MariaDB. `source` names the database
    itself, whoever asks and by whichever address. `functions` are the names, in lower case, of functions of which
    nobody knows what they read and write, most that are not the system's own; and the operators that call one. `::`
    among them: so do casts."""

    tables: Mapping[str, ReflectedTable] = field(default_factory=dict)
    constraints: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    release: int = 0
    source: str = ""
    functions: frozenset[str] = frozenset()
