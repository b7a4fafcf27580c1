"""What is found in a program's text before it runs, and what becomes of TypeScript."""

from __future__ import annotations

import pytest

from tests.sandbox.script import Refusal, load, run
from tidegate.sandbox.libraries import LIBRARIES, read_library

TYPES = """\
import type { Ticket } from "./types";

type Id = number | string;
interface Input { id: Id; notes?: string[] }
enum Level { Low = 1, High }
enum Word { A = "a" }
declare const somewhere: string;

abstract class Store<T extends { id: Id }> {
  protected constructor(private readonly items: T[], public name?: string) {}
  abstract find(id: Id): T | undefined;
  get size(): number { return this.items.length; }
}

class Tickets extends Store<Ticket & { id: Id }> {
  static of(...ids: Id[]): Tickets { return new Tickets(ids.map((id) => ({ id }) as Ticket & { id: Id })); }
  find(this: Tickets, id: Id) { return (this as any).items.find((t: { id: Id }): t is Ticket => t.id === id)!; }
}

function isText(value: unknown): value is string;
function isText(value: unknown): boolean { return typeof value === "string"; }

const first = <T,>(list: readonly T[], ...rest: T[]): T => list[0] ?? rest[0];

async function run(input: Input, context?: Record<string, unknown>) {
  const level = Level[Level.High] satisfies string;
  const found = Tickets.of(1, 2).find(<Id>input.id);
  let later!: number;
  later = first<number>([1, 2]);
  return [level, Word.A, found, later, isText(input.notes?.[0]), Tickets.of(1).size];
}
"""


def test_types_are_gone() -> None:
    assert run(TYPES, {"id": 2, "notes": ["x"]}, file="actions/tidy.ts").value == ["High", "a", {"id": 2}, 1, True, 1]


@pytest.mark.parametrize("ending", ["ts", "mts", "cts"])
def test_lines_stay(ending: str) -> None:
    code = """interface A {
  b: string;
}
function run(a: A): never {
  const x: number = 1;
  throw new Error('x');
}"""
    assert run(code, file=f"actions/tidy.{ending}").failed().place == f"actions/tidy.{ending}:6:13"


def test_types_are_for_typescript_alone() -> None:
    assert "problem" in load("function run(a: number) {}", "actions/tidy.js")


def test_what_runs_is_kept_but_for_marks() -> None:
    code = "// A comment.\nfunction run(input) {\n  if (input) return 1;\n}\n"
    assert load(code) == {
        "code": "// A comment.\nfunction run(input) {\n  if (0|0,input) return 0|0,1;\n}\n",
        "libraries": False,
    }


MARKED = """\
"use strict"
const list = [3, 1, 2]
let text = `${list.map((n) => { return n })}`
var regex = /if (x) return 1; const a = 2/
const object = { if: 1, return: 2, const: 3, let: 4, var() { return this.if }, while(a) { return a }, switch: (a) => a }
class Words { if(a) { return a } static return() { return 1 } get const() { return 2 } }
function nothing() {
  return
  1
}
function endless() { return; }
async function later() { return await 1 }
function* some() { return yield 1 }
const name = (() => { const anonymous = function () {}; return anonymous.name })()
function run(input) {
  for (const a of list) if (a > 2) var found = a; else var other = a
  for (let i = 0, n = list.length; i < n; i++) switch (i) { case 0: const one = 1; default: let two = i }
  do var turns = (turns ?? 0) + 1; while (turns < 3)
  while (turns --> 0) if (!turns) break
  label: for (;;) { if (true) break label }
  let a = 1, b = 2
  const comma = () => { return a, b }
  if (a) { } else if (b) { } else { }
  const { if: renamed, ...rest } = object
  return [found, other, turns, comma(), renamed, object.var(), object.while(5), new Words().if(6), Words.return(),
    new Words().const, nothing() ?? null, endless() ?? null, name, text, regex.source.length, some().next().value,
    this === undefined, object.if, Object.keys(rest)]
}
"""


def test_marks_mean_nothing() -> None:
    marked = load(MARKED)["code"]
    assert marked.count("0|0,") + marked.count("0x0;") == 30
    assert marked.replace("0x0;", "").replace("0|0,", "") == MARKED
    expected = [3, 2, 0, 2, 1, 1, 5, 6, 1, 2, None, None, "anonymous", "3,1,2", 28, 1, True, 1]
    assert run(MARKED).value[:18] == expected


DENSE = """function f(a){if(a)return"text";if(!a)return{a:[1]};return!1}function g(){return/x/.test("x")}
function h(a){for(var b in a)return[b];return-1}function run(){return[f(1),f(0),g(),h({k:1}),h({}),typeof f(2)]}"""


def test_marks_keep_words_apart() -> None:
    assert run(DENSE).value == ["text", {"a": [1]}, True, ["k"], -1, "string"]
    assert run("function run(a){\nreturn a.b.c}").failed().place == "actions/tidy.js:2:8"
    assert run("const a={};const run=()=>{\nif(a)return{b:a.c.d}}").failed().place == "actions/tidy.js:2:6"


@pytest.mark.parametrize("name", LIBRARIES)
def test_marks_mean_nothing_in_what_others_wrote(name: str) -> None:
    source = f"const marked = {read_library(LIBRARIES[name])};\n"
    expressions = {
        "_": "_.template('Hi <%= n %>')({ n: _.chunk(_.range(9), 2) })",
        "Papa": "Papa.parse('a,b\\n1,\"2\"', { header: true }).data",
        "dayjs": "dayjs(0).add(1, 'month').format()",
        "moment": "[moment(0).format('LLLL'), moment.duration(90, 'minutes').humanize()]",
        "numbro": "numbro(1234.5).format('0,0.00')",
        "uuid": "uuid.v5('a', uuid.v5.DNS)",
    }
    code = f"{source}function run() {{ return [{expressions[name]}, (({name}) => {expressions[name]})(marked)]; }}"
    assert load(code)["code"] != code
    there, marked = run(code).value
    assert there == marked


def test_text_that_looks_marked_is_left_alone() -> None:
    code = "function run(a) { return 0|0, '0|0,0x0;'.length; }"
    assert load(code)["code"] == code


EXPORT = "A program exports nothing: write function run(input, context) without export."
IMPORT = "A program is one file: _ (lodash), dayjs, moment, uuid, numbro and Papa are there without import."
AWAIT = "await stands in async functions only: async function run(input, context)."
RETURN = "return stands in functions only: function run(input, context) { return ...; }"
PROBLEMS = {
    "two operators": (
        "a.js",
        "function run() {\n  const a = = 1;\n}",
        "Unexpected token in expression: '='.",
        "",
        2,
        13,
    ),
    "unclosed": ("a.js", "function run() {\n", "The text ends in the middle of something.", "", 2, 1),
    "unclosed text": ("a.js", "run;\nconst a = 'b", "Unterminated string constant.", "", 2, 11),
    "unclosed template": ("a.js", "run;\nconst a = `b", "Unterminated template.", "", 2, 12),
    "twice": ("a.js", "run;\nlet a;\nlet a;", "Invalid redefinition of lexical identifier.", "", 3, 1),
    "export": ("a.js", "export function run() {}", "Unsupported keyword: export.", EXPORT, 1, 1),
    "default export": ("a.ts", "\nexport default (a: number) => run;", "Unsupported keyword: export.", EXPORT, 2, 1),
    "import": ("a.js", "import a from 'b';\nrun;", "Unexpected identifier 'a'.", IMPORT, 1, 1),
    "import names": ("a.ts", "import { a } from 'b';\nrun(a);", "Unexpected token '{'.", IMPORT, 1, 1),
    "await": ("a.js", "function run() {\n  await x;\n}", "Expecting ';'.", AWAIT, 2, 9),
    "return": ("a.js", "run;\nreturn 1;", "Return not in a function.", RETURN, 2, 1),
    "strict": ("a.js", "'use strict';\nrun;\nwith (a) {}", "Invalid keyword: with.", "", 3, 1),
    "type": ("a.ts", "function run() {\n  const a: = 1;\n}", "Unexpected token.", "", 2, 12),
    "no function": (
        "a.js",
        "function tidy() {}",
        "This program defines neither backandCallback nor run.",
        "Write function run(input, context), or backandCallback(userInput, dbRow, parameters, userProfile).",
        1,
        1,
    ),
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_problem(name: str) -> None:
    file, code, sentence, hint, line, column = PROBLEMS[name]
    assert load(code, file) == {"problem": {"sentence": sentence, "hint": hint, "line": line, "column": column}}


def test_libraries_are_noticed() -> None:
    for text in ("_.map([1], f)", "moment()", "new Date(dayjs())", "uuid.v4()", "numbro(1)", "Papa.parse('')"):
        assert load(f"function run() {{ return {text}; }}")["libraries"] is True
    for text in ("a._", "my_moment", "$_", "Papas"):
        assert load(f"function run() {{ return {text}; }}")["libraries"] is False


def test_nothing_runs() -> None:
    assert load("for (;;) {}\nfunction run() {}")["code"].startswith("0x0;for (;;)")


def test_hostile_texts() -> None:
    assert "problem" in load("[" * 100_000 + " run", "a.ts")
    assert "problem" in load("run(" + "<" * 5_000, "a.ts")
    assert "problem" in load("run\ud800 = = 1")
    assert "code" in load("function run() { return '\0'; }")
    assert "code" in load("/* run */" + "".join(f"let v{n};" for n in range(5000)))


def test_a_problem_leaves_nothing_behind() -> None:
    load("globalThis.broken = 1; = run")
    assert run("function run() { return typeof broken; }", answers=[Refusal("x")]).value == "undefined"
