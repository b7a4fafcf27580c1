"""`schedule:` and `webhook:` of operations -> what runs them without a client, and as whom."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from tidegate.core.expressions import Record, references
from tidegate.core.json import Json, Missing
from tidegate.core.literals import Misfit, coerce_literal
from tidegate.core.location import Location
from tidegate.core.operation import Kind
from tidegate.core.problems import Problems, did_you_mean
from tidegate.core.triggers import Schedule, Signature, Webhook, taken
from tidegate.core.user import CurrentUser
from tidegate.schema.cron import CronError, check_cron, read_zone
from tidegate.schema.environment import Environment
from tidegate.schema.form import Form, capital
from tidegate.schema.names import Names
from tidegate.schema.operations import Header
from tidegate.schema.tree import ListNode, MapNode, Node, ScalarNode, as_json
from tidegate.schema.trigger_values import REQUEST, ValueReader
from tidegate.schema.webhooks import KEYS as WEBHOOK_KEYS
from tidegate.schema.webhooks import WEBHOOK, read_header, read_path, read_secret, read_signature

SCHEDULE: Final = "schedule"
SCHEDULE_KEYS: Final[Mapping[str, str]] = {
    "cron": 'minute, hour, day of the month, month, day of the week, as in `"0 7 * * 1-5"`; required',
    "timeZone": "whose clocks it goes by, as in `Europe/Berlin`. Default: `UTC`",
    "args": "the arguments: values and `$config.x`",
    "currentUser": "who runs it: `role`, and fields of `currentUser`. Default: the operation's `minRole`, and null",
}
DEFAULT_ZONE: Final = "UTC"


class TriggerReader:
    """Reads those of all operations, once the types of their arguments are known."""

    def __init__(self, names: Names, environment: Environment, problems: Problems) -> None:
        self._names = names
        self._environment = environment
        self._problems = problems
        self._paths: dict[str, Location] = {}
        self.schedules: list[Schedule] = []
        self.webhooks: dict[str, Webhook] = {}

    def read(self, header: Header, node: MapNode) -> None:
        """Those of one operation, which is written at `node`."""
        if SCHEDULE in node.entries:
            self._refuse_query(header, node.keys[SCHEDULE], "schedule", "Schedule a mutation.")
            for number, item in enumerate(_items(node.entries[SCHEDULE]), 1):
                self._read_schedule(header, item, header.name if number == 1 else f"{header.name}#{number}")
        if WEBHOOK in node.entries:
            if "steps" not in node.entries:
                self._refuse_query(header, node.keys[WEBHOOK], WEBHOOK, "Write a mutation or a function.")
            self._read_webhook(header, node.entries[WEBHOOK])

    def _refuse_query(self, header: Header, at: Location, key: str, hint: str) -> None:
        if header.kind is Kind.QUERY:
            self._problems.add(at, f'The operation "{header.name}" is a query and cannot have "{key}".', hint)

    def _read_schedule(self, header: Header, node: Node, name: str) -> None:
        before = len(self._problems.found)
        if isinstance(node, ScalarNode):
            node = MapNode({"cron": node}, {"cron": node.at}, node.at)
        form = Form(node, f'"schedule" of the operation "{header.name}"', SCHEDULE_KEYS, self._problems)
        form.required("cron", hints={"cron": 'Write it like cron: "0 7 * * *".'})
        cron = " ".join((form.text("cron") or "").split())
        zone = form.text("timeZone") or DEFAULT_ZONE
        for key, check, text in (("cron", check_cron, cron), ("timeZone", read_zone, zone)):
            try:
                if text:
                    check(text)
            except CronError as error:
                self._problems.add(form.node.entries[key].at, error.sentence, error.hint)
        section = form.mapping("args") or MapNode({}, {}, form.at)
        values = ValueReader(self._names.project.config, self._problems).record(section)
        self._check_arguments(header, values)
        user = self._user(header, form)
        # What is left of a reference has been refused, perhaps before.
        literal = next(references(values), None) is None
        if user is not None and literal and len(self._problems.found) == before:
            arguments = _literals(values)
            self.schedules.append(Schedule(name, header.name, cron, zone, arguments, user, form.at))

    def _read_webhook(self, header: Header, node: Node) -> None:
        before = len(self._problems.found)
        form = Form(node, f'"webhook" of the operation "{header.name}"', WEBHOOK_KEYS, self._problems)
        form.required("path", "secret")
        path = read_path(form)
        if path is not None and path in self._paths:
            sentence = f'The path "{path}" is taken by the webhook at {self._paths[path]}.'
            self._problems.add(form.node.entries["path"].at, sentence, "Choose another one.")
        elif path is not None:
            self._paths[path] = form.node.entries["path"].at
        signature = read_signature(form)
        carrier = read_header(form, signature)
        secret = read_secret(form, signature, self._environment)
        section = form.mapping("args")
        values: Record | None = None
        if section is not None:
            hidden = carrier if signature is Signature.TOKEN else None
            values = ValueReader(self._names.project.config, self._problems, REQUEST, hidden).record(section)
            self._check_arguments(header, values)
        user = self._user(header, form)
        if path is None or secret is None or user is None or len(self._problems.found) > before:
            return
        self.webhooks[path] = Webhook(header.name, path, secret, signature, carrier, values, user, form.at)

    def _check_arguments(self, header: Header, values: Record) -> None:
        """Those there are, those there must be, and the types of those that are known now."""
        for name, value in values.fields.items():
            argument = header.arguments.get(name)
            if argument is None:
                if header.whole:
                    hint = did_you_mean(name, header.arguments)
                    self._problems.add(values.keys[name], f'"{header.name}" has no argument "{name}".', hint)
                continue
            if next(references(value), None) is not None:
                continue
            try:
                coerce_literal(_json(taken(value, {})), argument.type, self._names.types)
            except Misfit as misfit:
                sentence = f'The argument "{name}" of "{header.name}" does not fit: {misfit.sentence}'
                self._problems.add(value.at, sentence, misfit.hint)
        for name, argument in header.arguments.items():
            if argument.required and name not in values.fields:
                sentence = f'"{header.name}" needs the argument "{name}".'
                self._problems.add(values.at, sentence, "Give it a value under args.")

    def _user(self, header: Header, form: Form) -> CurrentUser | None:
        """Who runs it: verified, with null for every field that is not written."""
        project = self._names.project
        section = form.mapping("currentUser") or MapNode({}, {}, form.at)
        declared = project.auth.auth.current_user
        given: dict[str, Json] = {}
        for name, node in section.entries.items():
            given[name] = as_json(node)
            if name != "role" and name not in declared and project.auth.readable:
                hint = did_you_mean(name, (*declared, "role")) or "Declare it under auth.currentUser."
                self._problems.add(section.keys[name], f'currentUser has no field "{name}".', hint)
        rank = header.rank
        if "role" in section.entries:
            inner = Form(section, f'"currentUser" of {form.noun}', section.entries, self._problems)
            rank = self._names.rank_of(inner, "role")
        if rank is None or header.rank is None:
            return None
        role = project.roles[rank]
        if rank < header.rank:
            sentence = f'{capital(role)} may not run "{header.name}": its minRole is {header.min_role}.'
            self._problems.add(section.entries["role"].at, sentence, "Leave the role out, or name a higher one.")
        fields = {name: role if name == "role" else given.get(name) for name in declared}
        return CurrentUser(role, rank, fields, expires=None, verified=True)


def _items(node: Node) -> Iterator[Node]:
    yield from node.items if isinstance(node, ListNode) else (node,)


def _literals(values: Record) -> dict[str, Json]:
    return {name: _json(taken(value, {})) for name, value in values.fields.items()}


def _json(value: Json | Missing) -> Json:
    """Nothing of a literal is missing."""
    assert not isinstance(value, Missing)
    return value
