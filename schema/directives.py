"""What the printed schema says of an operation or a field beside its type."""

from __future__ import annotations

import strawberry
from strawberry.schema_directive import Location


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    name="minRole",
    description="The lowest role that may use this. Roles are ordered: a higher role may do all that a lower one may.",
)
class MinRole:
    role: str


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    name="timeout",
    description="How long this may take, where it is not the project's usual limit.",
)
class Timeout:
    seconds: float
