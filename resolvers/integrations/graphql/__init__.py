"""Other servers' GraphQL: `kind: graphql`."""

from __future__ import annotations

from tidegate.resolvers.integrations.graphql.kind import GraphqlKind

kind = GraphqlKind()
