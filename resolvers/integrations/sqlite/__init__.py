"""The integration with SQLite: `kind: sqlite`."""

from __future__ import annotations

from tidegate.resolvers.integrations.sqlite.kind import SqliteKind

kind = SqliteKind()
