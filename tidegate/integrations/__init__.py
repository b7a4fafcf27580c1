"""For integrations of one's own: the words of the protocol, and a base that leaves the verbs to be written.

    class Notes(Plain):
        settings = {"folder": {"type": "string", "description": "The folder of the notes."}}

        @reading(key="name")
        async def get(self, draft: Draft, name: str) -> Json: ...

        @writing(key="name")
        async def put(self, draft: Draft, name: str, text: Json) -> Json: ...

        async def commit(self, draft: Draft) -> None: ...

    kind = Kind(Notes)

Whoever needs more (several tables, other requests than mappings of values) implements `Integration` and its kin.
"""

from __future__ import annotations

from tidegate.core.change import Outside
from tidegate.core.errors import Code, OperationError
from tidegate.core.expressions import Expression, Items, Literal, Record, Reference, Text
from tidegate.core.footprint import UNKNOWN, Key, Read, Touch
from tidegate.core.integration import (
    Answer,
    Compiled,
    Declaration,
    Integration,
    IntegrationKind,
    IntegrationUnavailable,
    Prepared,
    Session,
    Surroundings,
)
from tidegate.core.json import MISSING, Given, Json
from tidegate.core.location import Location
from tidegate.core.problems import Problem, Problems, ProjectError
from tidegate.integrations.plain import Draft, Kind, Plain, reading, writing

__all__ = [
    "MISSING",
    "UNKNOWN",
    "Answer",
    "Code",
    "Compiled",
    "Declaration",
    "Draft",
    "Expression",
    "Given",
    "Integration",
    "IntegrationKind",
    "IntegrationUnavailable",
    "Items",
    "Json",
    "Key",
    "Kind",
    "Literal",
    "Location",
    "OperationError",
    "Outside",
    "Plain",
    "Prepared",
    "Problem",
    "Problems",
    "ProjectError",
    "Read",
    "Record",
    "Reference",
    "Session",
    "Surroundings",
    "Text",
    "Touch",
    "reading",
    "writing",
]
