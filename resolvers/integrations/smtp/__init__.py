"""E-mails: `kind: smtp`."""

from __future__ import annotations

from tidegate.resolvers.integrations.smtp.kind import SmtpKind

kind = SmtpKind()
