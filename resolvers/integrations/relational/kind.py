"""What the kinds of SQL databases have in common: their verbs, and what a request of each may hold."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tidegate.core.integration import Integration
from tidegate.core.json import Json
from tidegate.core.location import Location
from tidegate.resolvers.integrations.relational.request_schemas import VERBS, request_schema


class RelationalKind(ABC):
    """Implements `IntegrationKind`, but for what its settings are and what is made of them."""

    @property
    def verbs(self) -> frozenset[str]:
        return VERBS

    @property
    @abstractmethod
    def settings(self) -> Mapping[str, Any]:
        """Any: JSON Schema is open-ended."""

    def request_schema(self, verb: str) -> Mapping[str, Any]:
        """Any: JSON Schema is open-ended."""
        return request_schema(verb)

    @abstractmethod
    def create(self, name: str, settings: Mapping[str, Json], folder: Path, at: Location) -> Integration: ...
