"""JavaScript and TypeScript: implements `Engine` over QuickJS.

A context is a heap of its own with the kernel in it, the functions of `kernel/*.js`: what programs see of the gateway,
and what their answers and errors become. Kernel and libraries are compiled once, before workers are forked.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from tidegate.sandbox.libraries import LIBRARIES, SUCRASE, read_library
from tidegate.sandbox.quickjs import Context, Extension, Thrown, Value
from tidegate.sandbox.run import Run, refusal, shown_size, whole
from tidegate.sandbox.typescript import TYPED, Mistake, Sucrase, check

if TYPE_CHECKING:
    from tidegate.sandbox.engine import Ask, Log

_KERNEL: Final = os.path.join(os.path.dirname(__file__), "kernel")  # noqa: PTH118, PTH120 - as in libraries
_PARTS: Final = ("primordials", "hardening", "door", "random", "base64", "console", "host", "program")
_VERBS: Final = (b"begin", b"called", b"failed", b"finish", b"where")

_FUNCTIONS: Final = (
    '\n;[typeof backandCallback === "function" ? backandCallback : null, typeof run === "function" ? run : null]'
)
"""Added to a program: what it then comes to. `const` and arrows are seen, which are no properties of the global."""

_THROWS_NULL: Final = re.compile(r"\b(?:throw|reject)\b[^;]*\bnull\b")
"""Otherwise the engine did, which had no room left for an error."""

_FAILED: Final = b'{"failure":{"fault":'
"""How the kernel begins when it tells of a failure."""

_ENGINE_MEMORY: Final = 128 * 1024 * 1024
_SLACK: Final = 4 * 1024 * 1024
"""So that the kernel can tell what happened once a program has used up its memory."""

_NAMES: Final = re.compile(rf"(?<![\w$.])(?:{'|'.join(LIBRARIES)})(?![\w$])")


class JavaScript:
    """`path`: the extension module, as `quickjs.locate` found it."""

    calls = ()
    accompanied = False
    files = ()

    def __init__(self, path: str) -> None:
        self._path = path
        self._limits: Mapping[str, int] = {}
        self._kernel = b""
        self._texts: dict[str, str] = {}
        self._libraries: dict[str, bytes] = {}
        self._sources = ("", "")
        self._context: Context | None = None
        self._verbs: dict[bytes, Value] = {}
        self._sucrase: Sucrase | None = None
        self._run: Run | None = None

    def prepare(self, limits: Mapping[str, int]) -> None:
        self._limits = limits
        self._memory = min(limits["scriptMemory"], _ENGINE_MEMORY)
        self._extension = Extension(self._path)
        compiler = Context(self._extension, self._answer)
        self._kernel = compiler.compile(_kernel(shown_size(self._memory)), "kernel")
        # They are compiled where they are first needed: a zygote whose workers have them does so before it forks.
        self._texts = {name: read_library(source) for name, source in LIBRARIES.items()}
        self._sources = (read_library(SUCRASE), _part("source"))
        compiler.close()

    def enter(self, layers: Sequence[str], files: Sequence[int]) -> None:
        pass

    def fresh(self, libraries: bool = False) -> None:
        if self._context is not None:
            self._context.close()
        self._run = None
        context = self._context = Context(self._extension, self._answer)
        kernel = context.load(self._kernel)
        self._verbs = {verb: context.get(kernel, verb) for verb in _VERBS}
        if libraries:
            for name in LIBRARIES:
                self._provide(context, name)
        context.limit_memory(self._memory)

    def load(self, code: str, file: str) -> bytes:
        context = Context(self._extension, self._answer)
        try:
            script = self._read(context, code, file)
        except Mistake as mistake:
            named = {"sentence": mistake.sentence, "hint": mistake.hint}
            return _encoded({"problem": {**named, "line": mistake.line, "column": mistake.column}})
        finally:
            context.close()
        return _encoded({"code": script, "libraries": _NAMES.search(script) is not None})

    def run(self, code: str, file: str, invocation: bytes, ask: Ask, log: Log) -> bytes:
        context = self._context
        if context is None or self._run is not None:
            raise RuntimeError("each run needs a context of its own")
        run = self._run = Run(self._limits, code, file, ask, log)
        try:
            result = self._perform(context, code, file, invocation)
        except Thrown as thrown:
            # The kernel itself had no room left, in memory or on the stack.
            result = self._exhausted(context, thrown)
        if run.raised is not None:
            raise run.raised
        if len(result) > self._limits["scriptData"]:
            return _failure("limit", f"The answer has more than {shown_size(self._limits['scriptData'])}.")
        if result.startswith(_FAILED):
            failure = json.loads(result)["failure"]
            if failure["message"] == "null" and not failure["stack"] and not _THROWS_NULL.search(code):
                failure |= {"fault": "limit", "message": self._too_much()}
            for name in ("place", "stack"):
                failure[name] = run.unmarked(failure[name])
            return _encoded({"failure": failure})
        return whole(result)

    def _read(self, context: Context, code: str, file: str) -> str:
        if self._sucrase is None:
            self._sucrase = Sucrase(Context(self._extension, self._answer), *self._sources)
        script = self._sucrase.strip(code, file) if file.endswith(TYPED) else code
        try:
            check(context, script, file)
        except Mistake as mistake:
            raise self._nearer(self._sucrase, mistake, script, file) from mistake
        marked = self._sucrase.mark(script)
        try:
            check(context, marked, file)
        except Mistake:
            return script
        return marked

    def _nearer(self, sucrase: Sucrase, mistake: Mistake, code: str, file: str) -> Mistake:
        """Where sucrase sees it, if it sees it."""
        try:
            sucrase.strip(code, file)
        except Mistake as nearer:
            vague = nearer.sentence == "Unexpected token."
            sentence = mistake.sentence if vague else nearer.sentence
            return Mistake(sentence, mistake.hint or nearer.hint, nearer.line, nearer.column)
        return mistake

    def _perform(self, context: Context, code: str, file: str, invocation: bytes) -> bytes:
        verbs = self._verbs
        context.call(verbs[b"begin"], context.parse(b'{"file":%s,"invocation":%s}' % (_encoded(file), invocation)))
        try:
            functions = context.evaluate(code + _FUNCTIONS, file)
        except Thrown as thrown:
            context.call(verbs[b"failed"], thrown.value)
        else:
            context.call(verbs[b"called"], functions)
        try:
            context.drain()
            unhandled = context.unhandled()
        except Thrown as thrown:
            unhandled = thrown.value
        context.limit_memory(self._memory + _SLACK)
        if unhandled is not None:
            context.call(verbs[b"failed"], unhandled)
        return context.text(context.call(verbs[b"finish"]))

    def place(self) -> str:
        context = self._context
        if context is None or self._run is None:
            return ""
        try:
            place = context.text(context.call_inside(self._verbs[b"where"])).decode("utf-8", "replace")
            return self._run.unmarked(place)
        except Thrown:
            return ""

    def _answer(self, text: bytes) -> bytes:
        """What the kernel's `door` reaches: see kernel/door.js. Raises nothing, since the engine would tell scripts."""
        kind, rest = text[:1], text[1:]
        try:
            if kind == b"!":
                return b'{"value":"%s"}' % os.urandom(int(rest)).hex().encode()
            if kind == b"+" and self._context is not None:
                self._provide(self._context, rest.decode())
                return b'{"value":null}'
            if self._run is not None:
                return self._run.answer(kind, rest)
        except Thrown:
            return refusal("There is no room left for a library.", limit=True)
        except BaseException as error:  # noqa: BLE001 - raised again where the run ends
            if self._run is not None:
                self._run.raised = error
        return refusal("The run was stopped.", limit=True)

    def _exhausted(self, context: Context, thrown: Thrown) -> bytes:
        """The kernel failed: it does so only where there is no room left, in memory or on the stack."""
        try:
            text = context.text(thrown.value)
        except Thrown:
            return _failure("limit", self._too_much())
        if text == b"null" or b"out of memory" in text or b"call stack" in text:
            return _failure("limit", self._too_much())
        return _failure("broken", "The program left nothing that could be an answer.")

    def _too_much(self) -> str:
        return f"More than {shown_size(self._memory)} of memory used by one run."

    def _provide(self, context: Context, name: str) -> None:
        compiled = self._libraries.get(name)
        if compiled is None:
            compiler = Context(self._extension, self._answer)
            try:
                compiled = self._libraries[name] = compiler.compile(self._texts[name], LIBRARIES[name])
            finally:
                compiler.close()
        context.publish(name.encode(), context.load(compiled))


def _kernel(memory: str) -> str:
    parts = ["(() => {\n'use strict';\n", f"const MOST_MEMORY = {json.dumps(memory)};\n"]
    return "".join([*parts, *map(_part, _PARTS), "})()"])


def _part(name: str) -> str:
    with open(os.path.join(_KERNEL, f"{name}.js"), encoding="utf-8") as part:  # noqa: PTH118, PTH123 - as above
        return part.read()


def _failure(fault: str, message: str) -> bytes:
    told = {"fault": fault, "name": "Error", "message": message, "status": None, "place": "", "stack": ""}
    return _encoded({"failure": told})


def _encoded(value: Any) -> bytes:  # Any: what JSON can say
    return json.dumps(value).encode()
