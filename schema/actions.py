"""`actions:` of an object -> what is done around its writes, and on demand.

What each of them asks is prepared here, their code is read; whether that code is right is found by the sandbox.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from tidegate.core.action import Action, Asking, Deep, When, Work
from tidegate.core.expressions import Expression, Record
from tidegate.core.integration import Declaration, Integration, Surroundings
from tidegate.core.json import Missing
from tidegate.core.literals import Misfit, coerce_literal
from tidegate.core.location import Location
from tidegate.core.objects import Access, DataObject
from tidegate.core.problems import Problems, ProjectError, did_you_mean
from tidegate.core.types import Argument, InputType, Named, ObjectType, TypeRef, named
from tidegate.schema.acted import deep_row
from tidegate.schema.expressions import build_expression, build_text, file_text
from tidegate.schema.folder import ProjectFolder
from tidegate.schema.form import Form, capital, check_name
from tidegate.schema.letters import TRIGGER, build_letter
from tidegate.schema.letters import VERB as SEND
from tidegate.schema.names import Names
from tidegate.schema.operations import read_arguments, read_timeout
from tidegate.schema.scope import Scope
from tidegate.schema.step_code import CODE, Programs
from tidegate.schema.tree import MapNode, Node, ScalarNode
from tidegate.schema.type_expressions import parse_type


@dataclass(frozen=True, slots=True)
class Sending:
    """What an action sends, in the words of its key and of sentences."""

    key: str
    verb: str
    noun: str
    doing: str
    kinds: str
    example: str


SENDING: Final[Mapping[str, Sending]] = {
    each.key: each
    for each in (
        Sending(
            "email",
            SEND,
            "e-mail",
            "send e-mail",
            "an integration of the kind smtp",
            'Write email: { use: mail, to: $row.email, subject: "…", message: mail/new.txt }.',
        ),
        Sending(
            "trigger",
            TRIGGER,
            "trigger",
            "trigger anything",
            "an integration of the kind webhook or zapier",
            "Write trigger: { use: pager, body: { ticket: $row.id } }.",
        ),
    )
}

WORK: Final = ("js", "python", "sql", *SENDING)
"""The keys that say what an action does: one of them."""

KEYS: Final[Mapping[str, str]] = {
    "on": (
        "the event, or a list of events: `before`, `during` or `after` and `create`, `update` or `delete`; or "
        "`demand`. Required"
    ),
    "where": (
        "a condition in SQL, about the row: its columns by their names, and holes. Where it does not hold, "
        "nothing is done; an error in it is an error"
    ),
    "js": "the file of the code: `.js`, or `.ts` with TypeScript's types (Programs)",
    "python": "the file of the code in Python, instead: `.py`. The contract is the same",
    "runtime": "what runs the Python: `monty` (the default) or `cpython`",
    "sql": "a statement, or several with `;` between them, or the name of a `.sql` file with such",
    "email": "`use` (an integration of the kind smtp), `to`, `cc`, `bcc`, `from`, `subject`, `message`, `html`",
    "trigger": "`use` (an integration of the kind webhook or zapier), and what is posted",
    "params": (
        "its parameters, written as an operation's `args`. Those on demand are given them; others see the "
        "operation's arguments of these names, or the defaults"
    ),
    "minRole": "the lowest role that may ask for it; required on demand",
    "returns": "the type of what it answers on demand. Default: `JSON`",
    "timeout": "how long it may take. Default: `limits.scriptTime` for code, `limits.timeout` for others",
    "description": "what it is for",
}

EVENTS: Final = (
    *(f"{when} {verb}" for when in ("before", "during", "after") for verb in ("create", "update", "delete")),
    "demand",
)

CONDITION: Final = "condition"
"""The verb of a condition. No author writes it."""

SCRIPT: Final = "script"
"""The verb of SQL that may be several statements. No author writes it."""

_STATEMENT: Final = re.compile(r"\S+\.sql")


@dataclass(frozen=True, slots=True)
class Demanded:
    """An action on demand, and the type of what it answers."""

    action: Action
    returns: TypeRef


@dataclass(frozen=True, slots=True)
class ObjectActions:
    """In the order written."""

    triggered: Mapping[Access, Mapping[When, tuple[Action, ...]]]
    demanded: tuple[Demanded, ...]


class ActionReader:
    """Reads the actions of a project's objects. `integrations` are those without mistakes."""

    def __init__(
        self,
        names: Names,
        integrations: Mapping[str, Integration],
        surroundings: Surroundings,
        folder: ProjectFolder,
        programs: Programs,
        problems: Problems,
    ) -> None:
        self._names = names
        self._integrations = integrations
        self._surroundings = surroundings
        self._folder = folder
        self._problems = problems
        self._programs = programs
        self._deep: Deep | None = None

    def read(self, form: Form, built: DataObject) -> ObjectActions:
        section = form.mapping("actions")
        triggered: dict[Access, dict[When, list[Action]]] = {}
        demanded: list[Demanded] = []
        for name, node in section.entries.items() if section is not None else ():
            at = section.keys[name] if section is not None else node.at
            for each in self._actions(name, node, at, built):
                if isinstance(each, Demanded):
                    demanded.append(each)
                elif each.event is not None:
                    triggered.setdefault(each.event, {}).setdefault(each.when, []).append(each)
        settled = {
            event: {when: tuple(actions) for when, actions in moments.items()} for event, moments in triggered.items()
        }
        return ObjectActions(settled, tuple(demanded))

    def _actions(self, name: str, node: Node, at: Location, built: DataObject) -> Iterator[Action | Demanded]:
        """One for each event that it is written for."""
        self._deep = None
        check_name(name, at, "an action", self._problems)
        form = Form(node, f'the action "{name}" of {built.name}', KEYS, self._problems)
        if not form.sound:
            return
        form.required("on", at=at, hints={"on": "Write on: before create, say, or on: demand."})
        events = list(self._events(form))
        parameters, places, whole = read_arguments(form, "params", self._problems)
        parameters = self._settled(parameters, places)
        scope = self._scope(built, parameters, whole=whole)
        rank = self._rank(form, events, at)
        where = self._where(form, built, scope)
        work = self._work(form, built, scope, at)
        deep = self._deep
        returns = self._returns(form, events)
        if work is None or rank is None:
            return
        limits = self._names.project.limits
        timeout = read_timeout(form, limits.scriptTime if any(map(form.has, CODE)) else limits.timeout, self._problems)
        role = self._names.project.roles[rank] if rank < len(self._names.project.roles) else ""
        description = form.text("description") or ""
        for when, event in events:
            action = Action(
                name, built.name, when, event, where, parameters, role, rank, work, timeout, at, description, deep
            )
            yield action if when is not When.DEMAND else Demanded(action, returns)

    def _events(self, form: Form) -> Iterator[tuple[When, Access | None]]:
        seen: set[str] = set()
        for node in form.texts("on"):
            text = str(node.value)
            if text not in EVENTS:
                self._problems.add(node.at, f'"{text}" is not an event.', did_you_mean(text, EVENTS))
            elif text in seen:
                self._problems.add(node.at, f'"{text}" is named twice.', "Remove one of them.")
            else:
                seen.add(text)
                when, _, verb = text.partition(" ")
                yield When(when), Access(verb) if verb else None

    def _rank(self, form: Form, events: list[tuple[When, Access | None]], at: Location) -> int | None:
        if any(when is When.DEMAND for when, _ in events):
            form.required("minRole", at=at, hints={"minRole": "There is no default: who may demand it?"})
            return self._names.rank_of(form, "minRole")
        for key in ("minRole", "returns"):
            if form.has(key) and events:
                hint = "Whoever may write the row sets it off."
                self._problems.add(form.key_at(key), f'"{key}" is for actions on demand.', hint)
        return 0

    def _returns(self, form: Form, events: list[tuple[When, Access | None]]) -> TypeRef:
        node = form.node_of("returns")
        if node is None or all(when is not When.DEMAND for when, _ in events):
            return Named("JSON")
        written = parse_type(node, f'"returns" of {form.noun}', self._problems)
        if written is None:
            return Named("JSON")
        if not self._names.is_type(named(written.type)) and self._names.types_known:
            hint = self._names.type_hint(named(written.type))
            self._problems.add(node.at, f'There is no type "{named(written.type)}".', hint)
        elif isinstance(self._names.types.get(named(written.type)), InputType):
            self._problems.add(node.at, f'"{named(written.type)}" is an input type; it cannot be returned.')
        return written.type

    def _settled(self, parameters: Mapping[str, Argument], places: Mapping[str, Location]) -> dict[str, Argument]:
        """The parameters with their defaults in travelling form."""
        settled: dict[str, Argument] = {}
        types = self._names.types
        for name, parameter in parameters.items():
            settled[name] = parameter
            type = named(parameter.type)
            if not self._names.is_type(type):
                if self._names.types_known:
                    self._problems.add(parameter.at, f'There is no type "{type}".', self._names.type_hint(type))
            elif isinstance(types.get(type), ObjectType):
                hint = "Declare an input with the fields that clients send."
                self._problems.add(parameter.at, f'"{type}" is not an input type.', hint)
            elif not isinstance(parameter.default, Missing):
                try:
                    settled[name] = replace(parameter, default=coerce_literal(parameter.default, parameter.type, types))
                except Misfit as misfit:
                    sentence = f'The default of "{name}" does not fit: {misfit.sentence}'
                    self._problems.add(places[name], sentence, misfit.hint)
        return settled

    def _scope(self, built: DataObject, parameters: Mapping[str, Argument], *, whole: bool) -> Scope:
        project = self._names.project
        return Scope(
            arguments=parameters,
            current_user=frozenset(project.auth.auth.current_user),
            properties=self._names.properties,
            config=project.config,
            types=self._names.types,
            place="in actions",
            whole=whole,
            users_known=project.auth.readable,
            config_known=project.config_known,
            rows=built,
        )

    def _where(self, form: Form, built: DataObject, scope: Scope) -> Asking | None:
        node = form.node_of("where")
        if node is None:
            return None
        if isinstance(node, ScalarNode) and node.value is True:
            return None
        if not isinstance(node, ScalarNode) or not isinstance(node.value, str) or not node.value.strip():
            form.wrong("where", node, "a condition in SQL", "Write \"{{ row.status }} = 'Done'\", say.")
            return None
        body = build_text(node.value, node.at, node.place, scope, self._problems)
        return self._asking(built.integration, CONDITION, body, built, scope, form.key_at("where"), form.noun)

    def _work(self, form: Form, built: DataObject, scope: Scope, at: Location) -> Work | None:
        found = [key for key in WORK if form.has(key)]
        if not found and not any(did_you_mean(key, WORK).startswith("Did") for key in form.unknown):
            self._problems.add(at, f"{capital(form.noun)} does nothing.", "Write js, python, sql, email or trigger.")
        for key in found[1:]:
            sentence = f'"{found[0]}" and "{key}" cannot both be done by one action.'
            self._problems.add(form.key_at(key), sentence, "Make two of it: they run in the order written.")
        if form.has("runtime") and not form.has("python"):
            self._problems.add(form.key_at("runtime"), '"runtime" is for Python.', "Remove it.")
        if len(found) != 1:
            return None
        match found[0]:
            case "js" | "python" as key:
                return self._programs.read(form, key, form.noun, "actions/tidy")
            case "sql":
                return self._statement(form, built, scope)
            case key:
                return self._sent(form, SENDING[key], built, scope)

    def _statement(self, form: Form, built: DataObject, scope: Scope) -> Work | None:
        node = form.node_of("sql")
        if not isinstance(node, ScalarNode) or not isinstance(node.value, str) or not node.value.strip():
            if node is not None:
                form.wrong("sql", node, "a statement, or the name of a .sql file")
            return None
        if _STATEMENT.fullmatch(node.value):
            text = self._folder.referenced(node.value, node.at)
            if text is None:
                return None
            body = file_text(self._folder.located(node.value, node.at), text, scope, self._problems)
        else:
            body = build_text(node.value, node.at, node.place, scope, self._problems)
        asking = self._asking(built.integration, SCRIPT, body, built, scope, form.key_at("sql"), form.noun)
        return None if asking is None else (asking,)

    def _sent(self, form: Form, sending: Sending, built: DataObject, scope: Scope) -> Work | None:
        """What leaves when the write is committed: an e-mail, or what is posted to a hook."""
        node = form.mapping(sending.key, sending.example)
        if node is None:
            return None
        sent = Form(node, f"the {sending.noun} of {form.noun}", tuple(node.entries), self._problems)
        sent.required("use", hints={"use": f"Name {sending.kinds}."})
        integration = self._names.integration_of(sent, "use")
        scope = replace(scope, related=self._surroundings.objects)
        if sending.verb == SEND:
            body: Expression = build_letter(node, scope, self._folder, self._problems)
        else:
            others = {name: entry for name, entry in node.entries.items() if name != "use"}
            keys = {name: node.keys[name] for name in others}
            body = build_expression(MapNode(others, keys, node.at), scope, self._problems)
        if integration is None:
            return None
        kind = self._names.integrations.get(integration)
        if kind is not None and sending.verb not in kind.verbs:
            at = node.entries["use"].at
            self._problems.add(at, f'"{integration}" cannot {sending.doing}.', f"Name {sending.kinds}.")
            return None
        at = form.key_at(sending.key)
        asking = self._asking(integration, sending.verb, body, built, scope, at, form.noun)
        ready = self._integrations.get(built.integration)
        if asking is None or ready is None or self._problems:
            return None
        whole = Declaration(form.noun, built, "get", Record({}, {}, at), None, {}, at)
        self._deep = deep_row(whole, body, ready, self._surroundings)
        return (asking,)

    def _asking(
        self,
        integration: str,
        verb: str,
        body: Expression,
        built: DataObject,
        scope: Scope,
        at: Location,
        noun: str,
    ) -> Asking | None:
        ready = self._integrations.get(integration)
        kind = self._names.integrations.get(integration)
        if ready is None or kind is None:
            return None
        if verb in (CONDITION, SCRIPT) and "sql" not in kind.verbs:
            self._problems.add(at, f'"{integration}" has no SQL.', "Write it in JavaScript.")
            return None
        declaration = Declaration(noun, built, verb, body, None, scope.arguments or {}, at)
        spoken = {problem.at for problem in self._problems.found}
        try:
            return Asking(integration, ready.prepare(declaration, self._surroundings))
        except ProjectError as error:
            self._problems.extend(problem for problem in error.problems if problem.at not in spoken)
            return None
