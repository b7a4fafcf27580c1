"""Whether an integration keeps what `tidegate.core.integration` promises for it.

    from tidegate.testing import Request, check_integration

    async def test_it_keeps_its_promises(tmp_path: Path) -> None:
        await check_integration(
            kind,
            {"folder": "notes"},
            [
                Request("get", {"name": "$args.name"}, {"name": "String!"}, calls=[{"name": "a"}, {"name": "b"}]),
                Request("put", {"name": "$args.name", "value": "$args.value"}, {"name": "String!", "value": "JSON"},
                        calls=[{"name": "a", "value": 1}]),
            ],
            folder=tmp_path,
        )

It needs an event loop and no test framework. What it asks is what the requests ask, of what the settings lead to: the
calls that write are committed, each once, so that they must lead to something made for the test.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, TypeAlias

from tidegate.core.integration import IntegrationKind, IntegrationUnavailable
from tidegate.core.json import Json
from tidegate.core.problems import ProjectError
from tidegate.testing import promises_declared as declared
from tidegate.testing import promises_live as live
from tidegate.testing import promises_read as reading
from tidegate.testing import promises_write as writing
from tidegate.testing.promises_write import Arrived
from tidegate.testing.report import BrokenPromises, Promise, Report, Untested
from tidegate.testing.subject import Request, Subject

PATIENCE: Final = 60.0

_Look: TypeAlias = Callable[[], Awaitable[Sequence[str]]]


async def check_integration(
    kind: IntegrationKind,
    settings: Mapping[str, Json],
    requests: Sequence[Request],
    *,
    folder: Path | None = None,
    types: str = "",
    objects: str = "",
    secrets: Sequence[str] = (),
    arrived: Arrived | None = None,
    elsewhere: Callable[[], Awaitable[object]] | None = None,
    unreachable: Mapping[str, Json] | None = None,
    promises: Collection[str] = (),
    patience: float = PATIENCE,
) -> Report:
    """Raises `BrokenPromises`, whose text says what is broken and how it shows, and which has the report too.

    `settings` are those of tidegate.yaml beside `kind`. `requests` may use `types` (types.graphql) and `objects`
    (objects/*.yaml; their integration is called `subject`, the roles are anonymous, member and admin). `folder` is the
    project's folder, as the integration sees it. `secrets`: texts within the settings that nobody may ever see.
    `arrived` counts what has arrived outside, of what cannot be read back. `elsewhere` writes past the integration,
    which should notice. `unreachable`: settings with nobody at the other end. `promises`: the names of those that are
    looked at, all where none is named. `patience`: seconds that each may take."""
    report = Report()
    with TemporaryDirectory(prefix="tidegate-check-") as scratch:
        own = Path(scratch) / "own"
        own.mkdir()
        project = Path(scratch) / "project"
        project.mkdir()
        subject = Subject(kind, settings, requests, folder or own, project, types, objects, secrets)
        with _log_kept(subject):
            for promise, look in _looks(subject, arrived, elsewhere, unreachable, patience / 2):
                wanted = not promises or promise.name in promises or promise is USABLE
                if wanted and not await _look(promise, look, report, patience) and promise is USABLE:
                    break
    if report.broken:
        raise BrokenPromises(report)
    return report


def _looks(
    subject: Subject,
    arrived: Arrived | None,
    elsewhere: Callable[[], Awaitable[object]] | None,
    unreachable: Mapping[str, Json] | None,
    patience: float,
) -> Sequence[tuple[Promise, _Look]]:
    """In an order in which what is written comes as late as it can."""
    seen = (subject, arrived, patience)
    looks: Mapping[str, _Look] = {
        "settings-schema": partial(declared.settings_schema, subject),
        "requests": partial(_usable, subject),
        "settings-closed": partial(declared.settings_closed, subject),
        "settings-refused": partial(declared.settings_refused, subject),
        "create-quiet": partial(declared.create_quiet, subject),
        "names": partial(declared.names, subject),
        "verbs": partial(declared.verbs, subject),
        "prepare-refuses": partial(declared.prepare_refuses, subject),
        "closed-bodies": partial(declared.closed_bodies, subject),
        "describe": partial(declared.describe, subject),
        "reads": partial(reading.reads_told, subject),
        "answers": partial(reading.answers, subject),
        "many": partial(reading.many, subject),
        "operation-errors": partial(reading.only_operation_errors, subject),
        "refused": partial(reading.refused_calls, subject),
        "reading-only": partial(reading.no_writes_while_reading, subject),
        "undone": partial(writing.gone_after_exception, *seen),
        "cancelled": partial(writing.gone_after_cancellation, *seen),
        "attempt": partial(writing.attempts, *seen),
        "together": partial(live.many_at_once, subject),
        "usable": partial(live.usable_after_cancellation, subject),
        "close": partial(live.closes, subject, patience),
        "unreachable": partial(live.nobody_there, subject, unreachable),
        "kept-back": partial(writing.kept_until_left, *seen),
        "touches": partial(writing.writes_told, *seen),
        "told-anyway": partial(writing.told_though_it_failed, subject),
        "outside": partial(writing.told_of_others, subject, elsewhere, patience),
        "secrets": partial(_secrets, subject),
    }
    return [(promise, looks[promise.name]) for promise in PROMISES]


USABLE: Final = Promise("requests", "It takes the requests of this test, and opens.")
PROMISES: Final = (
    Promise("settings-schema", "Its settings are JSON Schema, of words that they are held against, each described."),
    Promise("verbs", "Each verb has a valid JSON Schema of its requests."),
    USABLE,
    Promise("settings-closed", "A setting that it does not know is refused."),
    Promise("settings-refused", "Settings of no use are refused with a ProjectError that says where, or taken."),
    Promise("create-quiet", "create and prepare do nothing outside, and need no event loop."),
    Promise("names", "Its name is what it was told; its source is a text that stays the same."),
    Promise("prepare-refuses", "prepare takes what is written or raises a ProjectError that says where, always."),
    Promise("closed-bodies", "Keys that the schema of a request does not have are refused."),
    Promise("describe", "describe says what will be asked."),
    Promise("reads", "reads never raises, names its source, and is as coarse as what is not known; so is reach."),
    Promise("answers", "Calls that read are answered, the same each time and for a selection, and touch nothing."),
    Promise("many", "execute_many answers in order what execute answers one by one, and raises no OperationError."),
    Promise("operation-errors", "execute raises nothing but OperationError, whatever a client sends."),
    Promise("refused", "What is refused raises OperationError and changes nothing."),
    Promise("reading-only", "A session that may not write refuses to."),
    Promise("undone", "What is written is gone when its session is left by an exception, which goes on."),
    Promise("cancelled", "What is written is gone when its call is cancelled."),
    Promise("attempt", "A failed attempt is undone, and nothing else; one that ends well is its session's."),
    Promise("together", "Many sessions at once give what they give alone."),
    Promise("usable", "It goes on after calls were cancelled."),
    Promise("close", "It can be closed unopened and twice, and leaves no task, thread or connection behind."),
    Promise("unreachable", "With nobody there, open raises IntegrationUnavailable, or each request OperationError."),
    Promise("kept-back", "What cannot be taken back leaves when its session is left, and not before."),
    Promise("touches", "Whoever reads what a write has changed is concerned by its touches."),
    Promise("told-anyway", "What is there at once is told, though its call or its attempt fails."),
    Promise("outside", "Writes that others make are told, or polled for."),
    Promise("secrets", "No secret is in an error, a problem, a description, a repr or the log."),
)  # fmt: skip


async def _usable(subject: Subject) -> Sequence[str]:
    try:
        async with subject.opened() as made:
            for problem in await made.integration.check(made.catalog.surroundings):
                subject.say("a problem of check", problem)
    except (ProjectError, IntegrationUnavailable) as error:
        return [str(error)]
    return []


async def _secrets(subject: Subject) -> Sequence[str]:
    if not subject.secrets:
        raise Untested("no secrets were named")
    return [f"a secret is in {where}" for where in subject.leaks()]


async def _look(promise: Promise, look: _Look, report: Report, patience: float) -> bool:
    """Whether it is kept, as far as one can see."""
    try:
        async with asyncio.timeout(patience):
            complaints = list(dict.fromkeys(await look()))
    except Untested as untested:
        report.untested[promise] = str(untested)
        return True
    except TimeoutError:
        complaints = [f"this took more than {patience:g} s"]
    except Exception as error:  # noqa: BLE001 - it is the integration's
        complaints = [_raised(error)]
    if complaints:
        report.broken[promise] = complaints
    else:
        report.kept.append(promise)
    return not complaints


def _raised(error: BaseException) -> str:
    """With the place in whose code it was raised."""
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    at = f" at {place.tb_frame.f_code.co_filename}:{place.tb_lineno}" if place is not None else ""
    return f"{type(error).__name__}: {error!s:.300}{at}"


class _Keeper(logging.Handler):
    """Whatever is logged, for the search for secrets."""

    def __init__(self, subject: Subject) -> None:
        super().__init__(logging.DEBUG)
        self._subject = subject
        self._formatter = logging.Formatter()

    def emit(self, record: logging.LogRecord) -> None:
        self._subject.say(f"the log of {record.name}", self._formatter.format(record))


@contextmanager
def _log_kept(subject: Subject) -> Iterator[None]:
    root = logging.getLogger()
    keeper, level = _Keeper(subject), root.level
    root.addHandler(keeper)
    root.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        root.setLevel(level)
        root.removeHandler(keeper)
