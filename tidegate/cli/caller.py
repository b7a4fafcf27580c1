"""Who calls, for `tidegate run --as`."""

from __future__ import annotations

from math import inf
from pathlib import Path

import click

from tidegate.auth.claims import anonymous, user_of
from tidegate.auth.refusal import Refused
from tidegate.cli.demo import demo_users
from tidegate.cli.parameters import JsonObject
from tidegate.core.catalog import Catalog
from tidegate.core.user import CurrentUser


def caller(catalog: Catalog, folder: Path, text: str | None) -> CurrentUser:
    """Whoever a token with these claims would be: `text` is their JSON, or a name in demo.yaml. Without
    it, anonymous."""
    if text is None:
        return anonymous(catalog.auth, catalog.roles)
    if catalog.auth.jwt is None:
        raise click.BadParameter("The project takes no tokens: it has no auth.jwt.", param_hint="--as")
    if text.lstrip().startswith(("{", "@")):
        claims = JsonObject().convert(text, None, None)
    else:
        users = demo_users(folder)
        if text not in users:
            known = f" It knows {', '.join(users)}." if users else ""
            raise click.BadParameter(f"{text!r} is neither JSON nor somebody in demo.yaml.{known}", param_hint="--as")
        claims = users[text]
    try:
        return user_of(claims, inf, catalog.auth, catalog.roles)
    except Refused as reason:
        raise click.BadParameter(
            f"A token with these claims would be refused: {reason}.", param_hint="--as"
        ) from reason
