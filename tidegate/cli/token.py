"""`tidegate token`: a token for development."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import click

from tidegate.cli.console import complain, say
from tidegate.cli.demo import demo_users
from tidegate.cli.exits import Exit
from tidegate.cli.parameters import Duration, examples, folder_argument
from tidegate.cli.project import environment, online
from tidegate.cli.signing import DEFAULT_LIFE, Unsignable, own_jwt, sign
from tidegate.core.json import Json


@click.command(
    "token",
    epilog=examples(
        "tidegate token desk --user ada",
        "tidegate token desk --claim sub=1 --claim email=ada@acme.example --claim role=customer",
        "tidegate token desk --claim sub=2 --claim org.team=acme --claim vip:=true --expires 7d",
    ),
)
@folder_argument
@click.option(
    "--claim",
    "claims",
    metavar="NAME=VALUE",
    multiple=True,
    help="A claim of the token; can be repeated. org.team=acme goes inside; NAME:=JSON takes JSON.",
)
@click.option("--user", metavar="NAME", help="The claims of somebody in demo.yaml, before those of --claim.")
@click.option("--expires", type=Duration(), default=DEFAULT_LIFE, show_default=True, help="How long it is good for.")
@click.pass_context
def command(ctx: click.Context, folder: Path, claims: tuple[str, ...], user: str | None, expires: int) -> None:
    """Print a token for development, signed with the project's secret.

    The secret is read from the environment, or from the file .env in the project. Issuer and audience are the
    project's. Refused where tokens are verified with somebody else's keys, and where TIDEGATE_ENVIRONMENT is
    production.
    """
    environ = environment(folder)
    catalog = online(folder, environ)
    try:
        jwt = own_jwt(catalog, environ)
    except Unsignable as error:
        complain(str(error))
        ctx.exit(Exit.PROJECT)
    say(sign({**_demo_claims(folder, user), **_parse(claims)}, jwt, expires))


def _demo_claims(folder: Path, user: str | None) -> Mapping[str, Json]:
    if user is None:
        return {}
    users = demo_users(folder)
    if user not in users:
        known = f" Known: {', '.join(users)}." if users else ""
        raise click.BadParameter(f"demo.yaml has nobody called {user}.{known}", param_hint="--user")
    return users[user]


def _parse(claims: tuple[str, ...]) -> Mapping[str, Json]:
    whole: dict[str, Json] = {}
    for claim in claims:
        name, equals, text = claim.partition("=")
        if not equals or not name.rstrip(":"):
            raise click.BadParameter(f"{claim!r} is not NAME=VALUE.", param_hint="--claim")
        value: Json = text
        if name.endswith(":"):
            name = name[:-1]
            try:
                value = json.loads(text)
            except ValueError as error:
                raise click.BadParameter(f"{text!r} is not JSON: {error}.", param_hint="--claim") from error
        _put(whole, name.split("."), value)
    return whole


def _put(inside: dict[str, Json], path: list[str], value: Json) -> None:
    *outer, last = path
    for name in outer:
        deeper = inside.setdefault(name, {})
        if not isinstance(deeper, dict):
            raise click.BadParameter(f"{name} is given twice.", param_hint="--claim")
        inside = deeper
    inside[last] = value
