"""Other systems, told of something: `kind: webhook`, and `kind: zapier`, which is one of a Zap."""

from __future__ import annotations

from tidegate.resolvers.integrations.webhook.kind import HookKind

kind = HookKind("url", "Where it is posted to: https://example.com/hooks/tickets.")
zapier = HookKind("hook", "The address of the Zap's webhook: https://hooks.zapier.com/hooks/catch/….")
