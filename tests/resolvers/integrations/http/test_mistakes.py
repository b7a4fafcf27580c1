"""What is wrong with a request is found before anybody asks, and where."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml
from click.testing import CliRunner

from tests.resolvers.integrations.http.world import KEY, TOKEN, write_shop
from tidegate.cli import main
from tidegate.core.problems import ProjectError
from tidegate.kinds import installed_kinds
from tidegate.schema.compile import compile_project
from tidegate.schema.editor import project_schemas

ENVIRON = {"CRM_URL": "http://127.0.0.1:1", "CRM_TOKEN": TOKEN, "CRM_KEY": KEY}
HEAD = "x: { kind: mutation, minRole: anonymous, args: { id: ID, m: JSON }, returns: Customer,\n  run: { use: crm, "


@pytest.mark.parametrize(
    ("request_", "problems"),
    [
        ("fetch: /x", ['2:20: "fetch" is not something that can be asked of the integration "crm".']),
        ("get: 5", ['2:25: "get" is a mapping.']),
        ("get: { pth: /x }", ['2:20: "get" lacks its "path".', '2:27: "pth" is not a key of "get". Did you mean']),
        ("get: { path: $args.id }", ["2:33: A path is a text: a value in it is a hole."]),
        ("get: '/x?y=1'", ["2:25: A path has no ? and no #."]),
        ("get: /a/../b", ["2:25: A path has no empty segments"]),
        ("get: '/a//{{ args.id }}'", ["2:25: A path has no empty segments"]),
        ("get: '/a/{{ args.nope }}'", ['2:37: There is no argument "nope".']),
        ("get: { path: /x, body: 1 }", ['2:37: "get" has no "body".']),
        ("post: { path: /x, body: 1, form: {} }", ['2:47: "form" and "body" cannot both be sent.']),
        ("post: { path: /x, form: 1 }", ['2:44: "form" is a mapping of names to values.']),
        ("post: { path: /x, headers: $args.m }", ['2:47: "headers" is a mapping: their names are yours.']),
        ("post: { path: /x, headers: { Host: y } }", ['2:49: "Host" cannot be a header of a request.']),
        ("post: { path: /x, params: 7 }", ['2:46: "params" is a mapping of names to values.']),
        ("post: { path: /x, data: items }", ['2:44: "data" is a path into the answer.']),
        ("post: { path: /x, data: '$.a[' }", ['2:44: "data" is a path into the answer.']),
        ("post: { path: /x, fields: { nme: $.x } }", ['2:48: Customer has no field "nme". Did you mean "name"?']),
        ("post: { path: /x, fields: { name: x } }", ['2:54: "name" is a path into the answer.']),
        ("post: { path: /x, fields: { address: { form: $.x } } }", ['2:59: "form" is not a key of a field.']),
        ("post: { path: /x, fields: { level: { fields: { a: $.x } } } }", ["2:65: Level has no fields."]),
        ("post: { path: /x, missing: 200 }", ['2:47: "missing" is a status, or a list of them: 400 to 599.']),
        ("post: { path: /x, envelope: true }", ["2:38: Customer is no envelope."]),
        ("post: { path: /x, poll: 5s }", ["2:38: What writes is not asked again."]),
        ("post: { path: /x, reads: true, poll: 5 }", ['2:57: "poll" is a text of yours']),
        ("post: { path: /x, reads: true, poll: 0s }", ['2:57: "poll" is a duration with its unit.']),
        ("post: { path: /x, resource: $args.id }", ['2:48: "resource" is a text of yours: the same in every call.']),
        ("post: { path: /x, reads: maybe }", ['2:38: "reads" is true or false.']),
    ],
)
def test_requests(tmp_path: Path, request_: str, problems: list[str]) -> None:
    reads = "q: { kind: query, minRole: anonymous, returns: JSON, run: { use: crm, get: /q } }\n"
    write_shop(tmp_path, HEAD + request_ + " } }\n" + reads)
    with pytest.raises(ProjectError) as caught:
        compile_project(tmp_path, installed_kinds(), ENVIRON)
    found = [str(problem).removeprefix("operations/all.yaml:") for problem in caught.value.problems]
    assert len(found) == len(problems), found
    for text, wanted in zip(found, problems, strict=True):
        assert text.startswith(wanted), found


@pytest.mark.parametrize(
    ("operation", "sentence"),
    [
        ("returns: JSON, run: { use: crm, post: /x }", '"x" is a query, but this writes.'),
        ("returns: JSON, run: { use: crm, delete: /x }", '"x" is a query, but "delete" writes.'),
        ("returns: Customer!, run: { use: crm, get: { path: /x, missing: [404] } }", "Customer! cannot be missing."),
        ("returns: JSON, steps: [{ use: crm, put: /x }]", '"x" is a query, but this writes.'),
        ("returns: Note, run: { use: notes, get: { where: { text: $.x } } }", '"$.x" is not a reference.'),
    ],
)
def test_queries(tmp_path: Path, operation: str, sentence: str) -> None:
    write_shop(tmp_path, f"x: {{ kind: query, minRole: anonymous, {operation} }}\n")
    with pytest.raises(ProjectError) as caught:
        compile_project(tmp_path, installed_kinds(), ENVIRON)
    assert [problem.sentence for problem in caught.value.problems] == [sentence]


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ("baseUrl: ftp://x", '"baseUrl" of the integration "other" is not the address of a server.'),
        ("baseUrl: 'http://x/?a=b'", '"baseUrl" of the integration "other" is not the address of a server.'),
        ("baseUrl: 'http://ada:pw@x/'", '"baseUrl" of the integration "other" holds a password.'),
        ("baseUrl: http://x, poll: 0s", '"poll" of the integration "other" is a duration longer than nothing.'),
        ("baseUrl: http://x, pool: 5", '"pool" is not a setting of the integration "other".'),
        ("baseUrl: http://x, timeout: 5", '"timeout" of the integration "other" is a text or a mapping; 5 is not.'),
    ],
)
def test_settings(tmp_path: Path, setting: str, sentence: str) -> None:
    operations = "x: { kind: query, minRole: anonymous, returns: JSON, run: { use: crm, get: /x } }\n"
    write_shop(tmp_path, operations, f"  other: {{ kind: http, {setting} }}\n")
    with pytest.raises(ProjectError) as caught:
        compile_project(tmp_path, installed_kinds(), ENVIRON)
    assert [problem.sentence for problem in caught.value.problems] == [sentence]


def test_an_object_has_no_place_there(tmp_path: Path) -> None:
    operations = "x: { kind: query, minRole: anonymous, returns: Note, run: { use: people, get: { path: /x } } }\n"
    people = "people: { integration: crm, key: id, type: Note, access: { read: { anonymous: all } } }\n"
    write_shop(tmp_path, operations, files={"objects/people.yaml": people})
    with pytest.raises(ProjectError) as caught:
        compile_project(tmp_path, installed_kinds(), ENVIRON)
    assert str(caught.value).startswith('objects/people.yaml:1:1: "crm" has no tables')


def test_editors_and_plans(tmp_path: Path) -> None:
    operations = """
x: { kind: query, minRole: anonymous, args: { id: ID! }, returns: JSON, run: { use: crm,
  get: { path: "/x/{{ args.id }}", params: { a: 1 }, headers: { X-Secret: hunter4 }, data: $.items, poll: 5s } } }
y: { kind: mutation, minRole: anonymous, returns: JSON, run: { use: crm, post: { path: /y, body: { a: hunter4 } } } }
z: { kind: query, minRole: anonymous, returns: JSON, steps: [ { use: crm, get: /z }, { use: notes, count: {} } ] }
n: { kind: query, minRole: anonymous, args: { id: Int! }, returns: Note,
  run: { use: notes, get: { where: { id: $args.id } } } }
"""
    write_shop(tmp_path, operations)
    catalog = compile_project(tmp_path, installed_kinds(), ENVIRON)
    schema = project_schemas(catalog, installed_kinds())["operations.schema.json"]
    validator = jsonschema.Draft7Validator(json.loads(json.dumps(schema)))
    written = yaml.safe_load(operations)
    assert list(validator.iter_errors(written)) == []
    for wrong in ({"path": "/x", "body": 1}, {"pth": "/x"}, {"path": "/x", "data": "items"}):
        assert list(validator.iter_errors({"x": {**written["x"], "run": {"use": "crm", "get": wrong}}})) != []
    wrong_verb = {**written["x"], "run": {"use": "crm", "list": {}}}
    assert list(validator.iter_errors({"x": wrong_verb})) != []
    plans = {
        name: step.prepared.compile(None, 0).describe()
        for name in ("x", "y")
        for step in catalog.operations[name].plan.run
    }
    assert plans == {
        "x": "GET /x/{{ args.id }}\nparams: a\nheaders: X-Secret\ndata: $.items",
        "y": "POST /y\nbody: application/json",
    }


def test_what_a_write_concerns_is_explained(tmp_path: Path) -> None:
    operations = """
stock: { kind: query, minRole: anonymous, returns: JSON, run: { use: crm, get: { path: /stock, resource: stock } } }
price: { kind: query, minRole: anonymous, returns: JSON, run: { use: crm, get: { path: /price, resource: price } } }
any: { kind: query, minRole: anonymous, returns: JSON, run: { use: crm, get: /any } }
set: { kind: mutation, minRole: anonymous, returns: JSON, run: { use: crm, put: { path: /stock, resource: stock } } }
"""
    write_shop(tmp_path, operations)
    told = CliRunner().invoke(main, ["explain", str(tmp_path), "set"], env={"CRM_URL": None})
    assert (told.exit_code, "may refresh stock, any\n" in told.stdout) == (0, True), told.output
    assert "writes stock" in told.stdout
