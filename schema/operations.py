"""operations/*.yaml -> what each operation is called, who may run it, what it takes and gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from tidegate.core.json import MISSING, Given, Missing
from tidegate.core.literals import Misfit, coerce_literal
from tidegate.core.location import Location
from tidegate.core.operation import AUTO, Kind, Refresh
from tidegate.core.problems import Problems, did_you_mean
from tidegate.core.types import SCALARS, Argument, InputType, ObjectType, TypeRef, named
from tidegate.core.units import parse_duration
from tidegate.schema.form import Form, capital, check_name
from tidegate.schema.generated import Generator
from tidegate.schema.live_settings import LiveSettings, read_live
from tidegate.schema.names import Names
from tidegate.schema.refreshed import REFRESHED
from tidegate.schema.tree import MapNode, Node, ScalarNode, as_json
from tidegate.schema.type_expressions import parse_type

KEYS: Final[Mapping[str, str]] = {
    "kind": "`query` or `mutation`; required",
    "description": "shown in the schema",
    "minRole": "the lowest role that may call it; required. `anonymous` makes it public",
    "args": "what a client may send, by name",
    "returns": "a type; required",
    "run": "the request",
    "join": "of a query with `run`: fields that other queries give",
    "steps": "of a function, instead of `run`: a list of steps. One of the two is required",
    "onError": "of a function: steps for where one fails and nothing catches it",
    "timeout": "how long it may take. Default: `limits: timeout`",
    "deprecated": "the reason, shown in the schema",
    "live": "of a query: how it is kept live; `false` where it is not offered as a subscription",
    "refresh": "of a mutation: which queries may answer otherwise after it",
    "schedule": "of a mutation: when the gateway runs it by itself",
    "webhook": "of a mutation or a function: how another system runs it",
}
ARGUMENT_KEYS: Final[Mapping[str, str]] = {
    "type": "the type; required",
    "default": "its value where the client sends none",
    "description": "shown in the schema",
    "private": "`true` keeps its values out of logs and of the history of runs. Default: `false`",
}


@dataclass(frozen=True, slots=True)
class Header:
    """Everything of an operation but its plan. `rank` is none where the role is not known, `returns` where the type is
    wrong. `whole` is false where some argument cannot be known: then nobody is told that one does not exist. `refresh`
    is known when all operations are."""

    name: str
    kind: Kind | None
    description: str
    min_role: str
    rank: int | None
    arguments: Mapping[str, Argument]
    default_places: Mapping[str, Location]
    returns: TypeRef | None
    timeout: float
    deprecated: str | None
    run: Node | None
    join: Node | None
    steps: Node | None
    on_error: Node | None
    whole: bool
    live: LiveSettings
    at: Location
    refresh: Refresh = AUTO


_HINTS: Final = {
    "kind": "It is a query or a mutation.",
    "minRole": "There is no default. minRole: anonymous makes it public.",
    "returns": 'Write the type of its answer, such as "[Ticket!]!".',
}


def read_header(name: str, node: Node, at: Location, names: Names, problems: Problems) -> Header | None:
    """The header of one operation; none if it is no mapping. Types are only read: `check_header` holds them against
    the types there are."""
    check_name(name, at, "an operation", problems)
    if name == REFRESHED:
        sentence = f'"{name}" cannot be the name of an operation: every project has a subscription of that name.'
        problems.add(at, sentence, "Choose another name.")
    form = Form(node, f'the operation "{name}"', KEYS, problems)
    if not form.sound:
        return None
    form.required("kind", "minRole", "returns", at=at, hints=_HINTS)
    _require_work(form, at)
    word = form.word("kind", [str(kind) for kind in Kind], "a kind of operation")
    kind = Kind(word) if word is not None else None
    rank = names.rank_of(form, "minRole")
    returns_node = form.node_of("returns")
    returns = parse_type(returns_node, f'"returns" of {form.noun}', problems) if returns_node is not None else None
    arguments, places, whole = read_arguments(form, "args", problems)
    return Header(
        name=name,
        kind=kind,
        description=form.text("description") or "",
        min_role=names.project.roles[rank] if rank is not None else "",
        rank=rank,
        arguments=arguments,
        default_places=places,
        returns=returns.type if returns is not None else None,
        timeout=read_timeout(form, names.project.limits.timeout, problems),
        deprecated=form.text("deprecated"),
        run=form.node_of("run"),
        join=form.node_of("join"),
        steps=form.node_of("steps"),
        on_error=form.node_of("onError"),
        whole=whole and (form.has("args") or not form.unknown),
        live=read_live(form, kind, problems),
        at=at,
    )


def _require_work(form: Form, at: Location) -> None:
    """An operation has either `run` or `steps`; `onError` is for steps."""
    problems = form.problems
    if not form.has("run") and not form.has("steps"):
        if not any(did_you_mean(key, ("run", "steps")).startswith("Did") for key in form.unknown):
            problems.add(at, f'{capital(form.noun)} lacks "run".', "Or steps: where one request is not enough.")
    elif form.has("run") and form.has("steps"):
        sentence = f'"run" and "steps" of {form.noun} exclude each other.'
        problems.add(form.key_at("steps"), sentence, "Make the request one of the steps.")
    if form.has("join") and form.has("steps") and not form.has("run"):
        problems.add(
            form.key_at("join"), '"join" is for operations with run.', "Make a step of it: { join: $rows, … }."
        )
    elif form.has("run") and not form.has("steps") and form.has("onError"):
        problems.add(form.key_at("onError"), '"onError" is for operations with steps.', "Make the request a step.")


def check_header(
    header: Header, node: MapNode, names: Names, generator: Generator, problems: Problems
) -> Header | None:
    """The header with its defaults coerced, or none where one of its types is wrong."""
    before = len(problems.found)
    returns = node.entries.get("returns")
    if header.returns is not None and returns is not None:
        _check_type(header.returns, returns.at, names, generator, problems, sent=False)
    arguments = {name: _settle(argument, header, names, problems) for name, argument in header.arguments.items()}
    return replace(header, arguments=arguments) if len(problems.found) == before else None


def read_arguments(form: Form, key: str, problems: Problems) -> tuple[dict[str, Argument], dict[str, Location], bool]:
    """The arguments under `key`, where each default stands, and whether none of them is hidden by a mistake."""
    section = form.mapping(key)
    if section is None:
        return {}, {}, not form.has(key)
    arguments: dict[str, Argument] = {}
    places: dict[str, Location] = {}
    whole = True
    for name, node in section.entries.items():
        at = section.keys[name]
        check_name(name, at, "an argument", problems)
        read = _read_argument(name, node, at, form.noun, problems)
        if read is None:
            whole = False
            continue
        arguments[name], places[name] = read
    return arguments, places, whole


def _read_argument(
    name: str, node: Node, at: Location, owner: str, problems: Problems
) -> tuple[Argument, Location] | None:
    noun = f'the argument "{name}" of {owner}'
    if not isinstance(node, MapNode):
        written = parse_type(node, capital(noun), problems, default_allowed=True)
        return (Argument(name, written.type, at, written.default), node.at) if written is not None else None
    form = Form(node, noun, ARGUMENT_KEYS, problems)
    form.required("type")
    type_node = form.node_of("type")
    written = parse_type(type_node, f'"type" of {noun}', problems) if type_node is not None else None
    default: Given = MISSING
    place = node.at
    if form.has("default"):
        place = node.entries["default"].at
        default = as_json(node.entries["default"])
    if written is None:
        return None
    description, private = form.text("description") or "", form.boolean("private", default=False)
    return Argument(name, written.type, at, default, description, private), place


def read_timeout(form: Form, default: float, problems: Problems) -> float:
    """The duration under `timeout`, in seconds."""
    node = form.node_of("timeout")
    if node is None:
        return default
    text = node.value if isinstance(node, ScalarNode) and isinstance(node.value, str) else ""
    seconds = parse_duration(text)
    if not seconds:
        shown = node.raw if isinstance(node, ScalarNode) else "this"
        problems.add(
            node.at, f'"timeout" of {form.noun} is a duration with its unit; {shown} is not.', "Write it like 5s."
        )
        return default
    return seconds


def _check_type(
    type: TypeRef, at: Location, names: Names, generator: Generator, problems: Problems, *, sent: bool
) -> None:
    name = named(type)
    generator.ask(type)
    definition = generator.made.get(name) or names.types.get(name)
    if definition is None and name not in SCALARS:
        if names.types_known and not (name in generator.names() or _may_be_generated(name, names)):
            problems.add(at, f'There is no type "{name}".', names.type_hint(name))
        return
    if sent and isinstance(definition, ObjectType):
        hint = "Declare an input with the fields that clients send."
        problems.add(at, f'"{name}" is not an input type.', hint)
    elif not sent and isinstance(definition, InputType):
        problems.add(at, f'"{name}" is an input type; it cannot be returned.', "Declare a type with the same fields.")


def _may_be_generated(name: str, names: Names) -> bool:
    """Whether an object with mistakes, which has no types yet, may be why a generated type is not there."""
    endings = ("Connection", "Edge", "Filter", "Order", "Comparison")
    broken = not names.objects_known or len(names.objects) < len(names.object_names)
    return broken and name.endswith(endings)


def _settle(argument: Argument, header: Header, names: Names, problems: Problems) -> Argument:
    if isinstance(argument.default, Missing) or not names.is_type(named(argument.type)):
        return argument
    try:
        return replace(argument, default=coerce_literal(argument.default, argument.type, names.types))
    except Misfit as misfit:
        sentence = f'The default of "{argument.name}" does not fit: {misfit.sentence}'
        problems.add(header.default_places[argument.name], sentence, misfit.hint)
        return replace(argument, default=MISSING)


def check_argument_types(header: Header, node: MapNode, names: Names, generator: Generator, problems: Problems) -> bool:
    """Whether every argument's type exists and can be sent."""
    before = len(problems.found)
    section = node.entries.get("args")
    entries = section.entries if isinstance(section, MapNode) else {}
    for name, argument in header.arguments.items():
        written = entries[name]
        if isinstance(written, MapNode):
            written = written.entries["type"]
        _check_type(argument.type, written.at, names, generator, problems, sent=True)
    return len(problems.found) == before
