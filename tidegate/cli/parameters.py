"""Arguments and options that several commands take, and how they are read."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from tidegate.core.json import Json

Command = TypeVar("Command", bound=Callable[..., Any])
"""Any: click calls a command with whatever its options are."""

_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION: Final = re.compile(r"([0-9]+)(s|m|h|d)")


class Folder(click.Path):
    """A project's folder. Remembered in the context, for problems to show the lines they are about."""

    def __init__(self) -> None:
        super().__init__(exists=True, file_okay=False, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Any: click's own signature."""
        folder = super().convert(value, param, ctx)
        if ctx is not None:
            ctx.find_root().obj = folder
        return folder


class Duration(click.ParamType[int]):
    """`30s`, `15m`, `1h`, `7d`, in seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Any: click's own signature."""
        found = _DURATION.fullmatch(str(value))
        if not found or not int(found[1]):
            self.fail(f"{value!r} is not a duration such as 30s, 15m, 1h or 7d.", param, ctx)
        return int(found[1]) * _UNITS[found[2]]


class JsonObject(click.ParamType[Mapping[str, Json]]):
    """A JSON object written on the command line, or `@file.json`."""

    name = "json"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Mapping[str, Json]:
        """Any: click's own signature."""
        if isinstance(value, Mapping):
            return value
        try:
            text = Path(value[1:]).read_text(encoding="utf-8") if value.startswith("@") else value
            found = json.loads(text)
        except (ValueError, RecursionError) as error:
            self.fail(f"{value!r} is not JSON: {error}.", param, ctx)
        if not isinstance(found, dict):
            self.fail(f"{value!r} is not a JSON object.", param, ctx)
        return found


def examples(*lines: str) -> str:
    """An epilog of command lines to try, which click must not wrap."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


def folder_argument(command: Command) -> Command:
    """`[DIR]`: the project's folder, the current one if it is not named."""
    return click.argument("folder", metavar="[DIR]", default=".", type=Folder())(command)


def folder_and_operation(ctx: click.Context, param: click.Parameter, value: tuple[str, ...]) -> tuple[Path, str]:
    """Reads `[DIR] OPERATION`."""
    match value:
        case (operation,):
            where = "."
        case (where, operation):
            pass
        case _:
            raise click.UsageError("Name the operation, and before it the folder if that is not the current one.", ctx)
    folder: Path = Folder().convert(where, param, ctx)
    return folder, operation


def folder_or_operation(ctx: click.Context, param: click.Parameter, value: tuple[str, ...]) -> tuple[Path, str | None]:
    """Reads `[DIR] [OPERATION]`."""
    match value:
        case ():
            where, operation = ".", None
        case (where,) if Path(where).is_dir() or "/" in where:
            operation = None
        case (operation,):
            where = "."
        case (where, operation):
            pass
        case _:
            raise click.UsageError("Name a folder, and after it an operation, or one of them.", ctx)
    folder: Path = Folder().convert(where, param, ctx)
    return folder, operation


def operation_argument(command: Command) -> Command:
    """`[DIR] OPERATION` as `target`."""
    return click.argument("target", metavar="[DIR] OPERATION", nargs=-1, callback=folder_and_operation)(command)
