"""The integration with PostgreSQL: `kind: postgres`."""

from __future__ import annotations

from tidegate.resolvers.integrations.postgres.kind import PostgresKind

kind = PostgresKind()
