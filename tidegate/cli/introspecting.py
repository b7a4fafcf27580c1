"""A GraphQL server's address -> its schema, as it tells it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

if TYPE_CHECKING:
    from graphql import GraphQLSchema


async def introspected(address: str, headers: Iterable[str]) -> tuple[GraphQLSchema, Mapping[str, str]]:
    """With the headers, taken apart. Raises usage errors, and `IntegrationUnavailable` where nobody answers."""
    from tidegate.core.integration import IntegrationUnavailable
    from tidegate.resolvers.integrations.graphql.introspection import NotTold, introspect
    from tidegate.resolvers.integrations.upstream import Upstream, UpstreamSettings
    from tidegate.resolvers.integrations.upstream.settings import Timeouts

    parts = urlsplit(address)
    if parts.username is not None or parts.password is not None:
        hint = "Passwords are no part of the address: write --header 'Authorization: Basic …'."
        raise click.BadParameter(hint, param_hint="--from")
    sent = dict(map(_header, headers))
    upstream = Upstream("--from", UpstreamSettings(headers=sent, timeouts=Timeouts(10, 30, 60)))
    await upstream.open()
    try:
        return await introspect(upstream, address), sent
    except NotTold as error:
        if error.refused:
            sentence = f"This is neither an OpenAPI document nor a GraphQL server that tells its schema: {error}"
            raise click.BadParameter(sentence, param_hint="--from") from error
        raise IntegrationUnavailable(error.sentence) from error
    finally:
        await upstream.close()


def _header(text: str) -> tuple[str, str]:
    from tidegate.resolvers.integrations.upstream.exchange import is_header_name, is_header_value

    name, colon, value = (part.strip() for part in text.partition(":"))
    if not colon or not is_header_name(name) or not is_header_value(value) or not value:
        raise click.BadParameter("Write it like 'Authorization: Bearer …'.", param_hint="--header")
    return name, value
