"""Other servers' HTTP: `kind: http`."""

from __future__ import annotations

from tidegate.resolvers.integrations.http.kind import HttpKind

kind = HttpKind()
