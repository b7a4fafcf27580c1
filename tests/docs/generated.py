"""The pages of names, made from the code: `python -m tests.docs.generated` writes them."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any, Final

import click

from tests.docs.blocks import DOCS
from tests.docs.generated_keys import keys_page, kinds_page
from tests.docs.generated_protocol import protocol_page
from tests.docs.tables import code, listed, page, table
from tidegate.cli.group import COMMANDS, main
from tidegate.core.errors import BESIDE, PASSING, WHEN, Code, OperationError
from tidegate.core.limits import Limits
from tidegate.resolvers.course import RETRIED
from tidegate.schema import directives
from tidegate.schema.project import DURATIONS, SIZES
from tidegate.schema.request_errors import DOCUMENT_CODES, DocumentError, refusal
from tidegate.settings import Settings, variable
from tidegate.subscription import TRANSIENT
from tidegate.web import actions, webhooks
from tidegate.web.answers import Media
from tidegate.web.closing import closing_of
from tidegate.web.failures import failed, failed_to_begin

_UNITS: Final = {1024 * 1024: "MiB", 1024: "KiB"}


def _default(name: str, value: int | float) -> str:
    if name in DURATIONS:
        return f"`{value:g}s`"
    unit = next((unit for unit in _UNITS if value % unit == 0), 1) if name in SIZES else 1
    return f"`{value // unit}{_UNITS.get(unit, '')}`"


def _names() -> str:
    settings = [
        [code(variable(field.name)), field.metadata["shown"], field.metadata["meaning"]] for field in fields(Settings)
    ]
    limits = [
        [code(field.name), _default(field.name, getattr(Limits(), field.name)), field.metadata["meaning"]]
        for field in fields(Limits)
    ]
    marks = [
        [_mark(getattr(directives, name)), *_of_mark(getattr(directives, name))] for name in ("MinRole", "Timeout")
    ]
    return page(
        "# All names, made from the code",
        "Made by `python -m tests.docs.generated`; a test holds these pages against the code. The "
        "[keys of files](generated/keys.md), the [kinds of integrations](generated/integrations.md) and the "
        "[errors](generated/errors.md) and [protocols](generated/protocol.md) have pages of their own.",
        "## Settings",
        "The operator's, from the environment: [settings](settings.md).",
        table(("variable", "default", "meaning"), settings),
        "## Limits",
        "The project's, under `limits:`: [limits](format.md#limits).",
        table(("limit", "default", "of"), limits),
        "## Directives",
        "In the schema that clients see (`tidegate schema`). Projects have none to write but `@deprecated`.",
        table(("directive", "argument", "stands at", "says"), marks),
        "## Commands",
        "[The command line](cli.md) explains each.",
        table(("command", "options"), _commands()),
    )


# Any: strawberry's own description of a directive.
def _mark(directive: Any) -> str:
    return code(f"@{directive.__strawberry_directive__.graphql_name}")


def _of_mark(directive: Any) -> list[str]:
    said = directive.__strawberry_directive__
    types = {str: "String!", float: "Float!"}
    given = inspect.get_annotations(directive, eval_str=True)
    arguments = [code(f"{name}: {types[type]}") for name, type in given.items()]
    return [", ".join(arguments), listed(place.name for place in said.locations), said.description]


def _commands() -> Iterable[list[str]]:
    context = click.Context(main, info_name="tidegate")
    for name in COMMANDS:
        command = main.get_command(context, name)
        assert command is not None
        inner = command.commands if isinstance(command, click.Group) else {}
        for path, each in {name: command, **{f"{name} {word}": each for word, each in inner.items()}}.items():
            options = [option for option in each.params if isinstance(option, click.Option)]
            anchor = f"tidegate-{path.replace(' ', '-')}"
            yield [f"[`tidegate {path}`](cli.md#{anchor})", listed("/".join(option.opts) for option in options)]


def _errors() -> str:
    rows = []
    for each in Code:
        error = OperationError(each, "")
        old, new = (failed(error, media, ()).status for media in (Media.JSON, Media.GRAPHQL))
        rows.append(
            [
                code(each),
                f"{old}, {new}",
                str(failed_to_begin(error, ()).status),
                str(int(closing_of(error).code)),
                str(int(actions._STATUSES.get(each, 417))),
                str(int(webhooks._STATUSES.get(each, 417))),
            ]
        )
    yes = {True: "yes", False: ""}
    again = [[code(each), yes[each in PASSING], yes[each in RETRIED], yes[each in TRANSIENT]] for each in Code]
    return page(
        "# Error codes",
        "Made by `python -m tests.docs.generated`; a test holds this page against the code.",
        "Every error has its code in `extensions.code`: of an entry of `errors` in a GraphQL answer, wherever that "
        "goes (HTTP, `next` and `error` of a websocket, events of a stream), of the JSON that refuses a request, and "
        "in `data.code` of Socket.IO's `connect_error`. Codes are stable; messages are for people.",
        "## Codes",
        table(("code", "when"), [[code(each), WHEN[each]] for each in Code]),
        "## Statuses",
        table(("code", "GraphQL", "stream", "websocket", "action", "webhook"), rows),
        "*GraphQL* is the status of an answer without `data`, under `application/json` and under "
        "`application/graphql-response+json`; an error of one field leaves it at 200. *stream* is that of a "
        "subscription under `multipart/mixed` that does not begin. *websocket* is how it is closed where the error "
        "concerns all of it; an error of one operation closes nothing. *action* and *webhook* are the statuses "
        "[by the address](../http.md#actions-by-their-address) and of "
        "[webhooks](../triggers.md#webhooks). [All statuses](../http.md#statuses).",
        "## Documents",
        "A document that is not executed at all has one of these, beside BAD_USER_INPUT and LIMIT:",
        table(("code", "when", "status"), [[code(name), when, _status(name)] for name, when in DOCUMENT_CODES.items()]),
        "## What follows",
        table(("code", "goes through `try`", "`retry` tries again", "a live query asks again"), again),
        "What goes through `try` goes through `onError`, too. A write that is committed is never tried again.",
        "## Beside the code",
        table(("in `extensions`", "is"), [[code(name), said] for name, said in BESIDE.items()]),
    )


def _status(name: str) -> str:
    error: DocumentError = refusal(name, "")
    return ", ".join(str(int(failed(error, media, ()).status)) for media in (Media.JSON, Media.GRAPHQL))


def pages() -> Mapping[str, str]:
    """By their places in docs/."""
    return {
        "reference/generated.md": _names(),
        "reference/generated/keys.md": keys_page(),
        "reference/generated/integrations.md": kinds_page(),
        "reference/generated/errors.md": _errors(),
        "reference/generated/protocol.md": protocol_page(),
    }


def write(found: Mapping[str, str]) -> Sequence[str]:
    for place, text in found.items():
        (DOCS / place).parent.mkdir(exist_ok=True)
        (DOCS / place).write_text(text, encoding="utf-8")
    return list(found)


if __name__ == "__main__":
    write(pages())
