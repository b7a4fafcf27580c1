"""A program's text as its author wrote it, to JavaScript that runs, or what is wrong with it.

Types are stripped by sucrase, which keeps every line where it was. What is left the engine itself parses: it has the
last word on what is JavaScript, and no part of the program runs. Where a mistake is sucrase knows better, for which the
engine's columns are those of the statement before.
"""

from __future__ import annotations

import re
from typing import Final

from tidegate.sandbox.quickjs import Context, Thrown, Value

TYPED: Final = (".ts", ".mts", ".cts")

_DEFINES: Final = re.compile(r"\b(?:backandCallback|run)\b")
_FIRST_WORD: Final = re.compile(r"\s*([a-z]+)")

_ADVICE: Final = {
    "export": "A program exports nothing: write function run(input, context) without export.",
    "import": "A program is one file: _ (lodash), dayjs, moment, uuid, numbro and Papa are there without import.",
    "await": "await stands in async functions only: async function run(input, context).",
    "return": "return stands in functions only: function run(input, context) { return ...; }",
}


class Mistake(Exception):
    """The program cannot be run. `sentence` and `hint` as in `core.problems.Problem`."""

    def __init__(self, sentence: str, hint: str = "", line: int = 1, column: int = 1) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.hint = hint
        self.line = line
        self.column = column


class Sucrase:
    """In a context of its own. `library` and `source` are texts: sucrase, and kernel/source.js."""

    def __init__(self, context: Context, library: str, source: str) -> None:
        self._context = context
        works = context.call(context.evaluate(source, "kernel"), context.evaluate(library, "sucrase"))
        self._strip = context.get(works, b"strip")
        self._mark = context.get(works, b"mark")

    def strip(self, code: str, file: str) -> str:
        """JavaScript, line by line where it was. Raises `Mistake`."""
        context = self._context
        typed = context.boolean(file.endswith(TYPED))
        try:
            stripped = context.call(self._strip, context.string(code), context.string(file), typed)
        except Thrown as thrown:
            # As in: Error transforming actions/tidy.ts: Unexpected token (3:5)
            message = _property(context, thrown.value, b"message").removeprefix(f"Error transforming {file}: ")
            found = re.fullmatch(r"(?s)(.*?) ?\((\d+):(\d+)\)", message)
            line, column = (int(found[2]), int(found[3])) if found else (1, 1)
            sentence, hint = _explain(found[1] if found else message, code, line)
            raise Mistake(sentence, hint, line, column) from thrown
        return context.text(stripped).decode("utf-8", "replace")

    def mark(self, code: str) -> str:
        """With marks, by which the engine knows the place of each statement; as it is where it cannot be read."""
        try:
            marked = self._context.call(self._mark, self._context.string(code))
        except Thrown:
            return code
        return self._context.text(marked).decode("utf-8", "replace")


def check(context: Context, code: str, file: str) -> None:
    """Parses. Raises `Mistake`."""
    try:
        context.check(code, file)
    except Thrown as thrown:
        found = re.search(re.escape(file) + r":(\d+):(\d+)", _property(context, thrown.value, b"stack"))
        line, column = (int(found[1]), int(found[2])) if found else (1, 1)
        sentence, hint = _explain(_property(context, thrown.value, b"message"), code, line)
        raise Mistake(sentence, hint, line, column) from thrown
    if not _DEFINES.search(code):
        raise Mistake(
            "This program defines neither backandCallback nor run.",
            "Write function run(input, context), or backandCallback(userInput, dbRow, parameters, userProfile).",
        )


def _explain(message: str, code: str, line: int) -> tuple[str, str]:
    """A sentence and a hint, by the words of the message and the line it is about."""
    lines = code.split("\n")
    text = lines[line - 1] if 0 < line <= len(lines) else ""
    first = _FIRST_WORD.match(text)
    said = [first[1]] if first and first[1] in ("import", "export") else re.findall(r"[a-z]+", message.lower())
    if re.search(r"\bawait\b", text):
        said.append("await")
    hint = next((_ADVICE[word] for word in said if word in _ADVICE), "")
    if message.endswith("''"):
        message = "the text ends in the middle of something"
    message = message.strip().rstrip(".") or "this cannot be parsed"
    return f"{message[0].upper()}{message[1:]}.", hint


def _property(context: Context, owner: Value, name: bytes) -> str:
    try:
        return context.text(context.get(owner, name)).decode("utf-8", "replace")
    except Thrown:
        return ""
