"""`tidegate`: finds the command, and turns what goes wrong into a sentence and an exit code."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final

import click

from tidegate import __version__
from tidegate.cli.console import complain, show_problems
from tidegate.cli.exits import Exit
from tidegate.core.integration import IntegrationUnavailable
from tidegate.core.problems import ProjectError
from tidegate.core.program import SandboxUnavailable

COMMANDS: Final = (
    *("init", "check", "serve", "schema", "pull", "plan", "explain"),
    *("run", "runs", "schedule", "token", "unwatch"),
)
"""Each is the function `command` of the module of the same name. In the order in which somebody new needs them."""

EPILOG: Final = """\b
Start here:
  tidegate init desk          a service desk to look at and change
  tidegate serve desk --demo  serve it, with a token for each of its users
\b
Exit codes:
  0  it worked
  1  the project is wrong, or the call was refused
  2  the command line is wrong
  3  something outside failed: a database, a port, a file
"""


class Commands(click.Group):
    """Imports a command when it is asked for: `tidegate --version` must not wait for a GraphQL library."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = import_module(f"tidegate.cli.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Any: click's own signature."""
        try:
            return super().invoke(ctx)
        except ProjectError as error:
            show_problems(error.problems, ctx.obj)
            ctx.exit(Exit.PROJECT)
        except (IntegrationUnavailable, SandboxUnavailable) as error:
            complain(str(error))
            ctx.exit(Exit.OUTSIDE)
        except OSError as error:
            complain(_outside(error))
            ctx.exit(Exit.OUTSIDE)


def _outside(error: OSError) -> str:
    reason = error.strerror or str(error) or type(error).__name__
    return f"{error.filename}: {reason}." if error.filename else f"{reason}."


@click.group(
    cls=Commands, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, "--version", prog_name="tidegate", message="%(prog)s %(version)s")
def main() -> None:
    """A folder of text files becomes a role-guarded GraphQL API on your database."""
