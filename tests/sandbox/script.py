"""The engine in this process, with nothing around it: for what JavaScript means here. No limit of time holds."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cache
from typing import Any

from tidegate.core.limits import Limits
from tidegate.sandbox.javascript import JavaScript
from tidegate.sandbox.quickjs import locate

FILE = "actions/tidy.js"

Answer = Any
"""What the gateway answers: a value, or `Refusal`."""


@dataclass
class Refusal:
    message: str
    name: str = "Error"
    status: int | None = None


@dataclass
class Failure:
    fault: str
    name: str
    message: str
    status: int | None
    place: str
    stack: str


@dataclass
class Done:
    """One run, and what it asked for and wrote on its way."""

    value: Any = None
    input: Any = None
    failure: Failure | None = None
    asked: list[tuple[str, list[Any]]] = field(default_factory=list)
    lines: list[tuple[str, str]] = field(default_factory=list)

    def failed(self) -> Failure:
        assert self.failure is not None, (self.value, self.input)
        return self.failure


@cache
def engine(**limits: int) -> JavaScript:
    """One for each set of limits: they are compiled into the kernel."""
    defaults = Limits()
    made = JavaScript(locate())
    made.prepare({f.name: getattr(defaults, f.name) for f in fields(defaults) if f.name.startswith("script")} | limits)
    return made


def run(
    code: str,
    given: Mapping[str, Any] | None = None,
    answers: Sequence[Answer] | Mapping[str, Answer] = (),
    file: str = FILE,
    limits: Mapping[str, int] | None = None,
    **invocation: Any,
) -> Done:
    """`answers`: in the order of the questions, or by what is asked; null for others. The code is loaded first, unless
    that finds a problem: then it runs as it is."""
    javascript = engine(**(limits or {}))
    code = json.loads(javascript.load(code, file)).get("code", code)
    javascript.fresh()
    done = Done()

    def ask(request: bytes) -> bytes:
        asked = json.loads(request)
        done.asked.append((asked["what"], asked["arguments"]))
        if isinstance(answers, Mapping):
            answer = answers.get(asked["what"])
        else:
            answer = answers[len(done.asked) - 1] if len(done.asked) <= len(answers) else None
        if isinstance(answer, Refusal):
            named = {"name": answer.name, "message": answer.message, "status": answer.status}
            return json.dumps({"error": named}).encode()
        return json.dumps({"value": answer}).encode()

    called = {"input": given or {}, "row": None, "parameters": {}, "profile": {}, "context": {}}
    called["settings"] = {"Config": {"threshold": 3}, "CONSTS": {"apiUrl": "https://gate.example"}}
    result = javascript.run(
        code,
        file,
        json.dumps(called | invocation).encode(),
        ask,
        lambda level, text: done.lines.append((level, text)),
    )
    told = json.loads(result)
    if "failure" in told:
        done.failure = Failure(**told["failure"])
    else:
        done.value, done.input = told["value"], told["input"]
    return done


def value(expression: str, **invocation: Any) -> Any:
    """What the expression comes to."""
    done = run(f"function run(input, context) {{ return ({expression}); }}", **invocation)
    assert done.failure is None, done.failure
    return done.value


def load(code: str, file: str = FILE) -> Any:
    return json.loads(engine().load(code, file))
