"""The body of `get:`, `post:` and so on, as written -> what is asked, with places for the values of a call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from tidegate.core.expressions import Expression, Literal, Record, Reference, Text
from tidegate.core.fitting import sendable
from tidegate.core.integration import Declaration, Surroundings
from tidegate.core.problems import Problems
from tidegate.core.types import Named, NonNull, ObjectType, TypeRef, named, nullable
from tidegate.core.units import DURATION_PATTERN
from tidegate.resolvers.integrations.http.addresses import wrong_words
from tidegate.resolvers.integrations.http.answers import ENVELOPE, Reading
from tidegate.resolvers.integrations.http.bodies import FORMS
from tidegate.resolvers.integrations.http.numbers import with_numbers
from tidegate.resolvers.integrations.http.renaming import read_path, read_renaming
from tidegate.resolvers.integrations.upstream.written import WrittenRequest

VERBS: Final = ("get", "post", "put", "patch", "delete")

# Any: JSON Schema is open-ended.
KEYS: Final[Mapping[str, Any]] = {
    "path": {"type": "string", "description": "From baseUrl on; a {{ hole }} is one segment, encoded."},
    "params": {"type": ["object", "string"], "description": "After the ?: lists repeat, and null is left out."},
    "headers": {"type": "object", "description": "Over those of the integration."},
    "body": {"description": "Sent as JSON."},
    "form": {"type": ["object", "string"], "description": "Sent as a form."},
    "text": {"type": "string", "description": "Sent as it is."},
    "binary": {"type": "string", "description": "Bytes in base64, sent as they are."},
    "data": {"type": "string", "pattern": r"^\$[.\[]", "description": "Where in the answer the result is: $.items."},
    "fields": {"type": "object", "description": "Where fields of the result are found: firstName: $.first_name."},
    "envelope": {"type": "boolean", "description": "The result is {response, statusCode, headers}."},
    "missing": {
        "anyOf": [{"type": "integer"}, {"type": "array", "items": {"type": "integer"}}],
        "description": "Statuses that mean that there is none: the result is null. Of get: 404.",
    },
    "reads": {"type": "boolean", "description": "It changes nothing, though it is no GET."},
    "resource": {"type": "string", "description": "What is read or written: only requests of the same concern it."},
    "poll": {"type": "string", "pattern": DURATION_PATTERN, "description": "How often it is asked while watched."},
}


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked. `path` alternates between the author's words and places among `inputs`; `params`, `headers` and
    `body` are places there, or none."""

    operation: str
    verb: str
    path: tuple[str | int, ...]
    inputs: tuple[Expression, ...]
    params: int | None
    headers: int | None
    form: str
    body: int | None
    reading: Reading
    missing: frozenset[int]
    reads: bool
    resource: str | None
    poll: float | None

    def describe(self) -> str:
        """For `tidegate plan`: names, and no value of a header."""
        words = "".join(part if isinstance(part, str) else _hole(self.inputs[part]) for part in self.path)
        lines = [f"{self.verb.upper()} {words}"]
        for noun, place in (("params", self.params), ("headers", self.headers)):
            if place is not None:
                written = self.inputs[place]
                names = ", ".join(written.fields) if isinstance(written, Record) else _hole(written)
                lines.append(f"{noun}: {names}")
        if self.body is not None:
            lines.append(f"{self.form}: {FORMS[self.form]}")
        if self.reading.data is not None:
            lines.append(f"data: {self.reading.data}")
        return "\n".join(lines)


def read_wish(declaration: Declaration, surroundings: Surroundings, poll: float | None) -> Wish:
    """`poll`: of the integration's settings. Raises `ProjectError`."""
    problems = Problems()
    body = declaration.body
    if isinstance(body, Literal | Text) and (isinstance(body, Text) or isinstance(body.value, str)):
        body = Record({"path": body}, {"path": body.at}, body.at)
    if not isinstance(body, Record):
        problems.add(body.at, f'"{declaration.verb}" is a mapping.', "Begin with its path.")
        problems.raise_any()
        raise AssertionError
    wish = _Reader(declaration, body, surroundings, problems).wish(poll)
    problems.raise_any()
    return wish


class _Reader(WrittenRequest):
    def wish(self, poll: float | None) -> Wish:
        verb, written = self.declaration.verb, self.body.fields
        self.refuse_unknown(KEYS)
        path = self._path()
        params = self._mapping("params")
        headers = self.headers()
        forms = [key for key in FORMS if key in written]
        for key in forms[0 if verb == "get" else 1 :]:
            sentence = f'"{key}" and "{forms[0]}" cannot both be sent.' if verb != "get" else f'"get" has no "{key}".'
            self.problems.add(self.body.keys[key], sentence, "" if verb != "get" else "Write params, or use post.")
        form = forms[0] if forms else "body"
        given = self._mapping("form") if form == "form" else self.place(form)
        if form == "body" and given is not None:
            known = partial(sendable, arguments=self.declaration.arguments, types=self.types)
            self.inputs[given] = with_numbers(self.inputs[given], known, self.types)
        reads = self.flag("reads", default=verb == "get")
        reading = self._reading()
        return Wish(
            operation=self.declaration.operation,
            verb=verb,
            path=path,
            inputs=tuple(self.inputs),
            params=params,
            headers=headers,
            form=form,
            body=given,
            reading=reading,
            missing=self._missing(reading),
            reads=reads,
            resource=self.text("resource"),
            poll=self.poll(poll, reads=reads),
        )

    def _path(self) -> tuple[str | int, ...]:
        written = self.body.fields.get("path")
        if written is None:
            self.problems.add(self.declaration.at, f'"{self.declaration.verb}" lacks its "path".', "Write path: /….")
            return ()
        parts: tuple[str | Reference, ...]
        match written:
            case Literal(value=str() as text):
                parts = (text,)
            case Text(parts=several):
                parts = several
            case _:
                hint = "Write path: /customers/{{ args.id }}."
                self.problems.add(written.at, "A path is a text: a value in it is a hole.", hint)
                return ()
        words = "".join(part if isinstance(part, str) else "x" for part in parts)
        wrong = wrong_words(words)
        if wrong == "params":
            self.problems.add(written.at, "A path has no ? and no #.", "What follows the ? is params.")
        elif wrong:
            self.problems.add(written.at, "A path has no empty segments, no .. and no backslashes.")
        return tuple(part if isinstance(part, str) else self.add(part) for part in parts)

    def _mapping(self, key: str) -> int | None:
        written = self.body.fields.get(key)
        if written is not None and not isinstance(written, Record | Reference):
            self.problems.add(written.at, f'"{key}" is a mapping of names to values.')
        return self.place(key)

    def _reading(self) -> Reading:
        returns = self.declaration.returns
        envelope = self.flag("envelope", default=self._encloses(returns))
        if envelope and returns is not None and not self._encloses(returns) and nullable(returns) != Named("JSON"):
            hint = "Its fields are response, statusCode and headers; or write returns: JSON."
            self.problems.add(self.body.keys["envelope"], f"{returns} is no envelope.", hint)
        data = self.body.fields.get("data")
        path = read_path(data, '"data"', self.problems) if data is not None else None
        reading = Reading(returns, self.types, path, envelope=envelope)
        fields = self.body.fields.get("fields")
        renaming = read_renaming(fields, reading.content, self.types, self.problems) if fields is not None else None
        return Reading(returns, self.types, path, renaming, envelope)

    def _encloses(self, type: TypeRef | None) -> bool:
        definition = self.types.get(named(type)) if type is not None else None
        return (
            isinstance(definition, ObjectType)
            and "statusCode" in definition.fields
            and definition.fields.keys() <= ENVELOPE
        )

    def _missing(self, reading: Reading) -> frozenset[int]:
        returns, written = self.declaration.returns, self.body.fields.get("missing")
        can_be = returns is None or not isinstance(returns, NonNull) or returns.of == Named("Boolean")
        can_be = can_be or reading.envelope
        if written is None:
            return frozenset({404}) if self.declaration.verb == "get" and can_be else frozenset()
        given = self.literal(written)
        statuses = given if isinstance(given, list) else [given]
        found = {status for status in statuses if type(status) is int and 400 <= status <= 599}
        if len(found) < len(statuses):
            self.problems.add(written.at, '"missing" is a status, or a list of them: 400 to 599.', "Write [404].")
        elif found and not can_be:
            hint = f"Write returns: {nullable(returns)}." if returns is not None else ""
            self.problems.add(written.at, f"{returns} cannot be missing.", hint)
        return frozenset(found)


def _hole(expression: Expression) -> str:
    return f"{{{{ {expression} }}}}" if isinstance(expression, Reference) else "…"
