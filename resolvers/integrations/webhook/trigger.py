"""The body of `trigger:` as written -> what is posted, with the values of a call.

`trigger: { ticket: $ticket.id }` posts just that as JSON. Where there is more to say, what is posted has a key:
`trigger: { form: { ticket: $ticket.id }, search: { from: desk } }`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

from tidegate.core.errors import Code, OperationError
from tidegate.core.expressions import Expression, Record, Reference, as_text
from tidegate.core.json import Given
from tidegate.core.problems import Problems, did_you_mean
from tidegate.resolvers.integrations.http.addresses import alike_name, fill_query
from tidegate.resolvers.integrations.http.bodies import FORMS, write_body
from tidegate.resolvers.integrations.upstream import is_header_name
from tidegate.resolvers.integrations.upstream.exchange import merged
from tidegate.resolvers.integrations.webhook.deliveries import ID, TIMESTAMP, Delivery, Hook

# Any: JSON Schema is open-ended.
KEYS: Final[Mapping[str, Any]] = {
    "body": {"description": "Sent as JSON."},
    "form": {"type": ["object", "string"], "description": "Sent as a form."},
    "text": {"type": "string", "description": "Sent as it is."},
    "search": {"type": ["object", "string"], "description": "After the ? of the address: lists repeat."},
    "headers": {"type": "object", "description": "Over those of the integration."},
}
LARGEST: Final = 1024 * 1024
"""Bytes of what is posted."""

_FORMS: Final = ("body", "form", "text")


@dataclass(frozen=True, slots=True)
class Trigger:
    """`form` says how `inputs[body]` is sent; `search` and `headers` are places there, or none. `own`: names in the
    hook's address, as `alike_name` has them, where those of `search` are a client's, who does not say them again."""

    operation: str
    inputs: tuple[Expression, ...]
    form: str
    body: int | None
    search: int | None
    headers: int | None
    own: frozenset[str] = frozenset()

    def describe(self) -> str:
        """For `tidegate plan`: names, and neither the address nor the value of a header."""
        lines = ["POST"]
        for noun, place in ((self.form, self.body), ("search", self.search), ("headers", self.headers)):
            if place is not None:
                lines.append(f"{noun}: {_shown(self.inputs[place])}")
        return "\n".join(lines)

    def write(self, values: Sequence[Given]) -> Delivery:
        """Raises `OperationError`: BAD_USER_INPUT for what cannot be sent, LIMIT."""
        body = write_body(self.form, values[self.body]) if self.body is not None else None
        search = fill_query(self._allowed(values[self.search])) if self.search is not None else ""
        if len(body or b"") + len(search) > LARGEST:
            raise OperationError(Code.LIMIT, f"What is to be sent has more than {LARGEST} bytes.")
        given = values[self.headers] if self.headers is not None else None
        said = {"content-type": FORMS[self.form]} if body is not None else {}
        own = {name: as_text(value) for name, value in given.items()} if isinstance(given, Mapping) else {}
        return Delivery(f"msg_{uuid4().hex}", self.operation, merged(said, own), body, search)

    def _allowed(self, given: Given) -> Given:
        if not isinstance(given, Mapping):
            return given
        return {name: value for name, value in given.items() if alike_name(name) not in self.own}


def read_trigger(body: Expression, operation: str, hook: Hook, problems: Problems) -> Trigger:
    if not isinstance(body, Record) or body.fields.keys().isdisjoint(KEYS):
        return Trigger(operation, (body,), "body", 0, None, None)
    for key, at in body.keys.items():
        if key not in KEYS:
            near = did_you_mean(key, KEYS)
            hint = f"{near} " if near.startswith("Did") else ""
            problems.add(at, f'"{key}" is not a key of "trigger".', f"{hint}What is sent stands under body.")
    forms = [key for key in _FORMS if key in body.fields]
    for key in forms[1:]:
        problems.add(body.keys[key], f'"{key}" and "{forms[0]}" cannot both be sent.', "Keep one of them.")
    for key in ("form", "search"):
        written = body.fields.get(key)
        if written is not None and not isinstance(written, Record | Reference):
            problems.add(written.at, f'"{key}" is a mapping of names to values.')
    _check_headers(body.fields.get("headers"), hook, problems)
    inputs = tuple(written for key, written in body.fields.items() if key in KEYS)
    places = {key: place for place, key in enumerate(key for key in body.fields if key in KEYS)}
    form = forms[0] if forms else "body"
    own = frozenset[str]()
    if isinstance(body.fields.get("search"), Reference):
        own = frozenset(alike_name(name) for name, _ in parse_qsl(urlsplit(hook.url).query, keep_blank_values=True))
    return Trigger(operation, inputs, form, places.get(form), places.get("search"), places.get("headers"), own)


def _check_headers(written: Expression | None, hook: Hook, problems: Problems) -> None:
    if written is None:
        return
    if not isinstance(written, Record):
        problems.add(written.at, '"headers" is a mapping: their names are yours.')
        return
    ours = {ID, TIMESTAMP, hook.seal.header if hook.seal is not None else ID}
    for name, at in written.keys.items():
        if not is_header_name(name) or name.lower() in ours:
            problems.add(at, f'"{name}" cannot be a header of a trigger.')


def _shown(written: Expression) -> str:
    match written:
        case Record(fields=fields):
            return ", ".join(fields)
        case Reference():
            return f"{{{{ {written} }}}}"
        case _:
            return "…"
