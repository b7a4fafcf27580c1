"""`use:` and a verb, of `run:` or of a step -> a request that its integration has prepared."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from tidegate.core.action import ActedWrite
from tidegate.core.expressions import Expression, Record, Text
from tidegate.core.integration import Declaration, Integration, Surroundings
from tidegate.core.location import Location
from tidegate.core.objects import Access, DataObject
from tidegate.core.operation import Kind, Request
from tidegate.core.problems import Problems, ProjectError, did_you_mean
from tidegate.core.query import parse_filter
from tidegate.core.types import ListOf, Named, NonNull, TypeRef, named
from tidegate.schema.acted import hold_values, take_apart
from tidegate.schema.actions import ObjectActions
from tidegate.schema.aggregated import aggregated
from tidegate.schema.expressions import build_expression, build_text, file_text
from tidegate.schema.folder import ProjectFolder
from tidegate.schema.letters import VERB, build_letter
from tidegate.schema.names import Names
from tidegate.schema.operations import Header
from tidegate.schema.scope import Scope
from tidegate.schema.tree import MapNode, Node, ScalarNode, kind_of
from tidegate.schema.upstream_documents import VERBS as DOCUMENTS
from tidegate.schema.upstream_documents import build_asked

ROW_VERBS: Final[Mapping[str, Access]] = {
    "list": Access.READ,
    "get": Access.READ,
    "count": Access.READ,
    "aggregate": Access.READ,
    "create": Access.CREATE,
    "createMany": Access.CREATE,
    "update": Access.UPDATE,
    "updateMany": Access.UPDATE,
    "delete": Access.DELETE,
    "deleteMany": Access.DELETE,
}
"""The verbs that are asked of an object, with the access rule that each needs."""

GIVING_ROWS: Final = frozenset({"list", "get", "create", "createMany", "update", "updateMany"})
"""Those of them that may give rows."""

_FILE: Final = re.compile(r"\S+\.sql")
_WORDS: Final = {Access.READ: "read", Access.CREATE: "create", Access.UPDATE: "update", Access.DELETE: "delete"}


def natural_type(verb: str, target: DataObject) -> TypeRef | None:
    """What a step that asks this of an object gives; none where no type of the project says it."""
    row = Named(target.type)
    match verb:
        case "list" | "createMany":
            return NonNull(ListOf(NonNull(row)))
        case "create":
            return NonNull(row)
        case "get" | "update":
            return row
        case "count" | "updateMany" | "deleteMany":
            return NonNull(Named("Int"))
        case "delete":
            return NonNull(Named("Boolean"))
        case _:
            return None


@dataclass(frozen=True, slots=True)
class Asker:
    """Whoever asks: `run` of an operation, or one of its steps. `noun` is that in a sentence. `beside`: the keys that
    stand there and are no verb. `sound` is false where a type of the operation is wrong: then the request is read and
    not prepared. `step`: what it gives is the verb's to say, and not the operation's."""

    header: Header
    scope: Scope
    noun: str
    beside: frozenset[str]
    sound: bool
    step: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """`returns`: the type of what the request gives; none where nobody says. `request` is none where something is
    wrong."""

    integration: str
    target: DataObject | None
    verb: str
    returns: TypeRef | None
    request: Request | None


class RequestReader:
    """`integrations` are those without mistakes."""

    def __init__(
        self,
        names: Names,
        objects: Mapping[str, DataObject],
        integrations: Mapping[str, Integration],
        surroundings: Surroundings,
        folder: ProjectFolder,
        problems: Problems,
        actions: Mapping[str, ObjectActions],
    ) -> None:
        self._actions = actions
        self._names = names
        self._objects = objects
        self._integrations = integrations
        self._surroundings = surroundings
        self._folder = folder
        self._problems = problems

    def read(self, asker: Asker, node: MapNode) -> Asked | None:
        """What is asked; none where that cannot be told."""
        header = asker.header
        target = self._target(asker, node)
        if target is None:
            return None
        integration, built = target
        kind = self._names.integrations.get(integration)
        verb = self._verb(asker, node, integration, built)
        if verb is None or kind is None:
            return None
        returns = header.returns if not asker.step else natural_type(verb, built) if built is not None else None
        asked = Asked(integration, built, verb, returns, None)
        before = len(self._problems.found)
        scope = asker.scope if built is not None else replace(asker.scope, answers=True)
        body = self._body(scope, verb, node.entries[verb])
        if isinstance(body, Text) and len(self._problems.found) > before:
            return asked  # A statement with broken holes says nothing.
        if built is not None:
            self._check_access(header, built, verb, node.keys[verb])
        if header.kind is Kind.QUERY and ROW_VERBS.get(verb, Access.READ) is not Access.READ:
            self._problems.add(
                node.keys[verb], f'"{header.name}" is a query, but "{verb}" writes.', "Write kind: mutation."
            )
        ready = self._integrations.get(integration)
        if body is None or ready is None or (header.returns is None and not asker.step):
            return asked
        if not asker.sound or not self._whole(built):
            self._check_where(header, built, body)
            return asked
        at, around = node.keys[verb], self._surroundings
        promised = returns
        if asker.step and verb == "aggregate" and built is not None and (given := aggregated(body, built)) is not None:
            type, promised = given
            around = replace(around, types={**around.types, type.name: type})
        declaration = Declaration(header.name, built, verb, body, promised, header.arguments, at, header.rank or 0)
        spoken = {problem.at for problem in self._problems.found}
        try:
            prepared = ready.prepare(declaration, around)
            asks = verb if built is None else f"{verb} {built.name}"
            rows = built.type if built is not None and verb in GIVING_ROWS else ""
            request = Request(integration, prepared, at, self._acted(declaration, ready), asks, rows)
        except ProjectError as error:
            # What has been said of a place is not said again in other words.
            self._problems.extend(problem for problem in error.problems if problem.at not in spoken)
            return asked
        if header.kind is Kind.QUERY and prepared.writes and len(self._problems.found) == before:
            self._problems.add(at, f'"{header.name}" is a query, but this writes.', "Write kind: mutation.")
        return Asked(integration, built, verb, returns, request)

    def _acted(self, declaration: Declaration, ready: Integration) -> ActedWrite | None:
        """How the write is run, where its object has actions for it."""
        access = ROW_VERBS.get(declaration.verb, Access.READ)
        if declaration.target is None or declaration.target.name not in self._actions:
            return None
        actions = self._actions[declaration.target.name].triggered.get(access)
        if actions is None:
            return None
        return take_apart(hold_values(declaration, self._surroundings), access, actions, ready, self._surroundings)

    def _whole(self, built: DataObject | None) -> bool:
        """Whether everything that can be reached from an object is without mistakes."""
        seen: set[str] = set()
        waiting = [built.name] if built is not None else []
        while waiting:
            name = waiting.pop()
            if name not in self._objects:
                return False
            if name not in seen:
                seen.add(name)
                waiting.extend(relation.target for relation in self._objects[name].relations.values())
        return True

    def _check_where(self, header: Header, built: DataObject | None, body: Expression) -> None:
        """What can be said of a request that cannot be prepared because of other mistakes."""
        if built is not None and header.whole and isinstance(body, Record) and "where" in body.fields:
            known = (argument for argument in header.arguments.values() if self._names.is_type(named(argument.type)))
            arguments = {argument.name: argument for argument in known}
            parse_filter(body.fields["where"], built, self._surroundings, self._problems, arguments)

    def _target(self, asker: Asker, node: MapNode) -> tuple[str, DataObject | None] | None:
        names, problems = self._names, self._problems
        use = node.entries.get("use")
        if not isinstance(use, ScalarNode) or not isinstance(use.value, str):
            near = next((key for key in node.entries if did_you_mean(key, ["use"]).startswith("Did")), None)
            if use is None and near is not None:
                problems.add(node.keys[near], f'"{near}" is not a key of "run".', 'Did you mean "use"?')
            else:
                sentence = f"{asker.noun} does not say what it uses."
                problems.add(use.at if use else node.at, sentence, "Write use: and an object or an integration.")
            return None
        if use.value in self._objects:
            built = self._objects[use.value]
            return built.integration, built
        if use.value in names.object_names:
            return None  # What is wrong with the object has been said.
        if use.value in names.integrations:
            return use.value, None
        if names.objects_known and names.project.integrations_known:
            known = (*names.object_names, *names.integrations)
            hint = did_you_mean(use.value, known)
            problems.add(use.at, f'"{use.value}" is neither an object nor an integration.', hint)
        return None

    def _verb(self, asker: Asker, node: MapNode, integration: str, built: DataObject | None) -> str | None:
        kind = self._names.integrations.get(integration)
        if kind is None:
            return None
        relational = "sql" in kind.verbs
        allowed = [
            verb
            for verb in kind.verbs
            if (verb in ROW_VERBS if built is not None else not (relational and verb in ROW_VERBS))
        ]
        use = f'the object "{built.name}"' if built is not None else f'the integration "{integration}"'
        found: list[str] = []
        for key, at in node.keys.items():
            if key in asker.beside:
                continue
            if key in allowed:
                found.append(key)
                continue
            if key in kind.verbs:
                self._problems.add(at, f'"{key}" cannot be asked of {use}.', self._other(integration, built))
            else:
                known = (*allowed, *asker.beside) if asker.step else allowed
                self._problems.add(
                    at, f'"{key}" is not something that can be asked of {use}.', did_you_mean(key, known)
                )
            return None
        if not found:
            self._problems.add(node.at, f"This asks nothing of {use}.", did_you_mean("", allowed))
            return None
        for key in found[1:]:
            sentence = f'"{found[0]}" and "{key}" cannot both be asked: a request has one verb.'
            self._problems.add(node.keys[key], sentence, "Keep one of them.")
        return found[0] if len(found) == 1 else None

    def _other(self, integration: str, built: DataObject | None) -> str:
        if built is not None:
            return f"Write use: {integration}."
        there = sorted(name for name, other in self._objects.items() if other.integration == integration)
        return f"Name one of its objects: {', '.join(there[:12])}." if there else "Declare an object in objects/*.yaml."

    def _body(self, scope: Scope, verb: str, node: Node) -> Expression | None:
        if verb == VERB and isinstance(node, MapNode):
            return build_letter(node, scope, self._folder, self._problems)
        if verb in DOCUMENTS:
            return build_asked(node, scope, self._folder, self._problems)
        if verb != "sql":
            return build_expression(node, scope, self._problems)
        if not isinstance(node, ScalarNode) or not isinstance(node.value, str) or not node.value.strip():
            hint = "Write the statement, or the name of a file that ends in .sql."
            self._problems.add(node.at, f'"sql" is a text; {kind_of(node)} is not.', hint)
            return None
        if not _FILE.fullmatch(node.value):
            return build_text(node.value, node.at, node.place, scope, self._problems)
        text = self._folder.referenced(node.value, node.at)
        if text is None:
            return None
        file = self._folder.located(node.value, node.at)
        if not text.strip():
            self._problems.add(Location(file), "This file is empty.", "Write a statement.")
            return None
        return file_text(file, text, scope, self._problems)

    def _check_access(self, header: Header, built: DataObject, verb: str, at: Location) -> None:
        access = ROW_VERBS[verb]
        rules = built.access.get(access, ())
        if (
            built.name not in self._names.guarded
            or header.rank is None
            or any(rule.rank <= header.rank for rule in rules)
        ):
            return
        who = f'Nobody of the role "{header.min_role}"'
        lowest = min((rule.rank for rule in rules), default=None)
        if lowest is None:
            hint = f"Add access: {{ {access}: {{ {header.min_role}: … }} }} to the object."
        else:
            hint = f"The lowest role that may is {self._names.project.roles[lowest]}: raise minRole, or add a rule."
        self._problems.add(at, f"{who} may {_WORDS[access]} {built.name}.", hint)
