"""A catalog -> the GraphQL schema that clients see: a real `strawberry.Schema`.

Nothing of how an operation works gets in here, because nothing of it is read: names, types, arguments, defaults,
descriptions and roles are all that there is to see. Names stand exactly as the project writes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import strawberry
from graphql import GraphQLSchema, OperationType
from strawberry.schema.config import StrawberryConfig

from tidegate.core.action import Demand
from tidegate.core.catalog import Catalog
from tidegate.core.operation import Kind, Operation
from tidegate.core.types import TypeDefinition
from tidegate.schema import reference
from tidegate.schema.classes import Classes
from tidegate.schema.coercion import Coercion
from tidegate.schema.introspection import Introspection
from tidegate.schema.refreshed import REFRESHED, REFRESHED_TYPE, TYPE, make_refreshed


@dataclass(frozen=True, eq=False)
class Api:
    """`schema` is complete in itself: `await schema.execute(text, context_value=reference.Context(user, runner))` runs
    the same queries and mutations through graphql-core. Everything else here serves the compiled path. `types` are the
    catalog's and the one that is ours. `subscriptions` are the live queries, and `refreshed`."""

    catalog: Catalog
    types: Mapping[str, TypeDefinition]
    schema: strawberry.Schema
    coercion: Coercion
    queries: Mapping[str, Operation]
    mutations: Mapping[str, Operation]
    subscriptions: Mapping[str, Operation]
    introspected: dict[Introspection, Mapping[str, bytes]] = field(default_factory=dict)
    """Answers about the schema itself, as `introspection` keeps them."""

    @property
    def graphql(self) -> GraphQLSchema:
        """graphql-core's view of the schema, which validation and introspection go by."""
        return self.schema._schema  # noqa: SLF001 (strawberry names it in no other way)

    @cached_property
    def sdl(self) -> str:
        """The schema as text, ending with a newline."""
        return self.schema.as_str().rstrip("\n") + "\n"

    @cached_property
    def demands(self) -> Mapping[tuple[str, str], Operation]:
        """Actions on demand, by the names of their object and of their own."""
        found = ((operation, operation.plan.acted) for operation in self.mutations.values())
        return {
            (acted.target.name, acted.action.name): operation for operation, acted in found if isinstance(acted, Demand)
        }

    def roots(self, type: OperationType) -> Mapping[str, Operation]:
        match type:
            case OperationType.QUERY:
                return self.queries
            case OperationType.MUTATION:
                return self.mutations
            case OperationType.SUBSCRIPTION:
                return self.subscriptions


def build_api(catalog: Catalog) -> Api:
    """Never fails for a compiled catalog: what GraphQL refuses, the project compiler has refused."""
    by_kind = {
        kind: {name: operation for name, operation in catalog.operations.items() if operation.kind is kind}
        for kind in Kind
    }
    queries, mutations = by_kind[Kind.QUERY], by_kind[Kind.MUTATION]
    subscriptions: dict[str, Operation] = {}
    types = dict(catalog.types)
    if queries:
        # Also where none of them is live: a client that asks again by itself wants to know when.
        subscriptions = {name: query for name, query in queries.items() if query.live is not None}
        subscriptions[REFRESHED] = make_refreshed(catalog)
        types[REFRESHED_TYPE] = TYPE
    coercion = Coercion(types)
    classes = Classes(catalog, types, coercion)
    query = classes.root("Query", queries)
    mutation = classes.root("Mutation", mutations) if mutations else None
    subscription = classes.root("Subscription", subscriptions, streams=True) if subscriptions else None
    schema = strawberry.Schema(
        query=query,
        mutation=mutation,
        subscription=subscription,
        types=classes.used(),
        config=StrawberryConfig(auto_camel_case=False, scalar_map=classes.scalars),
    )
    reference.rename_arguments(schema._schema)  # noqa: SLF001 (strawberry names it in no other way)
    return Api(catalog, types, schema, coercion, queries, mutations, subscriptions)
