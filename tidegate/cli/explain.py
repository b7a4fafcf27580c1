"""`tidegate explain`: what refreshes what, and why."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final

import click

from tidegate.cli.console import complain, note, say
from tidegate.cli.exits import Exit
from tidegate.cli.footprints import ASSUMED, show
from tidegate.cli.idle import IdleSandbox
from tidegate.cli.operations import find_operation
from tidegate.cli.parameters import examples, folder_or_operation
from tidegate.cli.project import environment
from tidegate.description.compiled import runnable_of
from tidegate.description.explanation import Explained, Explanation

URL: Final = "http://127.0.0.1:8000"


@click.command(
    "explain",
    short_help="Say what refreshes what, and why.",
    epilog=examples(
        "tidegate explain desk",
        "tidegate explain desk myTickets",
        "tidegate explain --follow --unmoved",
        "tidegate explain --follow --url https://desk.example --token $(tidegate token desk --user kim)",
    ),
)
@click.argument("target", metavar="[DIR] [OPERATION]", nargs=-1, callback=folder_or_operation)
@click.option("--online", is_flag=True, help="Open the database first: it knows foreign keys, views and triggers.")
@click.option("--follow", "follows", is_flag=True, help="Say what happens in a server instead, until it is stopped.")
@click.option("--url", metavar="URL", default=URL, show_default=True, help="With --follow: the server.")
@click.option(
    "--token",
    metavar="TOKEN",
    envvar="TIDEGATE_TOKEN",
    show_envvar=True,
    help="With --follow: of somebody with the highest role. A server of this machine in development needs none.",
)
@click.option("--unmoved", is_flag=True, help="With --follow: also what each change did not refresh, and why.")
@click.pass_context
def command(
    ctx: click.Context,
    target: tuple[Path, str | None],
    online: bool,
    follows: bool,
    url: str,
    token: str | None,
    unmoved: bool,
) -> None:
    """Say which mutations refresh which queries, and why.

    For each query: what it reads (tables, the values that rows must have, columns), how closely that is known (exact:
    a row by its key; keyed: rows by a value; table: any row; opaque: anything), and which mutations may refresh it. For
    each mutation: what it writes, and which queries that may refresh. It goes by the lowest role that may call, and by
    all fields that are not relations. Without --online it needs no database and no environment.

    With --follow, what happens: each write and what it wakes; each refresh with its cause, what matched, subscribers
    and cost. A server that stops is waited for.
    """
    if follows:
        ctx.exit(_follow(url, token, unmoved=unmoved))
    if unmoved:
        raise click.UsageError("--unmoved goes with --follow.")
    folder, name = target
    explained = asyncio.run(_explain(folder, name, online=online))
    for number, each in enumerate(explained):
        if number:
            say()
        for line in show(each):
            say(line)
    if not online:
        note(ASSUMED)


async def _explain(folder: Path, name: str | None, *, online: bool) -> list[Explained]:
    from tidegate.description.tables import assume_tables
    from tidegate.edition import Edition

    edition = Edition.load(folder, environment(folder) if online else None, sandbox=IdleSandbox())
    catalog = edition.catalog
    if name is not None:
        find_operation(catalog, name)
    if online:
        await edition.open()
    try:
        if not online:
            for integration in catalog.integrations.values():
                assume_tables(integration, catalog)
        explanation = Explanation(catalog, partial(runnable_of, edition))
        return [explanation.of(each) for each in (catalog.operations if name is None else (name,))]
    finally:
        if online:
            await edition.close()


def _follow(url: str, token: str | None, *, unmoved: bool) -> Exit:
    # Not at the top: it imports an HTTP client.
    from tidegate.cli.debug_stream import Unheard, Unreachable, follow
    from tidegate.cli.events import Telling

    telling = Telling()
    signal.signal(signal.SIGINT, _leave)
    try:
        for event in follow(url, token, unmoved=unmoved):
            for line in telling.lines(event):
                (say if "at" in event else note)(line)
    except Unreachable as error:
        complain(str(error))
        return Exit.OUTSIDE
    except Unheard as error:
        complain(str(error))
        return Exit.PROJECT
    return Exit.OK


def _leave(*_: object) -> None:
    """How one stops following: at once, for a KeyboardInterrupt that is raised while something is being collected is
    lost, and the next chance to notice is seconds away."""
    with suppress(Exception):
        # In the middle of writing a line this fails, and that line is lost.
        sys.stdout.flush()
    os._exit(Exit.OK)
