"""An integration as `check_integration` looks at it: a small project made of the test's requests, compiled as any
project is, and asked without a gateway around it."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeAlias
from urllib.parse import quote, quote_plus

from tidegate.core.catalog import Catalog
from tidegate.core.change import Outside, unheard
from tidegate.core.errors import OperationError
from tidegate.core.expressions import resolve
from tidegate.core.footprint import Read
from tidegate.core.integration import Answer, Compiled, Integration, IntegrationKind, Prepared, Session
from tidegate.core.json import Given, Json
from tidegate.core.location import Location
from tidegate.core.selection import Selected, Selection
from tidegate.core.types import Argument, ListOf, NonNull, ObjectType, named
from tidegate.schema.compile import compile_project

NAME: Final = "subject"
ROLES: Final = ("anonymous", "member", "admin")
RANK: Final = len(ROLES) - 1

Seen: TypeAlias = "tuple[str, object]"
"""What a request gave, in a form that can be compared: `("value", ...)` or `("error", code)`."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request, as a project writes it: `use: subject, VERB: BODY` with `$args.name` and `{{ args.name }}`. `use`:
    the object that is asked, where it is not the integration itself. `args` are types in GraphQL's words. `calls`: the
    arguments of each call, which must succeed; those of a request that writes are made in this order and must change
    something. `refused`: those of calls that must fail, and change nothing. `at_once`: what it writes is there at once
    and stays, whatever becomes of its call, for its answer comes from there."""

    verb: str
    body: Json
    args: Mapping[str, str] = field(default_factory=dict)
    returns: str = "JSON"
    calls: Sequence[Mapping[str, Json]] = ({},)
    refused: Sequence[Mapping[str, Json]] = ()
    use: str = NAME
    at_once: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """A request of the compiled project. `compiled` gives every field; `shown` is compiled for a client's selection."""

    request: Request
    name: str
    prepared: Prepared
    compiled: Compiled
    shown: Compiled
    arguments: Mapping[str, Argument]

    def values(self, call: Mapping[str, Json]) -> list[Given]:
        scope: Mapping[str, Json] = {"args": call, "currentUser": {"id": "1"}, "config": {}}
        return [resolve(expression, scope) for expression in self.compiled.inputs]

    def title(self, call: Mapping[str, Json]) -> str:
        shown = json.dumps(call, ensure_ascii=True, default=repr)
        return f"{self.request.verb} with {shown if len(shown) < LONG else shown[:LONG] + '…'}"


LONG: Final = 160


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """One instance of the integration, with its requests."""

    catalog: Catalog
    integration: Integration
    asked: Sequence[Asked]

    @property
    def reading(self) -> Sequence[Asked]:
        return [each for each in self.asked if not each.prepared.writes]

    @property
    def writing(self) -> Sequence[Asked]:
        return [each for each in self.asked if each.prepared.writes]


class Subject:
    """`folder` is the integration's project folder; `scratch` belongs to the suite. `said`: everything that the
    integration has let out, with where it was, for the search for secrets."""

    def __init__(
        self,
        kind: IntegrationKind,
        settings: Mapping[str, Json],
        requests: Sequence[Request],
        folder: Path,
        scratch: Path,
        types: str,
        objects: str,
        secrets: Sequence[str],
    ) -> None:
        self.kind = kind
        self.settings = settings
        self.requests = requests
        self.folder = folder
        self.secrets = secrets
        self.said: list[tuple[str, str]] = []
        self._scratch = scratch
        self._types = types
        self._objects = objects

    def with_requests(self, *requests: Request) -> Subject:
        """The same with other requests; what it lets out is kept with the rest. With none it is soon made."""
        types, objects = (self._types, self._objects) if requests else ("", "")
        other = Subject(self.kind, self.settings, requests, self.folder, self._scratch, types, objects, self.secrets)
        other.said = self.said
        return other

    def make(self, settings: Mapping[str, Json] | None = None, name: str = NAME) -> Made:
        """A new instance. Raises `ProjectError`."""
        self.write(settings, name)
        return self.compile(name)

    def write(self, settings: Mapping[str, Json] | None = None, name: str = NAME) -> None:
        """The project's files."""
        chosen = self.settings if settings is None else settings
        operations: dict[str, Json] = {"ready": {"kind": "query", **_ROLE, "returns": "Int", "steps": [{"return": 1}]}}
        for index, request in enumerate(self.requests):
            use = name if request.use == NAME else request.use
            written = {"args": dict(request.args)} if request.args else {}
            run: Json = {"use": use, request.verb: request.body}
            # A mutation may read as well: who writes is the integration's to say.
            operations[f"request{index}"] = {
                "kind": "mutation", **_ROLE, **written, "returns": request.returns, "run": run,
            }  # fmt: skip
        integrations: Json = {name: {"kind": "subject", **chosen}}
        self._write("tidegate.yaml", {"name": "subject", "roles": ROLES, "integrations": integrations})
        self._write("operations/requests.yaml", operations)
        self._text("types.graphql", self._types)
        self._text(
            "objects/objects.yaml", self._objects.replace(f"integration: {NAME}", f"integration: {name}") or "{}"
        )

    def compile(self, name: str = NAME) -> Made:
        """Of the files as they are. Raises `ProjectError`."""
        catalog = compile_project(self._scratch, {"subject": _Placed(self.kind, self.folder)}, None)
        asked = [_asked(request, f"request{index}", catalog) for index, request in enumerate(self.requests)]
        return Made(catalog, catalog.integrations[name], asked)

    @asynccontextmanager
    async def opened(self, outside: Outside = unheard, name: str = NAME) -> AsyncIterator[Made]:
        made = self.make(name=name)
        await made.integration.open(outside)
        try:
            yield made
        finally:
            await made.integration.close()

    def say(self, where: str, what: object) -> str:
        """Keeps a text that the integration has let out."""
        text = str(what)
        self.said.append((where, text))
        return text

    async def see(self, session: Session, asked: Asked, call: Mapping[str, Json], *, shown: bool = False) -> Seen:
        """What one call gives. Raises what is no `OperationError`."""
        try:
            answer = await session.execute(asked.shown if shown else asked.compiled, asked.values(call))
        except OperationError as error:
            self.heard(asked.title(call), error)
            return ("error", str(error.code))
        return seen(answer)

    async def look(self, made: Made) -> Mapping[tuple[str, int], Seen]:
        """What every call that reads gives now, by the request's name and the call's place."""
        found: dict[tuple[str, int], Seen] = {}
        if made.reading:
            async with made.integration.session(writes=False) as session:
                for asked in made.reading:
                    for place, call in enumerate(asked.request.calls):
                        found[asked.name, place] = await self.see(session, asked, call)
        return found

    def reads(self, made: Made) -> Mapping[tuple[str, int], Sequence[Read]]:
        return {
            (asked.name, place): asked.compiled.reads(asked.values(call))
            for asked in made.reading
            for place, call in enumerate(asked.request.calls)
        }

    def heard(self, where: str, error: OperationError) -> None:
        self.say(f"the error of {where}", error.message)
        self.say(f"the extensions of the error of {where}", json.dumps(dict(error.extensions), default=repr))

    def leaks(self) -> Sequence[str]:
        """Where a secret was let out."""
        forms = {form for secret in self.secrets for form in forms_of(secret)}
        return sorted({where for where, text in self.said if any(form in text for form in forms)})

    def _write(self, name: str, value: Json) -> None:
        self._text(name, json.dumps(value, ensure_ascii=False))

    def _text(self, name: str, text: str) -> None:
        path = self._scratch / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


_ROLE: Final[Mapping[str, Json]] = {"minRole": ROLES[RANK]}


class _Placed:
    """Implements `IntegrationKind`: the same, in a folder of its own."""

    def __init__(self, kind: IntegrationKind, folder: Path) -> None:
        self._kind = kind
        self._folder = folder

    @property
    def verbs(self) -> frozenset[str]:
        return self._kind.verbs

    @property
    def settings(self) -> Mapping[str, Any]:
        """Any: JSON Schema is open-ended."""
        return self._kind.settings

    def request_schema(self, verb: str) -> Mapping[str, Any]:
        """Any: JSON Schema is open-ended."""
        return self._kind.request_schema(verb)

    def create(self, name: str, settings: Mapping[str, Json], folder: Path, at: Location) -> Integration:  # noqa: ARG002
        return self._kind.create(name, settings, self._folder, at)


def _asked(request: Request, name: str, catalog: Catalog) -> Asked:
    operation = catalog.operations[name]
    prepared = operation.plan.run[0].prepared
    definition = catalog.types.get(named(operation.returns))
    selection = None
    if isinstance(definition, ObjectType):
        plain = [each for each in definition.fields.values() if _is_plain(each.type, catalog) and each.rank <= RANK]
        selection = Selection(definition.name, tuple(Selected(each.name, each.name, each.type) for each in plain))
    compiled = prepared.compile(None, RANK)
    return Asked(request, name, prepared, compiled, prepared.compile(selection, RANK), operation.arguments)


def _is_plain(type: object, catalog: Catalog) -> bool:
    while isinstance(type, NonNull | ListOf):
        type = type.of
    return not isinstance(catalog.types.get(str(type)), ObjectType)


def seen(answer: Answer | OperationError) -> Seen:
    if isinstance(answer, OperationError):
        return ("error", str(answer.code))
    return ("value", plain(json.loads(answer.json) if answer.json is not None else answer.value))


def plain(value: object) -> object:
    """Lists and dictionaries of the simple kinds, whatever they were made of."""
    match value:
        case Mapping():
            return {str(name): plain(inner) for name, inner in value.items()}
        case list() | tuple():
            return [plain(inner) for inner in value]
        case _:
            return value


def forms_of(secret: str) -> frozenset[str]:
    """How a text may look where it was put into something else. In base64 it may begin at any of three places."""
    data = secret.encode()
    forms = {secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1], repr(secret)[1:-1]}
    for lead in range(3):
        # Those characters alone that are the same whatever stands before and after.
        whole = base64.b64encode(b"\0" * lead + data).decode().rstrip("=")
        start = (lead * 8 + 5) // 6
        end = (lead + len(data)) * 8 // 6
        inner = whole[start:end]
        if len(inner) >= SHORTEST:
            forms |= {inner, inner.replace("+", "-").replace("/", "_")}
    return frozenset(forms)


SHORTEST: Final = 6
"""Characters of base64 that are no chance."""
