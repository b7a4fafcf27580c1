"""A catalog -> the GraphQL schema that clients see: a real `strawberry.Schema`.

Nothing of how an operation works gets in here, because nothing of it is read: names, types, arguments, defaults,
descriptions and roles are all that there is to see. Names stand exactly as the project writes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import strawberry
from graphql import GraphQLSchema
from strawberry.schema.config import StrawberryConfig

from tidegate.core.catalog import Catalog
from tidegate.core.operation import Kind, Operation
from tidegate.schema import reference
from tidegate.schema.classes import Classes
from tidegate.schema.coercion import Coercion
from tidegate.schema.introspection import Introspection


@dataclass(frozen=True, eq=False)
class Api:
    """`schema` is complete in itself: `await schema.execute(text, context_value=reference.Context(user, runner))` runs
    the same operations through graphql-core. Everything else here serves the compiled path."""

    catalog: Catalog
    schema: strawberry.Schema
    coercion: Coercion
    queries: Mapping[str, Operation]
    mutations: Mapping[str, Operation]
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

    def roots(self, kind: Kind) -> Mapping[str, Operation]:
        return self.queries if kind is Kind.QUERY else self.mutations


def build_api(catalog: Catalog) -> Api:
    """Never fails for a compiled catalog: what GraphQL refuses, the project compiler has refused."""
    by_kind = {
        kind: {name: operation for name, operation in catalog.operations.items() if operation.kind is kind}
        for kind in Kind
    }
    coercion = Coercion(catalog.types)
    classes = Classes(catalog, coercion)
    query = classes.root("Query", by_kind[Kind.QUERY])
    mutation = classes.root("Mutation", by_kind[Kind.MUTATION]) if by_kind[Kind.MUTATION] else None
    schema = strawberry.Schema(
        query=query,
        mutation=mutation,
        types=classes.used(),
        config=StrawberryConfig(auto_camel_case=False, scalar_map=classes.scalars),
    )
    reference.rename_arguments(schema._schema)  # noqa: SLF001 (strawberry names it in no other way)
    return Api(catalog, schema, coercion, by_kind[Kind.QUERY], by_kind[Kind.MUTATION])
