"""What an author may write in any request to another server, and what not: headers, how often it is asked, flags."""

from __future__ import annotations

from collections.abc import Collection

from tidegate.core.expressions import Expression, Items, Literal, Record
from tidegate.core.integration import Declaration, Surroundings
from tidegate.core.json import Json
from tidegate.core.problems import Problem, Problems, ProjectError, did_you_mean
from tidegate.core.units import parse_duration
from tidegate.resolvers.integrations.upstream.exchange import is_header_name


def refuse_object(declaration: Declaration, integration: str) -> None:
    """Raises `ProjectError` where an object is asked, which would have to be kept on another server."""
    if declaration.target is not None:
        sentence = f'"{integration}" has no tables: an object cannot be kept there.'
        raise ProjectError([Problem(declaration.target.at, sentence, f"Ask it itself: use: {integration}.")])


class WrittenRequest:
    """One of them. What is wrong is added to `problems`; what has another value in each call to `inputs`, where a place
    stands for it."""

    def __init__(self, declaration: Declaration, body: Record, surroundings: Surroundings, problems: Problems) -> None:
        self.declaration = declaration
        self.body = body
        self.types = surroundings.types
        self.problems = problems
        self.inputs: list[Expression] = []

    def refuse_unknown(self, known: Collection[str]) -> None:
        for key, at in self.body.keys.items():
            if key not in known:
                self.problems.add(at, f'"{key}" is not a key of "{self.declaration.verb}".', did_you_mean(key, known))

    def headers(self) -> int | None:
        written = self.body.fields.get("headers")
        if written is None:
            return None
        if not isinstance(written, Record):
            self.problems.add(written.at, '"headers" is a mapping: their names are yours.')
            return None
        for name, at in written.keys.items():
            if not is_header_name(name):
                self.problems.add(at, f'"{name}" cannot be a header of a request.')
        return self.add(written)

    def poll(self, usual: float | None, *, reads: bool) -> float | None:
        """Seconds. `usual`: of the integration's settings."""
        text, written = self.text("poll"), self.body.fields.get("poll")
        if written is None:
            return usual if reads else None
        seconds = parse_duration(text) if text is not None else None
        if text is not None and not seconds:
            self.problems.add(written.at, '"poll" is a duration with its unit.', "Write 30s, say.")
        if not reads:
            self.problems.add(self.body.keys["poll"], "What writes is not asked again.", "")
        return seconds

    def flag(self, key: str, *, default: bool = False) -> bool:
        written = self.body.fields.get(key)
        value = self.literal(written) if written is not None else default
        if not isinstance(value, bool):
            self.problems.add(self.body.keys[key], f'"{key}" is true or false.')
            return default
        return value

    def text(self, key: str) -> str | None:
        written = self.body.fields.get(key)
        value = self.literal(written) if written is not None else None
        if written is not None and (not isinstance(value, str) or not value.strip()):
            self.problems.add(written.at, f'"{key}" is a text of yours: the same in every call.')
            return None
        return value if isinstance(value, str) else None

    def literal(self, written: Expression) -> Json:
        """None where it is another in each call."""
        if isinstance(written, Literal):
            return written.value
        if isinstance(written, Items):
            return [self.literal(item) for item in written.items]
        return None

    def place(self, key: str) -> int | None:
        written = self.body.fields.get(key)
        return None if written is None else self.add(written)

    def add(self, expression: Expression) -> int:
        """Its place among the inputs."""
        self.inputs.append(expression)
        return len(self.inputs) - 1
