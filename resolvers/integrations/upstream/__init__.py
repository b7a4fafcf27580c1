"""Other servers, asked by HTTP: one `Upstream` for each integration that does."""

from __future__ import annotations

from tidegate.resolvers.integrations.upstream.client import Upstream
from tidegate.resolvers.integrations.upstream.exchange import Asked, Reply, failed
from tidegate.resolvers.integrations.upstream.settings import SETTINGS, UpstreamSettings, upstream_settings

__all__ = ["SETTINGS", "Asked", "Reply", "Upstream", "UpstreamSettings", "failed", "upstream_settings"]
