"""The libraries that programs find: which builds they are, and that they work here."""

from __future__ import annotations

import json
import re
from hashlib import sha256
from importlib.resources import files
from typing import Any

import pytest

from tests.sandbox.script import engine, run, value
from tidegate.sandbox.libraries import LIBRARIES, SUCRASE

FOLDER = files("tidegate.sandbox.libraries")
VERSIONS: dict[str, dict[str, str]] = json.loads((FOLDER / "versions.json").read_text())

WORKS: dict[str, tuple[str, Any]] = {
    "lodash": (
        "[_.chunk([1, 2, 3], 2), _.VERSION, _.template('Hi <%= name %>')({ name: 'Ann' }), _.sortBy([2, 1])]",
        [[[1, 2], [3]], VERSIONS["lodash"]["version"], "Hi Ann", [1, 2]],
    ),
    "lodash deep": (
        "_.merge({ a: { b: 1 } }, _.cloneDeep({ a: { c: new Date(0) } }), _.pick({ d: 1, e: 2 }, 'd'))",
        {"a": {"b": 1, "c": "1970-01-01T00:00:00.000Z"}, "d": 1},
    ),
    "dayjs": (
        "[dayjs('2026-01-31').add(1, 'month').format('YYYY-MM-DD'), dayjs(0).toISOString(), dayjs('x').isValid()]",
        ["2026-02-28", "1970-01-01T00:00:00.000Z", False],
    ),
    "moment": (
        "[moment(0).format('dddd, D MMMM YYYY'), moment.duration(90, 'minutes').humanize(), moment.version]",
        ["Thursday, 1 January 1970", "2 hours", VERSIONS["moment"]["version"]],
    ),
    "numbro": (
        "[numbro(1234567.891).format('0,0.00'), numbro(0.5).format({ output: 'percent' }), numbro.version]",
        ["1,234,567.89", "50%", VERSIONS["numbro"]["version"]],
    ),
    "papaparse": (
        "[Papa.parse('a,b\\n1,\"x,y\"', { header: true }).data, Papa.unparse([{ a: 1, b: 'x\"' }])]",
        [[{"a": "1", "b": "x,y"}], 'a,b\r\n1,"x"""'],
    ),
    "uuid": (
        "[uuid.validate(uuid.v4()), uuid.version(uuid.v1()), uuid.v5('a', uuid.v5.DNS), uuid.NIL]",
        [True, 1, "4f3f2898-69e3-5a0d-820a-c4e87987dbce", "00000000-0000-0000-0000-000000000000"],
    ),
}


@pytest.mark.parametrize("name", WORKS)
def test_works(name: str) -> None:
    expression, expected = WORKS[name]
    assert value(expression) == expected


@pytest.mark.parametrize("name", sorted({*LIBRARIES.values(), SUCRASE}))
def test_script_is_the_one_that_was_taken(name: str) -> None:
    script = (FOLDER / name).read_bytes()
    assert sha256(script).hexdigest() == VERSIONS[name.removesuffix(".js")]["sha256"]
    assert b"sourceMappingURL" not in script


def test_every_script_is_listed_with_its_licence() -> None:
    assert {f"{name}.js" for name in VERSIONS} == {*LIBRARIES.values(), SUCRASE}
    licences = (FOLDER / "LICENSES.txt").read_text()
    for name, entry in VERSIONS.items():
        assert re.search(rf"^{name} {re.escape(entry['version'])} \(LICENSE", licences, re.MULTILINE)


def test_each_run_has_its_own() -> None:
    code = (
        "function run() { const seen = [_.mine ?? null, dayjs.locale()]; _.mine = 1; dayjs.locale('x'); return seen; }"
    )
    assert run(code).value == [None, "en"]
    assert run(code).value == [None, "en"]


def test_identifiers_are_never_the_same() -> None:
    code = (
        "function run() { return [uuid.v4(), uuid.v4(), uuid.v1(), _.random(1e15), _.shuffle(_.range(100)).join()]; }"
    )
    first, second = run(code).value, run(code).value
    assert len({*first, *second}) == 10


def test_loaded_ahead_or_at_first_use_they_are_the_same() -> None:
    javascript = engine()
    code = "function run() { return [typeof _.map, Object.keys(globalThis), typeof moment.utc]; }"
    told = []
    for ahead in (True, False):
        javascript.fresh(ahead)
        told.append(json.loads(javascript.run(code, "a.js", b'{"input":{}}', lambda _: b"", lambda *_: None))["value"])
    assert told[0] == told[1] == ["function", ["performance", "run"], "function"]
