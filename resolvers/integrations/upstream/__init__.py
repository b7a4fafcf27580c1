"""Other servers, asked by HTTP: one `Upstream` for each integration that does."""

from __future__ import annotations

from tidegate.resolvers.integrations.upstream.client import Upstream
from tidegate.resolvers.integrations.upstream.exchange import Asked, Reply, failed, is_header_name
from tidegate.resolvers.integrations.upstream.settings import SETTINGS, UpstreamSettings, upstream_settings

__all__ = [
    "SETTINGS",
    "Asked",
    "Reply",
    "Upstream",
    "UpstreamSettings",
    "failed",
    "is_header_name",
    "upstream_settings",
]
