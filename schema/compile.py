"""A project's folder -> a `Catalog`, or everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from tidegate.core.catalog import Catalog
from tidegate.core.integration import Integration, IntegrationKind, Surroundings
from tidegate.core.location import Location
from tidegate.core.operation import Kind, Operation
from tidegate.core.problems import Problems, did_you_mean
from tidegate.core.types import ObjectType, TypeDefinition, named, nullable
from tidegate.schema import typedefs
from tidegate.schema.access import tells_access
from tidegate.schema.acted import demand_name, demand_operation
from tidegate.schema.actions import ActionReader, ObjectActions
from tidegate.schema.environment import Environment, refuse_variables
from tidegate.schema.folder import ProjectFolder
from tidegate.schema.form import Form, check_name
from tidegate.schema.functions import FunctionReader
from tidegate.schema.generated import Generator
from tidegate.schema.inclusion import include_folders
from tidegate.schema.integration_settings import create_integrations
from tidegate.schema.live_settings import Refreshable, gather
from tidegate.schema.lookups import Lookups
from tidegate.schema.names import Names
from tidegate.schema.objects import KEYS as OBJECT_KEYS
from tidegate.schema.objects import ObjectForm, add_access, build_objects
from tidegate.schema.operations import Header, check_argument_types, check_header, read_header
from tidegate.schema.plans import Planner
from tidegate.schema.project import Project, read_project
from tidegate.schema.reading import read_yaml
from tidegate.schema.requests import RequestReader
from tidegate.schema.step_code import Programs
from tidegate.schema.tree import MapNode, Node, ScalarNode, kind_of
from tidegate.schema.triggers import TriggerReader
from tidegate.schema.typedefs import (
    TypeFile,
    check_uses,
    plain_fields,
    read_types,
    refuse_endless_inputs,
    settle_defaults,
)
from tidegate.schema.webhooks import without_secret

OBJECTS: Final = "objects"
OPERATIONS: Final = "operations"


def compile_project(folder: Path, kinds: Mapping[str, IntegrationKind], environ: Mapping[str, str] | None) -> Catalog:
    """Reads the project in `folder` and makes it ready to serve. `kinds` are the integrations there are, by the name
    that `kind:` uses. `environ` is what `${NAME}`s read; with none they stay as they are, and what depends on them is
    not checked. Reads files and does no other I/O. Raises `ProjectError` with every problem found."""
    problems = Problems()
    files = ProjectFolder(folder, problems)
    environment = Environment(environ, problems)
    project = read_project(files, environment, problems)
    include_folders(files, project.include, problems)
    integrations = create_integrations(project.integrations, kinds, environment, files, problems)
    type_file = _read_type_file(files, problems)
    object_section = _read_section(files, OBJECTS, "object", problems)
    operation_section = _read_section(files, OPERATIONS, "operation", problems)

    names = Names(
        project=project,
        integrations=_kinds_of(project, kinds),
        types=type_file.types,
        types_known=type_file.readable,
        objects={},
        object_names=frozenset(object_section.entries),
        objects_known=object_section.readable,
    )
    _refuse_same_names(object_section, project, problems)
    object_forms = _object_forms(object_section, problems)
    build_objects(object_forms, names, problems)
    names.guarded = frozenset(name for name, written in object_forms.items() if tells_access(written.form))

    headers = _read_headers(operation_section, names, problems)
    generator = Generator(names.objects, type_file.types)
    generator.refuse_taken(problems)
    for type, _, _ in type_file.uses:
        generator.ask(type)
    sound = {
        name: check_argument_types(header, node, names, generator, problems) for name, (header, node) in headers.items()
    }
    for header, _ in headers.values():
        if header.returns is not None:
            generator.ask(header.returns)
    known = {**type_file.types, **generator.made}
    check_uses(type_file, known, generator.names() if names.objects else (), problems)
    names.types.update(generator.made)
    settle_defaults(type_file, names.types, problems)
    refuse_endless_inputs(names.types, problems)
    names.properties = _properties(project, headers, names, problems)

    surroundings = _surroundings(names)
    objects = add_access(object_forms, names, surroundings, problems)
    surroundings = replace(surroundings, objects=objects)
    programs = Programs(files, problems)
    reader = ActionReader(names, integrations, surroundings, files, programs, problems)
    actions = {name: reader.read(object_forms[name].form, built) for name, built in objects.items()}
    checked = {name: check_header(header, node, names, generator, problems) for name, (header, node) in headers.items()}
    settled = {name: checked[name] or header for name, (header, _) in headers.items()}
    complete = operation_section.readable and len(headers) == len(operation_section.entries)
    requests = RequestReader(names, objects, integrations, surroundings, files, problems, actions)
    functions = FunctionReader(names, integrations, requests, programs, settled, problems, complete=complete)
    lookups = Lookups(names, integrations, surroundings)
    planner = Planner(requests, functions, lookups, names, problems)
    operations: dict[str, Operation] = {}
    triggers = TriggerReader(names, environment, problems)
    for name, (_, node) in headers.items():
        triggers.read(settled[name], node)
        operation = planner.operation(settled[name], sound=sound[name] and checked[name] is not None)
        if operation is not None:
            operations[name] = operation
    for operation in _demands(actions, integrations, surroundings, operation_section, problems):
        operations[operation.name] = operation
    _require_query(operation_section, headers, problems)
    problems.raise_any()
    return Catalog(
        name=project.name,
        folder=files.root,
        included=files.included,
        roles=project.roles,
        auth=project.auth.auth,
        cors=project.cors,
        limits=project.limits,
        config=project.config,
        integrations=integrations,
        types=names.types,
        objects=objects,
        operations=operations,
        events=project.events,
        programs=tuple(programs.found.values()),
        reachable=project.reachable,
        url=project.url,
        schedules=tuple(triggers.schedules),
        webhooks=triggers.webhooks,
        touching=project.touching,
        kinds={name: kind for name, kind in names.integrations.items() if kind is not None},
    )


def _demands(
    actions: Mapping[str, ObjectActions],
    integrations: Mapping[str, Integration],
    surroundings: Surroundings,
    operations: _Section,
    problems: Problems,
) -> Iterator[Operation]:
    """The mutations by which actions are asked for."""
    if problems:
        return
    seen: dict[str, Location] = dict(operations.keys)
    for name, each in actions.items():
        target = surroundings.objects[name]
        for demanded in each.demanded:
            action = demanded.action
            for parameter in action.parameters.values():
                if parameter.name in target.key:
                    sentence = f'"{parameter.name}" is the key of {name}, which every action on demand takes.'
                    problems.add(parameter.at, sentence, "Rename the parameter.")
            called = demand_name(action)
            if called in seen:
                sentence = f'The mutation of {action.title} is "{called}", which is declared at {seen[called]}.'
                problems.add(action.at, sentence, "Rename one of them.")
                continue
            seen[called] = action.at
            yield demand_operation(action, demanded.returns, target, integrations[target.integration], surroundings)


class _Section:
    """What all files of a folder declare together, by name. `readable` is false where some file could not be read."""

    def __init__(self) -> None:
        self.entries: dict[str, Node] = {}
        self.keys: dict[str, Location] = {}
        self.readable = True


def _read_section(files: ProjectFolder, folder: str, noun: str, problems: Problems) -> _Section:
    section = _Section()
    for file in files.yaml_files(folder):
        text = files.text(file)
        node = read_yaml(text, file, problems) if text is not None else None
        if node is None:
            section.readable = False
        elif not isinstance(node, MapNode):
            section.readable = False
            problems.add(node.at, f"This file is a mapping of names to {noun}s; {kind_of(node)} is not.")
        for name, entry in node.entries.items() if isinstance(node, MapNode) else ():
            at = node.keys[name] if isinstance(node, MapNode) else Location(file)
            if name in section.entries:
                sentence = f'The {noun} "{name}" is declared twice; the first is at {section.keys[name]}.'
                problems.add(at, sentence, "Rename or remove one of them.")
                continue
            section.entries[name], section.keys[name] = entry, at
            refuse_variables(without_secret(entry) if folder == OPERATIONS else entry, problems)
    return section


def _read_type_file(files: ProjectFolder, problems: Problems) -> TypeFile:
    found = TypeFile()
    for file in files.files(typedefs.FILE):
        text = files.text(file)
        if text is None:
            found.readable = False
        elif any(line.strip() and not line.lstrip().startswith("#") for line in text.split("\n")):
            found = read_types(text, problems, file, found)
    return found


def _kinds_of(project: Project, kinds: Mapping[str, IntegrationKind]) -> dict[str, IntegrationKind | None]:
    found: dict[str, IntegrationKind | None] = {}
    for name, node in project.integrations.entries.items() if project.integrations is not None else ():
        word = node.entries.get("kind") if isinstance(node, MapNode) else None
        text = word.value if isinstance(word, ScalarNode) else None
        found[name] = kinds.get(text) if isinstance(text, str) else None
    return found


def _refuse_same_names(section: _Section, project: Project, problems: Problems) -> None:
    integrations = project.integrations
    for name, at in section.keys.items():
        if integrations is not None and name in integrations.entries:
            sentence = f'"{name}" is the name of an integration already, at {integrations.keys[name]}.'
            problems.add(at, sentence, "`use: NAME` could mean both. Rename one of them.")


def _object_forms(section: _Section, problems: Problems) -> dict[str, ObjectForm]:
    forms: dict[str, ObjectForm] = {}
    for name, node in section.entries.items():
        at = section.keys[name]
        check_name(name, at, "an object", problems)
        form = Form(node, f'the object "{name}"', OBJECT_KEYS, problems)
        if form.sound:
            forms[name] = ObjectForm(name, form, at)
    return forms


def _read_headers(section: _Section, names: Names, problems: Problems) -> dict[str, tuple[Header, MapNode]]:
    headers: dict[str, tuple[Header, MapNode]] = {}
    for name, node in section.entries.items():
        header = read_header(name, node, section.keys[name], names, problems)
        if header is not None and isinstance(node, MapNode):
            headers[name] = (header, node)
    refreshable = _refreshable(section, headers, problems)
    return {
        name: (replace(header, refresh=refreshable.read(header.live.refresh, name, problems)), node)
        for name, (header, node) in headers.items()
    }


def _refreshable(section: _Section, headers: Mapping[str, tuple[Header, MapNode]], problems: Problems) -> Refreshable:
    queries = frozenset(name for name, (header, _) in headers.items() if header.kind is Kind.QUERY)
    known = all(header.kind is not None for header, _ in headers.values())
    whole = section.readable and known and len(headers) == len(section.entries)
    return gather({name: header.live for name, (header, _) in headers.items()}, queries, problems, whole=whole)


def _properties(
    project: Project, headers: Mapping[str, tuple[Header, MapNode]], names: Names, problems: Problems
) -> frozenset[str] | None:
    """The fields of `currentUser.properties`: those of the row that the query gives. Empty where they are not known."""
    name = project.auth.auth.properties
    if name is None:
        return None
    at = project.auth.properties_at
    if name not in headers:
        queries = [known for known, (header, _) in headers.items() if header.kind is Kind.QUERY]
        problems.add(at, f'There is no query "{name}".', did_you_mean(name, queries))
        return frozenset()
    header, node = headers[name]
    if header.kind is Kind.MUTATION:
        problems.add(at, f'"{name}" is a mutation; the properties of a user come from a query.', "Name a query.")
    elif "steps" in node.entries or "join" in node.entries:
        sentence = f'"{name}" is a function; the properties of a user come from a query that has "run".'
        problems.add(at, sentence, "Ask for the row with use and get, or in SQL.")
    if any(argument.required for argument in header.arguments.values()):
        hint = "It can name the user: $currentUser.id."
        problems.add(at, f'The query "{name}" needs arguments; nobody gives it any.', hint)
    if header.returns is None:
        return frozenset()
    row: TypeDefinition | None = names.types.get(str(nullable(header.returns)))
    if not isinstance(row, ObjectType):
        if names.is_type(named(header.returns)):
            sentence = f'The query "{name}" gives {header.returns}; the properties of a user are one row.'
            problems.add(at, sentence, "Name a query that returns a type with fields.")
        return frozenset()
    return frozenset(plain_fields(row, names.types))


def _surroundings(names: Names) -> Surroundings:
    return Surroundings(names.objects, names.types, names.project.roles, names.project.limits)


def _require_query(section: _Section, headers: Mapping[str, tuple[Header, MapNode]], problems: Problems) -> None:
    whole = section.readable and len(headers) == len(section.entries)
    if whole and all(header.kind is Kind.MUTATION for header, _ in headers.values()):
        hint = "Declare one in operations/*.yaml."
        problems.add(Location("tidegate.yaml"), "This project has no query, and GraphQL needs one.", hint)
