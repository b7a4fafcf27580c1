"""The body of `get:`, `post:` and so on, as written -> what is asked, with places for the values of a call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from tidegate.core.expressions import Expression, Items, Literal, Record, Reference, Text
from tidegate.core.fitting import sendable
from tidegate.core.integration import Declaration, Surroundings
from tidegate.core.json import Json
from tidegate.core.problems import Problems, did_you_mean
from tidegate.core.types import Named, NonNull, ObjectType, TypeRef, named, nullable
from tidegate.core.units import DURATION_PATTERN, parse_duration
from tidegate.resolvers.integrations.http.addresses import wrong_words
from tidegate.resolvers.integrations.http.answers import ENVELOPE, Reading
from tidegate.resolvers.integrations.http.bodies import FORMS
from tidegate.resolvers.integrations.http.numbers import with_numbers
from tidegate.resolvers.integrations.http.renaming import read_path, read_renaming
from tidegate.resolvers.integrations.upstream import is_header_name

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
    reader = _Reader(declaration, body, surroundings, problems)
    wish = reader.wish(poll)
    problems.raise_any()
    return wish


class _Reader:
    def __init__(self, declaration: Declaration, body: Record, surroundings: Surroundings, problems: Problems) -> None:
        self._declaration = declaration
        self._body = body
        self._types = surroundings.types
        self._problems = problems
        self._inputs: list[Expression] = []

    def wish(self, poll: float | None) -> Wish:
        verb, written = self._declaration.verb, self._body.fields
        for key, at in self._body.keys.items():
            if key not in KEYS:
                self._problems.add(at, f'"{key}" is not a key of "{verb}".', did_you_mean(key, KEYS))
        path = self._path()
        params = self._mapping("params")
        headers = self._headers()
        forms = [key for key in FORMS if key in written]
        for key in forms[0 if verb == "get" else 1 :]:
            sentence = f'"{key}" and "{forms[0]}" cannot both be sent.' if verb != "get" else f'"get" has no "{key}".'
            self._problems.add(self._body.keys[key], sentence, "" if verb != "get" else "Write params, or use post.")
        form = forms[0] if forms else "body"
        given = self._mapping("form") if form == "form" else self._place(form)
        if form == "body" and given is not None:
            known = partial(sendable, arguments=self._declaration.arguments, types=self._types)
            self._inputs[given] = with_numbers(self._inputs[given], known, self._types)
        reads = self._flag("reads", default=verb == "get")
        reading = self._reading()
        return Wish(
            operation=self._declaration.operation,
            verb=verb,
            path=path,
            inputs=tuple(self._inputs),
            params=params,
            headers=headers,
            form=form,
            body=given,
            reading=reading,
            missing=self._missing(reading),
            reads=reads,
            resource=self._text("resource"),
            poll=self._poll(poll, reads=reads),
        )

    def _path(self) -> tuple[str | int, ...]:
        written = self._body.fields.get("path")
        if written is None:
            self._problems.add(self._declaration.at, f'"{self._declaration.verb}" lacks its "path".', "Write path: /….")
            return ()
        parts: tuple[str | Reference, ...]
        match written:
            case Literal(value=str() as text):
                parts = (text,)
            case Text(parts=several):
                parts = several
            case _:
                hint = "Write path: /customers/{{ args.id }}."
                self._problems.add(written.at, "A path is a text: a value in it is a hole.", hint)
                return ()
        words = "".join(part if isinstance(part, str) else "x" for part in parts)
        wrong = wrong_words(words)
        if wrong == "params":
            self._problems.add(written.at, "A path has no ? and no #.", "What follows the ? is params.")
        elif wrong:
            self._problems.add(written.at, "A path has no empty segments, no .. and no backslashes.")
        return tuple(part if isinstance(part, str) else self._added(part) for part in parts)

    def _mapping(self, key: str) -> int | None:
        written = self._body.fields.get(key)
        if written is not None and not isinstance(written, Record | Reference):
            self._problems.add(written.at, f'"{key}" is a mapping of names to values.')
        return self._place(key)

    def _headers(self) -> int | None:
        written = self._body.fields.get("headers")
        if written is None:
            return None
        if not isinstance(written, Record):
            self._problems.add(written.at, '"headers" is a mapping: their names are yours.')
            return None
        for name, at in written.keys.items():
            if not is_header_name(name):
                self._problems.add(at, f'"{name}" cannot be a header of a request.')
        return self._place("headers")

    def _reading(self) -> Reading:
        returns = self._declaration.returns
        envelope = self._flag("envelope", default=self._encloses(returns))
        if envelope and returns is not None and not self._encloses(returns) and nullable(returns) != Named("JSON"):
            hint = "Its fields are response, statusCode and headers; or write returns: JSON."
            self._problems.add(self._body.keys["envelope"], f"{returns} is no envelope.", hint)
        data = self._body.fields.get("data")
        path = read_path(data, '"data"', self._problems) if data is not None else None
        reading = Reading(returns, self._types, path, envelope=envelope)
        fields = self._body.fields.get("fields")
        renaming = read_renaming(fields, reading.content, self._types, self._problems) if fields is not None else None
        return Reading(returns, self._types, path, renaming, envelope)

    def _encloses(self, type: TypeRef | None) -> bool:
        definition = self._types.get(named(type)) if type is not None else None
        return (
            isinstance(definition, ObjectType)
            and "statusCode" in definition.fields
            and definition.fields.keys() <= ENVELOPE
        )

    def _missing(self, reading: Reading) -> frozenset[int]:
        returns, written = self._declaration.returns, self._body.fields.get("missing")
        can_be = returns is None or not isinstance(returns, NonNull) or returns.of == Named("Boolean")
        can_be = can_be or reading.envelope
        if written is None:
            return frozenset({404}) if self._declaration.verb == "get" and can_be else frozenset()
        given = self._literal(written)
        statuses = given if isinstance(given, list) else [given]
        found = {status for status in statuses if type(status) is int and 400 <= status <= 599}
        if len(found) < len(statuses):
            self._problems.add(written.at, '"missing" is a status, or a list of them: 400 to 599.', "Write [404].")
        elif found and not can_be:
            hint = f"Write returns: {nullable(returns)}." if returns is not None else ""
            self._problems.add(written.at, f"{returns} cannot be missing.", hint)
        return frozenset(found)

    def _poll(self, usual: float | None, *, reads: bool) -> float | None:
        text, written = self._text("poll"), self._body.fields.get("poll")
        if written is None:
            return usual if reads else None
        seconds = parse_duration(text) if text is not None else None
        if text is not None and not seconds:
            self._problems.add(written.at, '"poll" is a duration with its unit.', "Write 30s, say.")
        if not reads:
            self._problems.add(self._body.keys["poll"], "What writes is not asked again.", "")
        return seconds

    def _flag(self, key: str, *, default: bool) -> bool:
        written = self._body.fields.get(key)
        value = self._literal(written) if written is not None else default
        if not isinstance(value, bool):
            self._problems.add(self._body.keys[key], f'"{key}" is true or false.')
            return default
        return value

    def _text(self, key: str) -> str | None:
        written = self._body.fields.get(key)
        value = self._literal(written) if written is not None else None
        if written is not None and (not isinstance(value, str) or not value):
            self._problems.add(written.at, f'"{key}" is a text of yours: the same in every call.')
        return value if isinstance(value, str) and value else None

    def _literal(self, written: Expression) -> Json:
        """None where it is another in each call."""
        if isinstance(written, Literal):
            return written.value
        if isinstance(written, Items):
            return [self._literal(item) for item in written.items]
        return None

    def _place(self, key: str) -> int | None:
        written = self._body.fields.get(key)
        return None if written is None else self._added(written)

    def _added(self, expression: Expression) -> int:
        self._inputs.append(expression)
        return len(self._inputs) - 1


def _hole(expression: Expression) -> str:
    return f"{{{{ {expression} }}}}" if isinstance(expression, Reference) else "…"
