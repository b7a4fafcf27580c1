"""Where an error was, and what is told of it."""

from __future__ import annotations

import json

import pytest

from tests.sandbox.script import FILE, Refusal, engine, run

PLACES = {
    "in a declaration": ("function run() {\n  let b = 1;\n  const a = {},\n    c = a.b.c;\n}", "3:3"),
    "in a condition": ("function run() {\n  const a = {};\n  if (a.b.c) return 1;\n}", "3:6"),
    "in an alternative": ("function run(a) {\n  if (a.b) return 1;\n  else if (a.b.c) return 2;\n}", "3:11"),
    "in a loop": ("function run(a) {\n  const b = 1;\n  while (a.b.c) a = 1;\n}", "3:9"),
    "in a return after a return": ("function run(a) {\n  if (!a) return 1;\n\n  return a.b.c;\n}", "4:10"),
    "in the list of a loop": ("function run(a) {\n  const b = 1;\n  for (const c of a.b.c) b;\n}", "3:3"),
    "in a switch": ("function run(a) {\n  switch (a.b.c) { case 1: return 1; }\n}", "2:10"),
    "in an assignment": ("function run(a) {\n  let b = 1;\n  b = a.b.c;\n}", "3:3"),
    "in the second statement of a line": ("function run(a) {\n  const b = 1; const c = a.b.c;\n}", "2:16"),
    "thrown": ("function run() {\n  throw new Error('x');\n}", "2:13"),
    "in a callback": ("function run() {\n  return [1].map((n) => {\n    return n.a.b;\n  });\n}", "3:12"),
    "in a function of its own": (
        "function helper(a) {\n  return a.b.c;\n}\nfunction run() {\n  return helper({});\n}",
        "2:10",
    ),
    "by the gateway": ("function run() {\n\n  const a = gateway.call('x');\n  return a;\n}", "3:21"),
    "by $http": ("function run() {\n\n\n  $http.get('https://a.example');\n}", "4:9"),
    "in a library": ("function run() {\n  return _.map([1], (n) => n());\n}", "2:28"),
    "while it is defined": ("const a = null;\nconst b = a.b;\nfunction run() {}", "2:1"),
    "after await": ("async function run() {\n  await 1;\n  await Promise.reject(new Error('x'));\n}", "3:28"),
    "in a class": ("class A {\n  get b() {\n    throw new Error('x');\n  }\n}\nconst run = () => new A().b;", "3:15"),
    "no error": ("// a comment\nfunction run() {\n  throw 'text';\n}", "2:1"),
}


@pytest.mark.parametrize("name", PLACES)
def test_place(name: str) -> None:
    code, place = PLACES[name]
    failure = run(code, answers=[Refusal("x")]).failed()
    assert failure.place == f"{FILE}:{place}"


def test_stack_names_the_file_alone() -> None:
    code = "function inner() {\n  $http.get('x:');\n}\nfunction run() {\n  inner();\n}"
    assert run(code, answers=[Refusal("x")], file="functions/a b (1).ts").failed().stack.splitlines() == [
        "    at inner (functions/a b (1).ts:2:9)",
        "    at run (functions/a b (1).ts:5:3)",
    ]


def test_what_is_told() -> None:
    defined = "class Refused extends Error { name = 'Refused'; status = 422; }\n"
    failure = run(defined + "function run() { throw new Refused('Too late.'); }").failed()
    assert (failure.fault, failure.name, failure.message, failure.status) == ("thrown", "Refused", "Too late.", 422)


@pytest.mark.parametrize("name", ["setTimeout", "setInterval", "require", "process", "fetch", "Buffer", "Intl"])
def test_what_is_missing_is_explained(name: str) -> None:
    failure = run(f"function run() {{ return {name}(1); }}").failed()
    assert failure.name == "ReferenceError"
    assert failure.message.startswith(f"{name} is not defined. ")
    assert run(f"function run() {{ return typeof {name}; }}").value == "undefined"


LIMITS = {
    "scriptCalls": ("security.compare('a', 'b')", "More than 2 requests to the gateway by one run."),
    "scriptEmits": ("socket.emitAll('a', 1)", "More than 2 events emitted by one run."),
    "scriptLines": ("console.log('a')", "More than 2 lines written to console by one run."),
    "scriptLog": ("console.log('é')", "More than 2 bytes written to console by one run."),
}


@pytest.mark.parametrize("limit", LIMITS)
def test_limit(limit: str) -> None:
    line, message = LIMITS[limit]
    code = f"function run(input) {{\n  for (let n = 0; n < input.n; n += 1) {{\n    {line};\n  }}\n  return 1;\n}}"
    enough = 1 if limit == "scriptLog" else 2
    assert run(code, {"n": enough}, limits={limit: 2}).value == 1
    failure = run(code, {"n": enough + 1}, limits={limit: 2}).failed()
    assert (failure.fault, failure.message) == ("limit", message)
    assert failure.place.startswith(f"{FILE}:3:")


def test_limit_cannot_be_caught() -> None:
    code = "function run() { for (let n = 0; n < 9; n += 1) try { console.log(n); } catch {} return 'fine'; }"
    done = run(code, limits={"scriptLines": 2})
    assert done.failed().fault == "limit"
    assert [text for _, text in done.lines] == ["0", "1"]


def test_memory_is_what_the_limit_says() -> None:
    code = "function run(input) {\n  return new Uint8Array(input.size).length;\n}"
    assert run(code, {"size": 1024 * 1024}, limits={"scriptMemory": 8 * 1024 * 1024}).value == 1024 * 1024
    failure = run(code, {"size": 9 * 1024 * 1024}, limits={"scriptMemory": 8 * 1024 * 1024}).failed()
    assert (failure.fault, failure.place) == ("limit", f"{FILE}:2:14")
    assert failure.message == "More than 8 MiB of memory used by one run."


@pytest.mark.parametrize("thrown", ["new Error(word)", "new Error('null')", "word", "null"])
def test_null_is_not_taken_for_a_lack_of_memory(thrown: str) -> None:
    failure = run(f"const word = 'null ';\nfunction run() {{ throw {thrown}; }}").failed()
    assert (failure.fault, failure.message.strip()) == ("thrown", "null")


def test_small_pieces_use_up_memory_too() -> None:
    code = "function run() {\n  let held = () => 0;\n  for (;;) { const before = held; held = () => before; }\n}"
    failure = run(code, limits={"scriptMemory": 8 * 1024 * 1024}).failed()
    assert (failure.fault, failure.message) == ("limit", "More than 8 MiB of memory used by one run.")
    assert failure.place.startswith(f"{FILE}:")


def test_size_of_the_answer() -> None:
    code = "function run() { return 'x'.repeat(200); }"
    failure = run(code, limits={"scriptData": 100}).failed()
    assert (failure.fault, failure.message) == ("limit", "The answer has more than 100 bytes.")


def test_what_the_door_raises_ends_the_run() -> None:
    class Gone(Exception):
        pass

    def ask(request: bytes) -> bytes:
        questions.append(request)
        raise Gone

    questions: list[bytes] = []
    javascript = engine()
    javascript.fresh()
    code = "function run() { for (let n = 0; n < 3; n += 1) try { gateway.call('x'); } catch {} return 1; }"
    with pytest.raises(Gone):
        javascript.run(code, FILE, b'{"input":{}}', ask, lambda *_: None)
    assert len(questions) == 1


def test_place_of_what_runs() -> None:
    def ask(request: bytes) -> bytes:
        places.append(javascript.place())
        return b'{"value":null}'

    places: list[str] = []
    javascript = engine()
    javascript.fresh()
    assert javascript.place() == ""
    code = "async function run() {\n  gateway.call('x');\n  await null;\n  gateway.call('x');\n}"
    result = json.loads(javascript.run(code, FILE, b'{"input":{}}', ask, lambda *_: None))
    assert "failure" not in result
    assert places == [f"{FILE}:2:11", f"{FILE}:4:11"]


def test_one_run_for_each_context() -> None:
    run("function run() {}")
    with pytest.raises(RuntimeError):
        engine().run("function run() {}", FILE, b'{"input":{}}', lambda _: b"", lambda *_: None)
