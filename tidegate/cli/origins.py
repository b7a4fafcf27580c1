"""What `--from` leads to: told by the address where that is enough, else by what is there."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Final

import click

_DOCUMENTS: Final = (".json", ".yaml", ".yml")


class Origin(Enum):
    DATABASE = "database"
    OPENAPI = "openapi"
    GRAPHQL = "graphql"


async def find_origin(address: str) -> tuple[Origin, str]:
    """`https://…` is an OpenAPI document if that is what a GET answers, else a GraphQL endpoint; a file that ends in
    .json or .yaml is an OpenAPI document; everything else a database. With the text of a document. Raises a usage
    error, and `IntegrationUnavailable` where nobody answers."""
    if address.startswith(("https://", "http://")):
        from tidegate.scaffold.openapi_document import is_openapi

        text = await _fetched(address)
        return (Origin.OPENAPI, text) if is_openapi(text) else (Origin.GRAPHQL, "")
    if Path(address).suffix.lower() not in _DOCUMENTS or "://" in address:
        return Origin.DATABASE, ""
    return Origin.OPENAPI, _read(Path(address))


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise click.BadParameter(f"There is no file {path}.", param_hint="--from") from error
    except UnicodeError as error:
        raise click.BadParameter(f"{path} is no text.", param_hint="--from") from error


async def _fetched(address: str) -> str:
    """What a GET answers, whatever the status: endpoints of GraphQL refuse it in their own ways."""
    from tidegate.core.errors import OperationError
    from tidegate.core.integration import IntegrationUnavailable
    from tidegate.resolvers.integrations.upstream import Asked, Upstream, UpstreamSettings
    from tidegate.resolvers.integrations.upstream.settings import Timeouts
    from tidegate.scaffold.openapi_document import LARGEST

    upstream = Upstream("--from", UpstreamSettings(timeouts=Timeouts(10, 30, 60), most=LARGEST))
    await upstream.open()
    try:
        accepted = {"accept": "application/json, application/yaml, text/yaml, */*;q=0.5"}
        reply = await upstream.ask(Asked("GET", address, accepted), safe=True)
    except OperationError as error:
        raise IntegrationUnavailable(f"Nobody answers there: {error.__cause__ or error.message}.") from error
    finally:
        await upstream.close()
    return reply.body.decode("utf-8-sig", "replace")
