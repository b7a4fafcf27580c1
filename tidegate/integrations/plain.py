"""A base for integrations of one's own that leaves the verbs to be written."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeAlias, TypeVar

from tidegate.core.change import Outside, unheard
from tidegate.core.errors import Code, OperationError
from tidegate.core.integration import Answer, Compiled, Declaration, Prepared, Session, Surroundings, execute_each
from tidegate.core.json import MISSING, Given, Json
from tidegate.core.location import Location
from tidegate.core.problems import Problem, ProjectError
from tidegate.integrations.plain_requests import MARK, WORDS, Mark, PlainRequest, fits, touch_of, verbs_of

Draft: TypeAlias = dict[str, Json]
"""What a call has written and not committed. An attempt that fails is taken out of it."""

# Any: methods of any arguments.
Method = TypeVar("Method", bound=Callable[..., Awaitable[Any]])


def reading(*, key: str | None = None) -> Callable[[Method], Method]:
    """The method is a verb that reads. It gets the session's draft, and the values of the request by their names; a
    request lacks only those that have a default. `key`: it depends on nothing but what has this value of this name,
    so that writes of other values wake nobody."""
    return lambda method: _marked(method, Mark(writes=False, key=key))


def writing(*, key: str | None = None) -> Callable[[Method], Method]:
    """The method is a verb that writes: into the draft, which `commit` makes true. `key`: it changes nothing but what
    has this value of this name."""
    return lambda method: _marked(method, Mark(writes=True, key=key))


def _marked(method: Method, mark: Mark) -> Method:
    setattr(method, MARK, mark)
    return method


class Plain:
    """An integration whose requests are mappings of values, and whose answers are JSON. One call writes at a time, and
    others read what is committed meanwhile.

    `settings` are JSON Schemas by name, of all that a project says of it; those without a `default` are required.
    `irrevocable`: as in `tidegate.core.integration.Integration`. The constructor does no I/O."""

    settings: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    """Any: JSON Schema is open-ended."""
    irrevocable: ClassVar[bool] = False

    def __init__(self, name: str, settings: Mapping[str, Json], folder: Path) -> None:
        """`settings` have their defaults; `folder` is the project's. A `ValueError` is told as a mistake of the
        author's."""
        self.name = name
        self.values = settings
        self.folder = folder
        self.outside: Outside = unheard
        self._one_writes = asyncio.Lock()
        self._started = False

    @property
    def source(self) -> str:
        """Once it is open: the same for two that lead to one thing."""
        return self.name

    async def start(self) -> None:
        """Connects, and begins to watch if it can. Raises `IntegrationUnavailable`."""

    async def stop(self) -> None:
        """Called once for each `start`."""

    async def commit(self, draft: Draft) -> None:
        """Makes true what was written: all of it or nothing. Not called where nothing was."""

    def changed(self, key: str | None = None, value: Json = None) -> None:
        """Somebody else has written: what has this `value` as its `key`, or anything."""
        self.outside((touch_of(self.source, key, value),))

    async def open(self, outside: Outside = unheard) -> None:
        self.outside = outside
        await self.start()
        self._started = True

    async def close(self) -> None:
        if self._started:
            self._started = False
            await self.stop()

    async def check(self, surroundings: Surroundings) -> Sequence[Problem]:  # noqa: ARG002 - nothing is known of it
        return ()

    def prepare(self, declaration: Declaration, surroundings: Surroundings) -> Prepared:  # noqa: ARG002
        verb = verbs_of(type(self))[declaration.verb]
        return PlainRequest(self, verb, declaration)

    @asynccontextmanager
    async def session(self, *, writes: bool) -> AsyncIterator[Session]:
        async with self._one_writes if writes else nullcontext():
            session = PlainSession(self, {} if writes else None)
            yield session
            if session.draft:
                with translated(self.name):
                    await self.commit(session.draft)


P = TypeVar("P", bound=Plain)


class Kind(Generic[P]):
    """Implements `IntegrationKind` for a subclass of `Plain`: what an entry point names."""

    def __init__(self, made: type[P]) -> None:
        self._made = made

    @property
    def verbs(self) -> frozenset[str]:
        return frozenset(verbs_of(self._made))

    @property
    def settings(self) -> Mapping[str, Any]:
        """Any: JSON Schema is open-ended."""
        required = [name for name, schema in self._made.settings.items() if "default" not in schema]
        return {
            "type": "object",
            "properties": self._made.settings,
            "required": required,
            "additionalProperties": False,
        }

    def request_schema(self, verb: str) -> Mapping[str, Any]:
        """Any: JSON Schema is open-ended."""
        return verbs_of(self._made)[verb].schema

    def create(self, name: str, settings: Mapping[str, Json], folder: Path, at: Location) -> P:
        defaults = {key: schema["default"] for key, schema in self._made.settings.items() if "default" in schema}
        try:
            return self._made(name, {**defaults, **settings}, folder)
        except ValueError as error:
            raise ProjectError([Problem(at, f'The integration "{name}": {error}')]) from None


class PlainSession:
    """`draft` none: it may not write."""

    def __init__(self, integration: Plain, draft: Draft | None) -> None:
        self.draft = draft
        self._integration = integration

    @asynccontextmanager
    async def attempt(self) -> AsyncIterator[None]:
        before = dict(self.draft or {})
        try:
            yield
        except BaseException:
            if self.draft is not None:
                self.draft.clear()
                self.draft.update(before)
            raise

    async def execute(self, compiled: Compiled, values: Sequence[Given]) -> Answer:
        assert isinstance(compiled, PlainRequest)
        verb = compiled.verb
        if verb.mark.writes and self.draft is None:
            raise OperationError(Code.REFUSED, f"{verb.name} writes, and this may not.")
        given = {name: value for name, value in zip(compiled.names, values, strict=True) if value is not MISSING}
        for name in verb.required - given.keys():
            raise OperationError(Code.BAD_USER_INPUT, f'"{name}" of {verb.name} is missing.')
        for name, value in given.items():
            if not fits(value, verb.types[name]) and not (value is None and name not in verb.required):
                word = WORDS[verb.types[name][0]]
                raise OperationError(Code.BAD_USER_INPUT, f'"{name}" of {verb.name} is {word}.')
        draft = self.draft if self.draft is not None else {}
        method = getattr(self._integration, verb.name)
        with translated(self._integration.name):
            value = await method(draft, **given)
        return Answer(value, touches=compiled.touches(given) if verb.mark.writes else ())

    async def execute_many(
        self, compiled: Compiled, batch: Sequence[Sequence[Given]]
    ) -> Sequence[Answer | OperationError]:
        return await execute_each(self, compiled, batch)


@contextmanager
def translated(name: str) -> Iterator[None]:
    """What goes wrong in a verb is told to a client in words of ours; its own are the cause's."""
    try:
        yield
    except OperationError:
        raise
    except TimeoutError as error:
        raise OperationError(Code.TIMEOUT, f'"{name}" took too long.') from error
    except Exception as error:
        raise OperationError(Code.UPSTREAM_FAILED, f'"{name}" could not do what it was asked.') from error
