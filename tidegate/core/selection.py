"""What a client asked to see of a result, compiled from a GraphQL selection set once for each document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as declared

from tidegate.core.expressions import Expression
from tidegate.core.types import TypeRef


@dataclass(frozen=True, slots=True, eq=False)
class Selected:
    """One field of the answer. `key` is the client's name for it (its alias, or the field's own name); `field` is the
    type's name for it, or `__typename`. `arguments` of nested fields resolve against `variables`."""

    key: str
    field: str
    type: TypeRef
    arguments: Mapping[str, Expression] = declared(default_factory=dict)
    selection: Selection | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Selection:
    """The fields wanted of one object type, in the order the answer shows them; fragments are merged and directives
    applied already."""

    type: str
    fields: tuple[Selected, ...]
