"""The subscription that every project has: which of some queries may answer otherwise now.

Its field is described as operations are, so that documents can ask for it; nothing ever runs it.
"""

from __future__ import annotations

from typing import Final

from tidegate.core.catalog import Catalog
from tidegate.core.location import Location
from tidegate.core.operation import Kind, Operation, Plan
from tidegate.core.types import Argument, Field, ListOf, Named, NonNull, ObjectType

REFRESHED: Final = "refreshed"
"""The field of `Subscription`, and so no name of an operation."""
REFRESHED_TYPE: Final = "Refreshed"

_HERE: Final = Location("tidegate")
_QUERIES: Final = Argument(
    "queries", NonNull(ListOf(NonNull(Named("String")))), _HERE, description="Names of fields of Query."
)
_QUERY: Final = Field(
    "query", NonNull(Named("String")), _HERE, "The name of one of the queries given, which may answer otherwise now."
)

TYPE: Final = ObjectType(REFRESHED_TYPE, {"query": _QUERY}, _HERE, "A query that may answer otherwise than before.")


def make_refreshed(catalog: Catalog) -> Operation:
    """The field `refreshed` of a project's subscriptions."""
    return Operation(
        name=REFRESHED,
        kind=Kind.QUERY,
        min_role=catalog.roles[0],
        rank=0,
        arguments={"queries": _QUERIES},
        returns=NonNull(Named(REFRESHED_TYPE)),
        plan=Plan((), None),
        timeout=catalog.limits.timeout,
        at=_HERE,
        description="Tells when one of these queries may answer otherwise than before, for whatever arguments.",
    )
