"""`join:`: what it becomes, and what is wrong with it before anybody calls it."""

from __future__ import annotations

from json import loads
from pathlib import Path
from textwrap import indent

import pytest
from jsonschema import Draft7Validator

from tests.schema.functions.world import TYPES, compiled, project
from tidegate.core.flow import Ask, Join
from tidegate.core.problems import Problems, ProjectError
from tidegate.core.reach import requests_of
from tidegate.diagram.drawing import draw
from tidegate.diagram.outline import Box
from tidegate.kinds import installed_kinds
from tidegate.schema.editor import write_schemas
from tidegate.schema.reading import read_yaml
from tidegate.schema.tree import as_json

JOINED = """
type Desk { id: ID! title: String! status: Status! owner: User team: [User!]! size: Int }
type Strict { id: ID! email: String! owner: User! }
type Odd { id: ID! comments: [Comment!]! owner: User }
"""
CALLED = """
ownerOf: { kind: query, minRole: customer, args: { email: String! }, returns: User, run: { use: users, get: { where: { email: $args.email } } } }
usersOf: { kind: query, minRole: customer, args: { emails: "[String!]!", team: String }, returns: "[User!]!", run: { use: users, list: { where: { email: { in: $args.emails }, team: $args.team } } } }
firstOf: { kind: query, minRole: customer, args: { emails: "[String!]!" }, returns: User, run: { use: users, get: { where: { email: { in: $args.emails } } } } }
counted: { kind: query, minRole: admin, args: { email: String! }, returns: Int!, run: { use: tickets, count: { where: { email: $args.email } } } }
written: { kind: mutation, minRole: customer, args: { email: String! }, returns: User, run: { use: db, sql: "update users set team = null where email = {{ args.email }} returning *" } }
"""  # noqa: E501
GOOD = """
owner: { call: ownerOf, with: { email: $row.email } }
team: { call: usersOf, with: { team: $args.team }, keys: { emails: $row.email }, match: { email: $row.email }, many: true }
"""  # noqa: E501


def operation(joins: str, *, returns: str = '"[Desk!]!"', kind: str = "query", run: str = "") -> str:
    head = f"f:\n  kind: {kind}\n  minRole: customer\n  args: {{ team: String }}\n  returns: {returns}\n"
    joined = joins if joins[0] == " " else indent(joins, "    ")
    return f"{head}  run: {run or '{ use: tickets, list: {} }'}\n  join:{joined}\n"


def read(desk: Path, text: str) -> list[str]:
    """What is wrong, with the line and the column within the join."""
    files = {"operations/f.yaml": text, "operations/joined.yaml": CALLED, "types.graphql": _types(desk)}
    try:
        compiled(desk, files)
    except ProjectError as error:
        return [f"{problem.at.line - 7}:{problem.at.column}: {problem.sentence}" for problem in error.problems]
    return []


def _types(desk: Path) -> str:
    text = (desk / "types.graphql").read_text()
    return text if JOINED in text else text + JOINED


def test_it_is_a_request_and_a_join(desk: Path) -> None:
    text = operation(GOOD)
    files = {"operations/f.yaml": text, "operations/joined.yaml": CALLED, "types.graphql": _types(desk)}
    catalog = compiled(desk, files)
    flow = catalog.operations["f"].plan.flow
    assert flow is not None
    ask, join = (step.work for step in flow.steps)
    assert isinstance(ask, Ask)
    assert isinstance(join, Join)
    assert (ask.request.asks, ask.request.gives, join.chosen) == ("list tickets", "Ticket", True)
    owner, team = join.fields
    assert (owner.field, owner.operation, owner.many, owner.keys) == ("owner", "ownerOf", False, None)
    assert (team.many, list(team.given.fields), team.required) == (True, ["team"], True)
    asked = [each.asks for each in requests_of(catalog.operations["f"], catalog.operations)]
    assert asked == ["list tickets", "get users", "list users"]
    (box,) = (part for part in draw(catalog.operations["f"]).chain if isinstance(part, Box) and "join" in part.title)
    assert box.notes[:2] == ("owner: call ownerOf for each different email", "team: call usersOf for all emails")
    write_schemas(desk, catalog, installed_kinds())
    schema = loads((desk / ".tidegate" / "operations.schema.json").read_text())
    tree = read_yaml(text, "f.yaml", Problems())
    assert tree is not None
    assert [error.message for error in Draft7Validator(schema).iter_errors(as_json(tree))] == []


MISTAKES = {
    " 7": ['0:9: "join" of the operation "f" is a mapping; a number is not.'],
    " {}": [
        '0:9: "owner" of Desk is neither joined nor a plain field of tickets.',
        '0:9: "team" of Desk is neither joined nor a plain field of tickets.',
        "0:9: Nothing is joined here.",
    ],
    f"\n{GOOD}owned: {{ call: ownerOf }}": ['4:5: "owned" is not a field of Desk.'],
    f"\n{GOOD}size: {{ call: counted, with: {{ email: $row.email }} }}": [
        '4:5: "size" is a field of tickets already.',
        '4:19: "counted" needs the role "admin", and "f" may be called by lower ones.',
    ],
    GOOD.replace("$row.email } }", "$row.mail } }"): ['1:49: "row" is a Ticket, which has no field "mail".'],
    GOOD.replace("$row.email } }", "$row.comments } }"): [
        '1:49: "comments" of Ticket is an object, and a step gives plain fields only.'
    ],
    GOOD.replace("email: $row.email } }", "mail: $row.email } }"): ['1:37: "ownerOf" has no argument "mail".'],
    GOOD.replace("$row.email } }", "$row.size } }"): [
        '1:44: "email" of ownerOf is a String; $row.size is an Int.',
    ],
    GOOD.replace("call: ownerOf", "call: ownersOf"): ['1:20: There is no operation "ownersOf".'],
    GOOD.replace("call: ownerOf", "call: written"): ['1:20: "f" is a query, and "written" is a mutation.'],
    GOOD.replace(", match: { email: $row.email }", ""): ['2:56: The join "team" has "keys" without "match".'],
    GOOD.replace(", many: true", ""): ['2:11: "team" of Desk is a list [User!]; what usersOf gives, a User, is not.'],
    GOOD.replace("match: { email", "match: { mail"): ['2:95: "usersOf" is a User!, which has no field "mail".'],
    GOOD.replace("keys: { emails: $row.email }", "keys: { emails: $row.size }"): [
        '2:72: "emails" of usersOf is a String; $row.size is an Int.'
    ],
    GOOD.replace("team: $args.team }", "team: $row.title }"): [
        "2:42: With keys, the query is asked once for all rows."
    ],
    GOOD.replace("keys: { emails", "keys: { team"): [
        '2:28: "usersOf" needs the argument "emails" ([String!]!).',
        '2:64: "team" of usersOf takes the list of all values, and is a String.',
    ],
    GOOD.replace("$row.email } }", "$row.email }, many: true }"): [
        '1:58: What "owner" gives for a row is as much as the query gives.'
    ],
    GOOD.replace("call: usersOf, with: { team: $args.team },", "call: firstOf,"): [
        '2:19: "firstOf" gives User, and items of a list are matched.'
    ],
}


@pytest.mark.parametrize("joins", MISTAKES)
def test_mistakes(desk: Path, joins: str) -> None:
    assert read(desk, operation(joins)) == MISTAKES[joins]


def test_what_is_joined_to(desk: Path) -> None:
    owner = " { owner: { call: ownerOf, with: { email: $row.email } } }"
    assert read(desk, operation(owner, returns='"[Odd!]!"')) == [
        '0:9: "comments" of Odd is neither joined nor a plain field of tickets.'
    ]
    assert read(desk, operation(owner, returns="Strict")) == [
        "0:9: The answer of f is a Strict; what run gives, a list [Ticket!], is not."
    ]
    assert read(desk, operation(owner, returns="Int!")) == [
        '0:9: "join" gives rows fields of their own; "f" returns Int!.'
    ]
    run = "{ use: db, sql: 'select id, email from tickets' }"
    assert read(desk, operation(owner, returns='"[Strict!]!"', run=run)) == []
    assert read(desk, operation(owner, returns='"[Strict!]!"', run=run).replace("row.email", "row.title")) == [
        '0:55: "row" is a Strict, which has no field "title".'
    ]
    mutation = operation(
        owner,
        kind="mutation",
        returns="Strict",
        run="{ use: tickets, update: { where: { id: 1 }, set: { title: x } } }",
    )
    assert read(desk, mutation)[-1] == '0:9: "f" is a mutation; what it gives is joined in a step.'
    steps = operation(owner).replace("run: { use: tickets, list: {} }", "steps: [{ use: tickets, list: {} }]")
    assert read(desk, steps) == ['0:3: "join" is for operations with run.']


def test_steps_that_join(tmp_path: Path) -> None:
    desk = project(tmp_path)
    assert TYPES in (desk / "types.graphql").read_text()
    head = "f:\n  kind: mutation\n  minRole: customer\n  args: { id: ID! }\n  returns: JSON\n  steps:\n"
    found = "    - { as: found, use: tickets, get: { where: { id: $args.id } } }\n"
    joins = {
        "{ join: $found, fields: { owner: { call: ownerOf, with: { email: $row.email } } } }": [],
        "{ join: $found, fields: { owner: { call: ownerOf, with: { email: $row.mail } } } }": [
            '1:77: "row" is a Ticket, which has no field "mail".'
        ],
        "{ join: $found }": ['1:7: The "join" step lacks "fields".'],
        "{ join: 7, fields: { owner: { call: ownerOf, with: { email: x } } } }": [
            '1:15: "join" goes through rows; a number is not.'
        ],
        "{ join: $found, fields: { owner: { call: written, with: { email: $row.email } } } }": [
            '1:48: "written" is a mutation; only queries are joined.'
        ],
    }
    assert {step: read(desk, f"{head}{found}    - {step}\n") for step in joins} == joins
