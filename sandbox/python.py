"""What both kinds of Python have in common: what of a program's text is wrong can be told before it runs, by Python's
own parser; what they see of the gateway, `kernel/host.python`; how they tell that they failed."""

from __future__ import annotations

import ast
import json
import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

MOST_TEXT: Final = 4096
MOST_FRAMES: Final = 50

_KERNEL: Final = os.path.join(os.path.dirname(__file__), "kernel", "host.python")  # noqa: PTH118, PTH120

_HINT: Final = "Write def run(input, context): ..., whose result is the answer."


class Mistake(Exception):
    """The program cannot be run. `sentence` and `hint` as in `core.problems.Problem`."""

    def __init__(self, sentence: str, hint: str = "", line: int = 1, column: int = 1) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.hint = hint
        self.line = line
        self.column = column


@dataclass(frozen=True, slots=True)
class Shape:
    """How `run` is called: whether its result is awaited, and with how many arguments."""

    awaited: bool
    arguments: int

    @property
    def call(self) -> str:
        given = ", ".join(('_given["input"]', '_given["context"]')[: self.arguments])
        return f"{'await ' if self.awaited else ''}run({given})"


def examine(code: str, modules: Collection[str]) -> Shape:
    """Of a program that can be parsed. `modules`: those that it can import. Raises `Mistake`."""
    tree = parse(code)
    for node in ast.walk(tree):
        for name in _imported(node):
            if name.partition(".")[0] not in modules:
                hint = f"There are: {', '.join(sorted(modules))}."
                raise _at(node, f"There is no module {name} for programs.", hint)
    found: Shape | None = None
    for statement in tree.body:
        match statement:
            case ast.FunctionDef(name="run") | ast.AsyncFunctionDef(name="run"):
                found = Shape(isinstance(statement, ast.AsyncFunctionDef), _arity(statement))
            case ast.Return():
                raise _at(statement, "This return stands outside of a function.", _HINT)
            case ast.Assign(targets=targets) if any(
                isinstance(each, ast.Name) and each.id == "run" for each in targets
            ):
                found = Shape(False, 2)
            case ast.ImportFrom() | ast.Import() if any(
                (each.asname or each.name) == "run" for each in statement.names
            ):
                found = Shape(False, 2)
    if found is None:
        raise Mistake("This program does not define run.", _HINT)
    return found


def parse(code: str) -> ast.Module:
    """Raises `Mistake`."""
    try:
        return ast.parse(code)
    except SyntaxError as error:
        said = error.msg.rstrip(".")
        raise Mistake(f"{said[:1].upper()}{said[1:]}.", "", error.lineno or 1, max(1, error.offset or 1)) from None
    except (ValueError, MemoryError, RecursionError) as error:
        raise Mistake("This file cannot be read as Python.", f"{error}") from None


def _arity(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """How many of the two it takes."""
    takes = function.args
    plain = [*takes.posonlyargs, *takes.args]
    without_default = len(plain) - len(takes.defaults)
    needed = [each for each, default in zip(takes.kwonlyargs, takes.kw_defaults, strict=True) if default is None]
    if without_default > 2 or needed:
        raise _at(function, "The function run is called with two arguments, the input and the context.", _HINT)
    return 2 if takes.vararg else min(2, len(plain))


def _imported(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Import(names=names):
            yield from (each.name for each in names)
        case ast.ImportFrom(module=str(module), level=0):
            yield module
        case ast.ImportFrom():
            raise _at(node, "A program is one file: it imports nothing of its neighbours.", "")


def _at(node: ast.AST, sentence: str, hint: str) -> Mistake:
    line, column = getattr(node, "lineno", 1), getattr(node, "col_offset", 0) + 1
    return Mistake(sentence, hint, line, column)


def read_kernel() -> str:
    with open(_KERNEL, encoding="utf-8") as kernel:  # noqa: PTH123 - pathlib is slow to import
        return kernel.read()


def problem(mistake: Mistake) -> bytes:
    """What `Engine.load` gives for it."""
    named = {"sentence": mistake.sentence, "hint": mistake.hint, "line": mistake.line, "column": mistake.column}
    return json.dumps({"problem": named}).encode()


def failure(fault: str, name: str, message: str, place: str, stack: str = "") -> bytes:
    """What `Engine.run` gives for it."""
    told = {"fault": fault, "name": name, "message": message, "status": None, "place": place, "stack": stack}
    return json.dumps({"failure": told}).encode()
