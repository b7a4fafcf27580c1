"""The integration with MySQL and MariaDB: `kind: mysql`."""

from __future__ import annotations

from tidegate.resolvers.integrations.mysql.kind import MysqlKind

kind = MysqlKind()
