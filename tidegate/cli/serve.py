"""`tidegate serve`: the project as an API."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from rich.text import Text

from tidegate.cli.console import complain, note, say, show_problems
from tidegate.cli.demo import demo_users
from tidegate.cli.demonstration import demo_tokens, demonstration
from tidegate.cli.exits import Exit
from tidegate.cli.parameters import examples, folder_argument
from tidegate.cli.project import environment
from tidegate.cli.remarks import remarks
from tidegate.cli.secret import kept_secret
from tidegate.cli.signing import Unsignable, own_jwt
from tidegate.cli.watching import watch
from tidegate.core.integration import IntegrationUnavailable
from tidegate.core.problems import ProjectError
from tidegate.core.program import SandboxUnavailable
from tidegate.looking import Demo, Looking
from tidegate.settings import Environment, Isolation, Settings, SettingsError, variable

if TYPE_CHECKING:
    from tidegate.app import Gateway
    from tidegate.web.sign_in import Doorkeeper

ENVIRONMENT: Final = variable("environment")


@click.command(
    "serve",
    epilog=examples(
        "tidegate serve desk --demo",
        "tidegate serve desk --reload",
        "tidegate serve desk --host 0.0.0.0 --port 80",
        "tidegate serve desk --static web/dist",
    ),
)
@folder_argument
@click.option("--host", metavar="ADDRESS", help="The address to listen at. Default: TIDEGATE_HOST, or 127.0.0.1.")
@click.option(
    "--port",
    metavar="PORT",
    type=click.IntRange(0, 65535),
    help="The port to listen at; 0 takes a free one. Default: TIDEGATE_PORT, or 8000.",
)
@click.option("--reload", is_flag=True, help="Take up changes of the project's files as they are saved. Development.")
@click.option(
    "--demo",
    is_flag=True,
    help="Print a token for everybody in demo.yaml, and something to try; let those in demo-passwords.yaml sign in. "
    "Without a JWT_SECRET, one is made and kept in .tidegate/. Development.",
)
@click.option(
    "--static",
    metavar="DIR",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Serve the files of this folder, a built frontend, at every other address. Default: TIDEGATE_STATIC.",
)
@click.pass_context
def command(
    ctx: click.Context,
    folder: Path,
    host: str | None,
    port: int | None,
    reload: bool,
    demo: bool,
    static: Path | None,
) -> None:
    """Serve the project at /graphql until it is stopped.

    Reads the environment, and the file .env in the project where there is one. Migrations are applied first. In
    development, browsers that open /graphql get GraphiQL, and /console shows the project and what the server does:
    TIDEGATE_ENVIRONMENT=development, --reload or --demo.
    """
    from tidegate.app import Gateway
    from tidegate.logs import configure_logs
    from tidegate.runs.audit import AuditLog
    from tidegate.runs.history import History
    from tidegate.runs.several import Several
    from tidegate.runs.store import run_store
    from tidegate.web.frontend import Frontend, Unservable
    from tidegate.web.server import CannotListen, run

    environ = environment(folder)
    development = reload or demo
    if development and environ.get(ENVIRONMENT, "").lower() == Environment.PRODUCTION:
        raise click.UsageError(f"--reload and --demo are for development, and {ENVIRONMENT} is production.")
    if demo:
        environ.setdefault("JWT_SECRET", kept_secret(folder))
        # Somebody who looks at an example on a machine of another kind is to see it work; the log says what is missing.
        environ.setdefault("TIDEGATE_SANDBOX", Isolation.WEAK)
    try:
        settings = _settings(environ, host, port, development, static)
    except SettingsError as error:
        for problem in error.problems:
            complain(problem)
        ctx.exit(Exit.USAGE)
    configure_logs(settings)
    try:
        frontend = Frontend(Path(settings.static), settings.static_policy or None) if settings.static else None
    except Unservable as error:
        complain(str(error))
        ctx.exit(Exit.USAGE)
    store, looking = run_store(settings.runs, folder), Looking(settings)
    history = History(store, lambda: gateway.catalog.limits)
    recorder, weak = Several(AuditLog(), history, *looking.recorders), settings.sandbox is Isolation.WEAK
    gateway = Gateway.load(folder, environ, weak=weak, recorder=recorder, insight=looking.insight)
    gateway.follow_schedules(history)
    for remark in remarks(gateway.catalog):
        note(Text(remark, "yellow"))
    shown, doorkeeper, tokens = _demonstration(gateway, folder, environ) if demo else (None, None, None)
    inside = looking.inside(gateway, store, tokens)

    def started(address: tuple[str, int]) -> None:
        origin = _origin(address)
        say(Text.assemble((gateway.catalog.name, "bold"), " is served at ", (f"{origin}/graphql", "bold cyan")))
        if settings.environment is Environment.DEVELOPMENT:
            note(Text("Open that in a browser for GraphiQL. Stop with Ctrl+C.", "dim"))
        if inside is not None:
            say(Text.assemble("What it does is shown at ", (f"{origin}/console", "bold cyan")))
        if shown is not None:
            shown(origin)
        if frontend is not None:
            say(Text.assemble("\nOpen ", (f"{origin}/", "bold cyan"), " in a browser."))

    try:
        beside = _reloading(gateway, folder) if reload else None
        with looking.listening():
            run(
                gateway,
                settings,
                started=started,
                beside=beside,
                around=history,
                frontend=frontend,
                doorkeeper=doorkeeper,
                inside=inside,
            )
    except CannotListen as error:
        complain(str(error))
        ctx.exit(Exit.OUTSIDE)


def _settings(
    environ: Mapping[str, str], host: str | None, port: int | None, development: bool, static: Path | None
) -> Settings:
    settings = Settings.read(environ)
    # Any: each setting is of its own type.
    changes: dict[str, Any] = {"host": host, "port": port, "static": None if static is None else str(static)}
    if development:
        changes["environment"] = Environment.DEVELOPMENT
    return replace(settings, **{name: value for name, value in changes.items() if value is not None})


def _demonstration(
    gateway: Gateway, folder: Path, environ: Mapping[str, str]
) -> tuple[Callable[[str], None] | None, Doorkeeper | None, Demo | None]:
    """What is said about the demo's users once the address is known, who lets them in, and their tokens."""
    from tidegate.cli.passwords import demo_passwords
    from tidegate.cli.sign_in import DemoDoorkeeper

    users = demo_users(folder)
    try:
        jwt = own_jwt(gateway.catalog, environ)
    except Unsignable as error:
        note(str(error))
        return None, None, None
    if not users:
        note("There is no demo.yaml, so there are no demo users.")
    passwords = demo_passwords(folder)
    doorkeeper = DemoDoorkeeper(users, passwords, jwt) if passwords else None
    return (
        lambda origin: say(demonstration(gateway.catalog, users, jwt, origin)),
        doorkeeper,
        lambda: demo_tokens(gateway.catalog, users, jwt),
    )


def _reloading(gateway: Gateway, folder: Path) -> Callable[[], Coroutine[object, object, None]]:
    async def changed() -> None:
        try:
            await gateway.reload()
        except ProjectError as error:
            show_problems(error.problems, folder)
            note("Still serving what was served before.")
        except (IntegrationUnavailable, SandboxUnavailable) as error:
            complain(str(error))
            note("Still serving what was served before.")
        else:
            note(Text("Reloaded.", "green"))

    return lambda: watch(folder, changed)


def _origin(address: tuple[str, int]) -> str:
    host, port = address
    # Nobody can open 0.0.0.0 in a browser.
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{shown}:{port}"
