"""What is used of dukpy's extension module beyond its documentation: a new version of it has to pass this."""

from __future__ import annotations

import gc
import subprocess
import sys
from pathlib import Path

import pytest

import tidegate.sandbox
from tidegate.sandbox.quickjs import Context, Extension, Thrown, Value, locate


@pytest.fixture(scope="module")
def extension() -> Extension:
    return Extension(locate())


class Room:
    """A context whose door keeps what it hears."""

    def __init__(self, extension: Extension, answer: bytes = b"null") -> None:
        self.heard: list[bytes] = []
        self._answer = answer
        self.context = Context(extension, self._hear)

    def _hear(self, text: bytes) -> bytes:
        self.heard.append(text)
        return self._answer

    def text(self, code: str) -> str:
        return self.context.text(self.context.evaluate(code, "a.js")).decode()


def test_extension_is_found_without_dukpy() -> None:
    assert Path(locate()).name.startswith("_dukpy.")


def test_text_goes_through_the_door_as_it_is(extension: Extension) -> None:
    room = Room(extension, '{"a":["é",null,1.5]}'.encode())
    assert room.text("JSON.stringify(call_python('?\"\\\\ é😀\\n'))") == '{"a":["é",null,1.5]}'
    assert room.heard == ['?"\\ é😀\n'.encode()]
    room.context.close()


def test_files_are_named_in_stacks(extension: Extension) -> None:
    room = Room(extension)
    assert room.text("\n  new Error('x').stack").strip() == "at <eval> (a.js:2:7)"
    room.context.close()


def test_errors_are_values(extension: Extension) -> None:
    room = Room(extension)
    with pytest.raises(Thrown) as caught:
        room.text("throw { a: 'é' }")
    assert room.context.text(room.context.get(caught.value.value, b"a")) == "é".encode()
    with pytest.raises(Thrown) as caught:
        room.context.check("a b", "b.js")
    assert b"b.js:1:" in room.context.text(room.context.get(caught.value.value, b"stack"))
    room.context.close()


def test_parsing_runs_nothing(extension: Extension) -> None:
    room = Room(extension)
    room.context.check("call_python('x'); globalThis.ran = 1", "a.js")
    assert room.heard == []
    assert room.text("typeof ran") == "undefined"
    room.context.close()


def test_bytecode_runs_in_other_contexts(extension: Extension) -> None:
    room, other = Room(extension), Room(extension)
    bytecode = room.context.compile(
        "(() => { const a = 1; return { add: (b) => a + b, text: String(() => a) }; })()", "k.js"
    )
    room.context.close()
    made = other.context.load(bytecode)
    three = other.context.call(other.context.get(made, b"add"), other.context.parse(b"2"))
    assert other.context.text(three) == b"3"
    assert b"one" not in other.context.text(other.context.get(made, b"text"))
    other.context.publish(b"made", made)
    assert other.text("made.add(2)") == "3"
    other.context.close()


def test_promises_run_when_told_to(extension: Extension) -> None:
    room = Room(extension)
    room.text("Promise.resolve().then(() => call_python('later')); 0")
    assert room.heard == []
    room.context.drain()
    assert room.heard == [b"later"]
    assert room.context.unhandled() is None
    room.text("Promise.reject('why'); 0")
    room.context.drain()
    reason = room.context.unhandled()
    assert reason is not None
    assert room.context.text(reason) == b"why"
    room.context.close()


def test_memory_is_limited(extension: Extension) -> None:
    room = Room(extension)
    room.context.limit_memory(4 * 1024 * 1024)
    with pytest.raises(Thrown) as caught:
        room.text("globalThis.kept = []; for (;;) kept.push(new Array(10000).fill(1))")
    room.context.limit_memory(8 * 1024 * 1024)
    # Where there is not even room for the error, null is thrown.
    assert room.context.text(caught.value.value) in (b"InternalError: out of memory", b"null")
    room.context.close()


def test_calls_from_within(extension: Extension) -> None:
    places: list[bytes] = []

    def hear(text: bytes) -> bytes:
        places.append(context.text(context.call_inside(where)))
        return b"null"

    context = Context(extension, hear)
    where = context.evaluate("() => new Error('').stack", "w.js")
    context.evaluate("function f() {\n  call_python('x');\n}\nf()", "a.js")
    assert b"at f (a.js:2:3)" in places[0]
    context.close()


def test_what_the_door_raises_is_an_error_there(extension: Extension) -> None:
    def hear(text: bytes) -> bytes:
        raise ValueError("inside")

    context = Context(extension, hear)
    told = context.evaluate("try { call_python('x'); } catch (e) { e.name }", "a.js")
    assert context.text(told) == b"InternalError"
    context.close()


def test_no_import_reaches_python(extension: Extension) -> None:
    room = Room(extension)
    room.text("import('os').catch((e) => call_python(String(e))); 0")
    room.context.drain()
    assert room.heard == [b"InternalError: Failed to normalize module 'os'"]
    room.context.close()


def test_values_are_two_words() -> None:
    assert Value(1, 2).payload == 1
    assert sys.maxsize > 2**32


def test_contexts_are_freed(extension: Extension) -> None:
    for _ in range(50):
        room = Room(extension)
        room.text("globalThis.a = new Array(10000).fill({}); a.push(() => a); 0")
        room.context.close()
        del room
    gc.collect()


CLEAN = """
import json
import sys
from types import ModuleType
for name, folders in {packages!r}.items():
    package = ModuleType(name)
    package.__path__ = folders
    sys.modules[name] = package
from tidegate.sandbox.javascript import JavaScript
engine = JavaScript({path!r})
engine.prepare({limits!r})
before = set(sys.modules)
for code in ("function run() {{ return uuid.v4() && _.range(3); }}", "const run = (a: Date) => moment.utc(0).year();"):
    loaded = engine.load(code, "a.ts")
    engine.fresh()
    code = json.loads(loaded)["code"]
    print(engine.run(code, "a.ts", b'{{"input":{{}}}}', lambda _: b"", print).decode())
assert set(sys.modules) == before, set(sys.modules) - before
print(sorted(name for name in sys.modules if name.split(".")[0] in ("dukpy", "asyncio", "orjson", "site")))
"""


def test_works_in_a_clean_process() -> None:
    limits = dict.fromkeys(("scriptCalls", "scriptEmits", "scriptLines", "scriptDepth"), 10)
    limits |= dict.fromkeys(("scriptMemory", "scriptLog", "scriptData"), 64 * 1024 * 1024)
    packages = {"tidegate": [], "tidegate.sandbox": list(tidegate.sandbox.__path__)}
    script = CLEAN.format(packages=packages, path=locate(), limits=limits)
    command = [sys.executable, "-I", "-S", "-c", script]
    done = subprocess.run(command, env={}, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.stdout.splitlines() == ['{"value":[0,1,2],"input":{}}', '{"value":1970,"input":{}}', "[]"]
