"""`python -m tidegate.cli.reference`: docs/reference/cli.md, made from the commands themselves."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import click

from tidegate.cli.group import COMMANDS, main


def reference() -> str:
    """The whole page."""
    return "\n".join(_page())


def _page() -> Iterator[str]:
    context = click.Context(main, info_name="tidegate")
    yield "# The command line\n"
    yield "Made by `python -m tidegate.cli.reference`; a test holds it against the commands.\n"
    yield _prose(main) + "\n"
    yield f"```text\n{_plain(main.epilog)}\n```\n"
    yield "Results go to standard output, everything else to standard error. Colours are for terminals, and not where"
    yield "`NO_COLOR` is set. `DIR` is the project's folder; where it can be left out, it is the current one. Commands"
    yield "that need the environment also read the file `.env` in that folder; what is set outside wins.\n"
    for name in COMMANDS:
        command = main.get_command(context, name)
        assert command is not None
        yield from _section(command, click.Context(command, parent=context, info_name=name))


def _section(command: click.Command, context: click.Context, level: int = 2) -> Iterator[str]:
    usage = " ".join(command.collect_usage_pieces(context))
    yield f"{'#' * level} {context.command_path}\n"
    yield f"```text\n{context.command_path} {usage}\n```\n"
    yield _prose(command) + "\n"
    records = [option.get_help_record(context) for option in command.params if isinstance(option, click.Option)]
    if records:
        yield "| option | meaning |\n|---|---|"
    yield from (f"| {_cell(f'`{record[0]}`')} | {_cell(record[1])} |" for record in records if record is not None)
    if command.epilog:
        yield f"{chr(10) if records else ''}```bash\n{_commands(command.epilog)}\n```\n"
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            yield from _section(inner, click.Context(inner, parent=context, info_name=name), level + 1)


def _prose(command: click.Command) -> str:
    return inspect.cleandoc(command.help or "")


def _plain(text: str | None) -> str:
    return (text or "").replace("\b\n", "").rstrip()


def _commands(epilog: str) -> str:
    """The examples, to be copied."""
    _, *lines = _plain(epilog).splitlines()
    return inspect.cleandoc("\n".join(lines))


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    click.echo(reference(), nl=False)
