"""What JavaScript a program is: the language of 2023, whole, and how its function is found and called."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.script import Refusal, run, value

EXPRESSIONS: dict[str, tuple[str, Any]] = {
    "let, const and blocks": ("(() => { let a = 1; { let a = 2; } const b = a; return b; })()", 1),
    "arrows and defaults": ("((a, b = a * 2, ...rest) => [a, b, rest])(1, undefined, 3, 4)", [1, 2, [3, 4]]),
    "templates": ("`${1 + 1}${String.raw`\\n`}`", "2\\n"),
    "destructuring": (
        "(({ a, b: [c, , d = 4], ...rest }) => [a, c, d, rest])({ a: 1, b: [2], e: 5 })",
        [1, 2, 4, {"e": 5}],
    ),
    "spread": ("({ ...{ a: 1 }, b: [...'xy', ...new Set([1, 1])] })", {"a": 1, "b": ["x", "y", 1]}),
    "optional chaining": ("[null?.a, ({ a: null }).a?.b.c.d, (() => 1)?.(), undefined ?? 2]", [None, None, 1, 2]),
    "logical assignment": ("((a, b, c) => { a ??= 1; b ||= 2; c &&= 3; return [a, b, c]; })(null, 0, 9)", [1, 2, 3]),
    "exponents and separators": ("[2 ** 10, 1_000, 0b11, 0o17]", [1024, 1000, 3, 15]),
    "generators": ("[...(function* () { const got = yield 1; yield* [2, 3]; })()]", [1, 2, 3]),
    "classes": (
        """(() => {
             class A {
               #x = 1; static #n = 2; static { A.m = A.#n; }
               get x() { return this.#x; }
               static has(a) { return #x in a; }
             }
             class B extends A { y = super.x + 1; }
             return [new B().y, A.m, A.has(new B())];
           })()""",
        [2, 2, True],
    ),
    "symbols": ("[Symbol.for('a') === Symbol.for('a'), Symbol('x').description]", [True, "x"]),
    "maps and sets": ("[[...new Map([[1, 2]])], new Set([1, 2]).union(new Set([3])).size]", [[[1, 2]], 3]),
    "weak maps": ("(() => { const k = {}; return new WeakMap([[k, 1]]).get(k); })()", 1),
    "proxies": ("new Proxy({}, { get: (_, name) => name.length }).abc", 3),
    "reflect": ("Reflect.ownKeys({ a: 1, [Symbol.iterator]: 2 }).length", 2),
    "big integers": ("String(2n ** 64n)", "18446744073709551616"),
    "typed arrays": (
        "[...Uint8Array.from([1, 2, 300])].concat(new DataView(new ArrayBuffer(2)).getInt8(0))",
        [1, 2, 44, 0],
    ),
    "expressions": ("'2026-11-21'.match(/(?<y>\\d{4})-(?<m>\\d\\d)/).groups.y + 'aé'.match(/\\p{L}+/u)[0]", "2026aé"),
    "lookbehind and dotAll": ("['$5'.match(/(?<=\\$)\\d/)[0], /a.b/s.test('a\\nb')]", ["5", True]),
    "replaceAll and matchAll": ("['a-a'.replaceAll('a', 'b'), [...'ab'.matchAll(/./g)].length]", ["b-b", 2]),
    "at, flat, flatMap": ("[[1, 2].at(-1), [[1], [[2]]].flat(2), [1].flatMap((x) => [x, x])]", [2, [1, 2], [1, 1]]),
    "copies of arrays": (
        "(() => { const a = [3, 1, 2]; return [a.toSorted(), a.toReversed(), a.with(0, 9), a.toSpliced(0, 1), a]; })()",
        [[1, 2, 3], [2, 1, 3], [9, 1, 2], [1, 2], [3, 1, 2]],
    ),
    "findLast and groupBy": (
        "[[1, 2, 3].findLast((n) => n < 3), Object.groupBy([1, 2, 3], (n) => (n % 2 ? 'odd' : 'even'))]",
        [2, {"odd": [1, 3], "even": [2]}],
    ),
    "object functions": (
        "[Object.entries({ a: 1 }), Object.fromEntries([['b', 2]]), Object.hasOwn({ c: 3 }, 'c')]",
        [[["a", 1]], {"b": 2}, True],
    ),
    "error causes": ("new Error('a', { cause: 'b' }).cause", "b"),
    "string functions": ("['5'.padStart(2, '0'), ' x '.trim(), '\\ud800'.isWellFormed()]", ["05", "x", False]),
    "sloppy functions": ("(function () { return typeof this; })()", "object"),
    "json and dates": (
        "[new Date(0).toISOString(), new Date(Date.UTC(2026, 0, 31)).getMonth()]",
        ["1970-01-01T00:00:00.000Z", 0],
    ),
    "the zone is UTC": ("new Date(2026, 6, 1).toISOString()", "2026-07-01T00:00:00.000Z"),
}


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_expression(name: str) -> None:
    expression, expected = EXPRESSIONS[name]
    assert value(expression) == expected


BACKAND = {
    "declared": """function backandCallback(userInput, dbRow, parameters, userProfile) {
\tuserInput.n += 1;
\treturn [userInput, dbRow, parameters, userProfile];
}""",
    "arrow": "const backandCallback = (a, b, c, d) => { a.n += 1; return [a, b, c, d]; };",
    "async": "var backandCallback = async function (a, b, c, d) { await null; a.n += 1; return [a, b, c, d]; }",
    "as its editor began": """'use strict';
/* globals
  $http - Service for AJAX calls
  CONSTS - CONSTS.apiUrl for Backands API URL
*/
function backandCallback(userInput, dbRow, parameters, userProfile) {
  userInput.n = userInput.n + 1
  return [userInput, dbRow, parameters, userProfile]
}
function run() { throw 1; }""",
}


@pytest.mark.parametrize("code", BACKAND.values(), ids=BACKAND)
def test_backand_callback(code: str) -> None:
    done = run(code, {"n": 1}, row={"id": 7}, parameters={"p": True}, profile={"username": "ann@desk.example"})
    assert done.value == [{"n": 2}, {"id": 7}, {"p": True}, {"username": "ann@desk.example"}]
    assert done.input == {"n": 2}


def test_row_is_null_where_there_is_none() -> None:
    assert run("function backandCallback(userInput, dbRow) { return [dbRow]; }").value == [None]


@pytest.mark.parametrize(
    "code",
    [
        "function run(input, context) { return [input, context]; }",
        "const run = async (input, context) => [input, await context];",
        "let run = (...given) => Promise.resolve(given);",
        "globalThis.run = function (input, context) { return [input, context]; }",
    ],
)
def test_run(code: str) -> None:
    assert run(code, {"a": 1}, context={"user": "ann"}).value == [{"a": 1}, {"user": "ann"}]


def test_no_answer_is_null() -> None:
    done = run("function run(input) { input.tidied = true; delete input.a; }", {"a": 1})
    assert (done.value, done.input) == (None, {"tidied": True})


def test_neither_function() -> None:
    failure = run("function runs() {}").failed()
    assert failure.message == "actions/tidy.js defines neither backandCallback nor run"


def test_awaited_questions_in_order() -> None:
    done = run(
        """async function run() {
             const [a, b] = await Promise.all([1, 2].map(async (n) => (await gateway.call("op", { n })) + 1));
             return [a, b];
           }""",
        answers=[10, 20],
    )
    assert done.value == [11, 21]
    assert done.asked == [("call", ["op", {"n": 1}]), ("call", ["op", {"n": 2}])]


def test_rejection_is_thrown() -> None:
    failure = run("const run = async () => {\n  await null;\n  throw new TypeError('late');\n};").failed()
    assert (failure.fault, failure.name, failure.message) == ("thrown", "TypeError", "late")
    assert failure.place == "actions/tidy.js:3:13"


def test_refusal_can_be_caught() -> None:
    told = "[e instanceof Error, e.name, e.message, e.status]"
    code = f"function run() {{ try {{ gateway.call('x'); }} catch (e) {{ return {told}; }} }}"
    done = run(code, answers=[Refusal("Not for you.", "FORBIDDEN", 403)])
    assert done.value == [True, "FORBIDDEN", "Not for you.", 403]


def test_runs_share_nothing() -> None:
    first = run(
        "var kept = 1; function run() { globalThis.more = 2; Object.prototype.most = 3; return Math.random(); }"
    )
    second = run("function run() { return [typeof kept, typeof more, {}.most ?? null, Math.random()]; }")
    assert second.value[:3] == ["undefined", "undefined", None]
    assert second.value[3] != first.value
