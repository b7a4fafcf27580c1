"""What an integration promises before it is opened: its settings, its verbs, how it takes requests."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from tidegate.core.expressions import Expression, Items, Literal, Record, Reference, Text
from tidegate.core.integration import Declaration
from tidegate.core.json import Json
from tidegate.core.location import Location
from tidegate.core.problems import ProjectError
from tidegate.core.types import Named, NonNull
from tidegate.schema.requests import ROW_VERBS
from tidegate.testing.deeds import watched
from tidegate.testing.json_schemas import HELD, complaints
from tidegate.testing.report import Untested
from tidegate.testing.subject import NAME, RANK, Subject

FILE: Final = "operations/nonsense.yaml"
_AT: Final = Location(FILE, 7, 9)
_NONSENSE: Final[Mapping[str, Sequence[Json]]] = {
    "string": ["", "?", "http://[", "\0", "a" * 5000],
    "integer": [0, -1, 2**70],
    "number": [0, -1.5, 1e300],
    "array": [[], [""], [None]],
    "object": [{}, {"": ""}, {"a": None}],
    "boolean": [True, False],
}


async def settings_schema(subject: Subject) -> Sequence[str]:
    found = list(complaints(subject.kind.settings, "settings", HELD))
    properties = subject.kind.settings.get("properties", {})
    for name, inner in properties.items() if isinstance(properties, Mapping) else ():
        if not isinstance(inner, Mapping) or not str(inner.get("description", "")).strip():
            found.append(f'the setting "{name}" has no description')
    return found


async def settings_closed(subject: Subject) -> Sequence[str]:
    try:
        subject.make({**subject.settings, "someSettingNobodyKnows": 1})
    except ProjectError as error:
        return _badly_told(subject, "an unknown setting", error, "tidegate.yaml")
    return ["a setting that nobody knows is taken"]


async def settings_refused(subject: Subject) -> Sequence[str]:
    found: list[str] = []
    alone = subject.with_requests()
    properties: Mapping[str, Any] = subject.kind.settings.get("properties", {})
    for name, schema in properties.items():
        wanted = schema.get("type", "string") if isinstance(schema, Mapping) else "string"
        for kind in [wanted] if isinstance(wanted, str) else wanted:
            for value in _NONSENSE.get(kind, ()):
                where = f'create with "{name}": {value!r:.60}'
                try:
                    alone.make({**subject.settings, name: value})
                except ProjectError as error:
                    found += _badly_told(subject, where, error, "tidegate.yaml", nonsense=True)
                except Exception as error:  # noqa: BLE001 - that is what is looked for
                    found.append(f"{where} raises {_shown(error)}")
    return found


async def create_quiet(subject: Subject) -> Sequence[str]:
    """As a reload does it: in a thread, where there is no event loop."""
    subject.write()

    def compile_watched() -> Sequence[str]:
        with watched() as deeds:
            subject.compile()
        return deeds

    try:
        deeds = await asyncio.to_thread(compile_watched)
    except Exception as error:  # noqa: BLE001 - that is what is looked for
        return [f"create or prepare raises {_shown(error)} where there is no event loop"]
    return [f"create or prepare does what it should not yet: {deed}" for deed in sorted(set(deeds))]


async def names(subject: Subject) -> Sequence[str]:
    made = subject.make()
    found = []
    if made.integration.name != NAME:
        found.append(f"its name is {made.integration.name!r} and not {NAME!r}, as it was told")
    async with subject.opened() as first:
        if first.integration.name != NAME:
            found.append(f"its name is {first.integration.name!r} once it is open")
        sources = [first.integration.source]
        await subject.look(first)
        sources.append(first.integration.source)
    async with subject.opened() as second:
        sources.append(second.integration.source)
    if not all(sources) or len(set(sources)) > 1:
        found.append(f"its source, once open, was {', '.join(map(repr, sources))}")
    return found


async def verbs(subject: Subject) -> Sequence[str]:
    found: list[str] = []
    kind = subject.kind
    if not kind.verbs:
        found.append("it has no verbs")
    for verb in sorted(kind.verbs):
        if not verb.isidentifier():
            found.append(f"{verb!r} cannot be written as a verb")
        try:
            found += complaints(kind.request_schema(verb), f"request_schema({verb!r})")
        except Exception as error:  # noqa: BLE001 - that is what is looked for
            found.append(f"request_schema({verb!r}) raises {_shown(error)}")
    return found


async def prepare_refuses(subject: Subject) -> Sequence[str]:
    found: list[str] = []
    made = subject.make()
    for declaration in _nonsense(subject, made.catalog.operations, made.catalog.objects):
        integration = made.integration
        where = f"prepare of {declaration.verb} with {_body(declaration.body)}"
        try:
            prepared = integration.prepare(declaration, made.catalog.surroundings)
            compiled = prepared.compile(None, RANK)
            subject.say(where, compiled.describe())
            compiled.reads([None] * len(compiled.inputs))
        except ProjectError as error:
            found += _badly_told(subject, where, error, FILE, nonsense=True)
        except Exception as error:  # noqa: BLE001 - that is what is looked for
            found.append(f"{where} raises {_shown(error)}")
    return found


async def closed_bodies(subject: Subject) -> Sequence[str]:
    """Where the editor is told that a body has no other keys, `prepare` must see it the same way."""
    found: list[str] = []
    tested = False
    for request in subject.requests:
        schema = subject.kind.request_schema(request.verb)
        if not _is_closed(schema) or not isinstance(request.body, Mapping):
            continue
        tested = True
        wrong = replace(request, body={**request.body, "someKeyNobodyKnows": 1})
        try:
            subject.with_requests(wrong).make()
        except ProjectError as error:
            found += _badly_told(subject, f"{request.verb} with an unknown key", error, "operations/requests.yaml")
        else:
            found.append(f"{request.verb} takes a key that its schema does not have")
    if not tested:
        raise Untested("no request has a body that its schema closes")
    return found


def _is_closed(schema: Mapping[str, Any]) -> bool:
    """Any: JSON Schema is open-ended."""
    if "anyOf" in schema:
        return all(each.get("type") == "string" or _is_closed(each) for each in schema["anyOf"])
    return schema.get("additionalProperties") is False


async def describe(subject: Subject) -> Sequence[str]:
    found = []
    made = subject.make()
    subject.say("repr of the kind", repr(subject.kind))
    for each in (made.integration, *(x for asked in made.asked for x in (asked.prepared, asked.compiled))):
        subject.say(f"repr of {type(each).__name__}", repr(each))
    for asked in made.asked:
        text = asked.compiled.describe()
        if not text.strip():
            found.append(f"describe of {asked.request.verb} gives {text!r}")
        subject.say(f"describe of {asked.request.verb}", text)
    return found


def _nonsense(subject: Subject, operations: Mapping[str, Any], objects: Mapping[str, Any]) -> Iterator[Declaration]:
    """Any: operations and objects of the catalog."""
    arguments = operations["request0"].arguments if subject.requests else {}
    bodies: list[Expression] = [
        Literal(None, _AT),
        Literal(True, _AT),
        Literal(-1, _AT),
        Literal("", _AT),
        Literal("select * from", _AT),
        Literal("\0 ' \" {{ }} ;", _AT),
        Items((), _AT),
        Items((Literal(None, _AT), Items((), _AT)), _AT),
        Record({}, {}, _AT),
        Record({"": Literal(None, _AT)}, {"": _AT}, _AT),
        Text(("a ", Reference("args", ("nobody",), _AT)), _AT),
        Reference("args", ("nobody",), _AT),
        Reference("step", ("0", "x"), _AT),
    ]
    for verb in sorted(subject.kind.verbs):
        schema = subject.kind.request_schema(verb)
        keys = sorted(schema.get("properties", {})) if isinstance(schema.get("properties", {}), Mapping) else []
        wrong = (*bodies[:4], bodies[6], bodies[8], bodies[10])
        own = [*bodies, *(Record(dict.fromkeys(keys, each), dict.fromkeys(keys, _AT), _AT) for each in wrong)]
        # As projects can ask it.
        rows = verb in ROW_VERBS
        targets = [*(objects.values() if rows else ()), *(() if rows and "sql" in subject.kind.verbs else (None,))]
        for target in targets:
            for body in own:
                for returns in (None, NonNull(Named("Int")), Named("NoSuchType")):
                    if returns is None or body is own[8] or body is own[3]:
                        yield Declaration("nonsense", target, verb, body, returns, arguments, _AT, RANK)


def _badly_told(subject: Subject, where: str, error: ProjectError, file: str, *, nonsense: bool = False) -> list[str]:
    """What is wrong with how mistakes are told."""
    found = [] if error.problems else [f"{where}: the ProjectError names no problem"]
    for problem in error.problems:
        subject.say(f"the problem of {where}", problem)
        if not problem.sentence.strip().endswith((".", "?", "…")):
            found.append(f"{where}: {problem.sentence!r:.120} is no sentence")
        if problem.at.file != file and not (nonsense and problem.at.file):
            found.append(f"{where}: the problem is said to be at {problem.at}, not in {file}")
    return found


def _shown(error: BaseException) -> str:
    return f"{type(error).__name__}: {str(error)[:200]}"


def _body(body: Expression) -> str:
    match body:
        case Record(fields=fields):
            inner = next(iter(fields.values()), None)
            return f"a mapping of {', '.join(fields) or 'nothing'}" + (f" to {_body(inner)}" if inner else "")
        case Items(items=items):
            return f"a list of {len(items)}"
        case Literal(value=value):
            return repr(value)
        case _:
            return str(body)[:80]
