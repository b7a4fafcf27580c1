"""A correct project becomes the catalog that its files say."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tidegate.core.catalog import Cors, Jwt
from tidegate.core.expressions import Literal, Record, Reference, Text
from tidegate.core.filters import EVERY_ROW, Comparison, Operator, Order, Related
from tidegate.core.json import MISSING
from tidegate.core.limits import Limits
from tidegate.core.objects import Access, Rule
from tidegate.core.operation import Kind
from tidegate.core.problems import ProjectError
from tidegate.core.types import EnumType, InputType, ListOf, Named, NonNull, ObjectType

if TYPE_CHECKING:
    from tests.schema.compiling.conftest import Compile, Paper

SECRET = "0123456789abcdef0123456789abcdef"


def test_settings(compiled: Compile, project: Path) -> None:
    catalog = compiled({})
    assert catalog.name == "desk"
    assert catalog.folder == project.resolve()
    assert catalog.roles == ("anonymous", "customer", "support", "admin")
    assert catalog.auth.jwt == Jwt(("HS256",), secret=SECRET)
    assert catalog.auth.current_user == {
        "id": ("sub",),
        "email": ("email",),
        "role": ("role",),
        "team": ("org", "team"),
    }
    assert catalog.auth.default_role == "anonymous"
    assert catalog.auth.properties == "me"
    assert catalog.config == {"escalateAfterHours": 24, "words": {"greeting": "Hello"}}
    assert catalog.limits == Limits()
    assert catalog.cors == Cors()


def test_every_setting(compiled: Compile) -> None:
    catalog = compiled(
        {
            "tidegate.yaml": """
name: Service Desk
roles: [anonymous, customer, support, admin]
auth:
  jwt:
    algorithms: [RS256, EdDSA]
    jwks: https://id.example.com/jwks.json
    issuer: https://id.example.com/
    audience: desk
    leeway: 30s
  currentUser: { id: sub, role: ["https://desk.example/role"], email: email, team: org.team }
  defaultRole: customer
integrations:
  db: { kind: sqlite, file: "${DATA}/desk.db", poolSize: "${POOL}", options: { a: "$${DATA}" }, schemas: [x] }
limits: { body: 2MiB, timeout: 500ms, depth: 7, subscriptions: 8, connections: 9, initTimeout: 1s, idleReader: 1m }
cors: { origins: ["https://app.example.com", "http://localhost:5173"], credentials: true, maxAge: 1h }
"""
        },
        {"DATA": "/data", "POOL": "7"},
    )
    assert catalog.auth.jwt == Jwt(
        algorithms=("RS256", "EdDSA"),
        jwks="https://id.example.com/jwks.json",
        issuer="https://id.example.com/",
        audience="desk",
        leeway=30.0,
    )
    assert catalog.auth.current_user["role"] == ("https://desk.example/role",)
    assert catalog.auth.default_role == "customer"
    assert catalog.limits == Limits(
        body=2 * 1024 * 1024,
        timeout=0.5,
        depth=7,
        subscriptions=8,
        connections=9,
        initTimeout=1.0,
        idleReader=60.0,
    )
    assert catalog.cors == Cors(("https://app.example.com", "http://localhost:5173"), credentials=True, max_age=3600)
    paper: Paper = catalog.integrations["db"]  # type: ignore[assignment]
    assert paper.settings == {"file": "/data/desk.db", "poolSize": 7, "options": {"a": "${DATA}"}, "schemas": ["x"]}
    assert catalog.operations["me"].timeout == 0.5


def test_without_auth_everybody_is_anonymous(compiled: Compile) -> None:
    text = "name: x\nroles: [anonymous]\nintegrations: { db: { kind: sqlite, file: x.db } }\n"
    more = "hours:\n  kind: query\n  minRole: anonymous\n  returns: Int!\n  run: { use: db, sql: select 1 }\n"
    gone = {
        "objects/tickets.yaml": None,
        "objects/others.yaml": None,
        "operations/me.yaml": None,
        "types.graphql": None,
    }
    catalog = compiled({"tidegate.yaml": text, "operations/more.yaml": more, "types.graphql": "# none\n", **gone})
    assert catalog.auth.jwt is None
    assert catalog.auth.current_user == {}
    assert catalog.operations["hours"].rank == 0
    assert not catalog.types


def test_checking_needs_no_environment(compiled: Compile) -> None:
    assert compiled({}, None).auth.jwt == Jwt(("HS256",), secret="${JWT_SECRET}")


def test_a_public_key_can_be_a_file(compiled: Compile, project: Path) -> None:
    text = (project / "tidegate.yaml").read_text()
    text = text.replace('[HS256], secret: "${JWT_SECRET}"', "[ES256], publicKey: keys/public.pem")
    key = "-----BEGIN PUBLIC KEY-----\nMFk=\n-----END PUBLIC KEY-----\n"
    assert compiled({"tidegate.yaml": text, "keys/public.pem": key}).auth.jwt == Jwt(("ES256",), public_key=key)
    with pytest.raises(ProjectError, match="This is a private key"):
        compiled({"keys/public.pem": key.replace("PUBLIC", "PRIVATE")})


def test_objects(compiled: Compile) -> None:
    objects = compiled({}).objects
    tickets, comments = objects["tickets"], objects["comments"]
    assert (tickets.integration, tickets.table, tickets.key, tickets.type) == ("db", "tickets", ("id",), "Ticket")
    assert {name: column.column for name, column in tickets.columns.items()} == {
        "id": "id",
        "title": "title",
        "status": "status",
        "size": "size",
        "email": "email",
        "note": "note",
        "createdAt": "created_at",
    }
    assert tickets.columns["note"].rank == 2
    assert tickets.columns["createdAt"].type == NonNull(Named("DateTime"))
    relation = tickets.relations["comments"]
    assert (relation.target, relation.many, relation.on, relation.limit) == (
        "comments",
        True,
        (("ticketId", "id"),),
        50,
    )
    assert relation.order == (Order("id", True, relation.order[0].at),)
    assert (comments.table, comments.columns["text"].column) == ("comments", "body")
    assert not comments.relations["ticket"].many


def test_access_rules(compiled: Compile) -> None:
    objects = compiled({}).objects
    access = objects["tickets"].access
    low, high = access[Access.READ]
    assert isinstance(low.filter, Comparison)
    assert (low.rank, low.filter.field, low.filter.operator, low.filter.optional) == (1, "email", Operator.EQ, False)
    assert isinstance(low.filter.value, Reference)
    assert str(low.filter.value) == "currentUser.email"
    assert high == Rule(2, EVERY_ROW)
    assert access[Access.DELETE] == (Rule(3, EVERY_ROW),)
    assert isinstance(objects["comments"].access[Access.READ][0].filter, Related)
    assert objects["users"].access[Access.UPDATE] == ()


def test_an_objects_type_knows_its_roles_and_pages(compiled: Compile) -> None:
    ticket = compiled({}).types["Ticket"]
    assert isinstance(ticket, ObjectType)
    assert {name: field.rank for name, field in ticket.fields.items() if field.rank} == {"note": 2}
    assert {name: argument.type for name, argument in ticket.fields["comments"].arguments.items()} == {
        "limit": Named("Int"),
        "offset": Named("Int"),
    }


MORE = """
all:
  kind: query
  description: Everything.
  minRole: support
  args:
    where: TicketFilter
    order: "[TicketOrder!] = [createdAt_DESC]"
    first: Int = 20
    drafts: { type: "[NewTicket!]!", default: [{ title: a }], description: What is new. }
  returns: TicketConnection!
  timeout: 250ms
  deprecated: Use less.
  run: { use: tickets, list: { where: $args.where, orderBy: $args.order, limit: $args.first } }
open:
  kind: query
  minRole: anonymous
  args: { q: "String = \\"a\\"" }
  returns: Int!
  run: { use: db, sql: sql/deep/open.sql }
file:
  kind: mutation
  minRole: customer
  args: { title: String!, status: Status = Done }
  returns: Ticket!
  run:
    use: tickets
    create:
      title: $args.title
      status: $args.status
      note: "for {{ currentUser.email }}"
      size: $config.escalateAfterHours
"""
SQL = "select count(*)\nfrom tickets where title like '%{{ args.q }}%'\n"


def test_operations(compiled: Compile) -> None:
    catalog = compiled({"operations/deep/more.yaml": MORE, "sql/deep/open.sql": SQL})
    assert set(catalog.operations) == {"me", "all", "open", "file"}
    operation = catalog.operations["all"]
    assert (operation.kind, operation.min_role, operation.rank) == (Kind.QUERY, "support", 2)
    assert (operation.description, operation.deprecated, operation.timeout) == ("Everything.", "Use less.", 0.25)
    assert operation.returns == NonNull(Named("TicketConnection"))
    assert (operation.at.file, operation.at.line, operation.at.column) == ("operations/deep/more.yaml", 2, 1)
    arguments = operation.arguments
    assert arguments["where"].default is MISSING
    assert arguments["order"].default == ["createdAt_DESC"]
    assert arguments["first"].default == 20
    assert arguments["drafts"].default == [{"title": "a", "status": "Todo"}]
    assert arguments["drafts"].description == "What is new."
    assert operation.plan.transaction == "db"
    assert catalog.operations["file"].plan.writes
    assert catalog.operations["file"].kind is Kind.MUTATION


def test_declarations(compiled: Compile) -> None:
    catalog = compiled({"operations/more.yaml": MORE, "sql/deep/open.sql": SQL})
    paper: Paper = catalog.integrations["db"]  # type: ignore[assignment]
    declared = paper.declared["open"]
    assert declared.target is None
    assert declared.verb == "sql"
    assert isinstance(declared.body, Text)
    assert declared.body.at.file == "sql/deep/open.sql"
    before, hole, after = declared.body.parts
    assert (before, after) == ("select count(*)\nfrom tickets where title like '%", "%'\n")
    assert isinstance(hole, Reference)
    assert (str(hole), hole.at.line, hole.at.column) == ("args.q", 2, 36)
    body = paper.declared["file"].body
    assert isinstance(body, Record)
    assert list(body.fields) == ["title", "status", "note", "size"]
    assert isinstance(body.fields["note"], Text)
    assert body.fields["size"] == Literal(24, body.fields["size"].at)
    assert paper.declared["file"].target == catalog.objects["tickets"]


def test_generated_types_exist_where_they_are_named(compiled: Compile) -> None:
    types = compiled({"operations/more.yaml": MORE, "sql/deep/open.sql": SQL}).types
    filter, order, connection = types["TicketFilter"], types["TicketOrder"], types["TicketConnection"]
    assert isinstance(filter, InputType)
    assert isinstance(order, EnumType)
    assert isinstance(connection, ObjectType)
    assert {name: str(field.type) for name, field in filter.fields.items()} == {
        "and": "[TicketFilter!]",
        "or": "[TicketFilter!]",
        "not": "TicketFilter",
        "id": "IDComparison",
        "title": "StringComparison",
        "status": "StatusComparison",
        "size": "IntComparison",
        "email": "StringComparison",
        "note": "StringComparison",
        "createdAt": "DateTimeComparison",
        "comments": "CommentFilter",
    }
    assert list(order.values)[-2:] == ["createdAt_ASC", "createdAt_DESC"]
    assert {name: str(field.type) for name, field in connection.fields.items()} == {
        "nodes": "[Ticket!]!",
        "edges": "[TicketEdge!]!",
        "pageInfo": "PageInfo!",
        "totalCount": "Int!",
    }
    status = types["StatusComparison"]
    assert isinstance(status, InputType)
    assert {name: str(field.type) for name, field in status.fields.items()} == {
        "eq": "Status",
        "ne": "Status",
        "in": "[Status!]",
        "notIn": "[Status!]",
        "isNull": "Boolean",
        "isNotNull": "Boolean",
    }
    named = {field.type for type in types.values() if isinstance(type, InputType) for field in type.fields.values()}
    assert ListOf(NonNull(Named("CommentFilter"))) in named
    assert "UserFilter" not in types
    assert not any(
        name.endswith(("Filter", "Order", "Connection", "Comparison"))
        for name in compiled({"operations/more.yaml": None}).types
    )


def test_a_type_may_name_a_generated_one(compiled: Compile, project: Path) -> None:
    text = (project / "types.graphql").read_text() + "\ninput Search { where: TicketFilter, words: String }\n"
    more = """
search:
  kind: query
  minRole: customer
  args: { by: Search! }
  returns: "[Ticket!]!"
  run: { use: tickets, list: { where: { and: [$args.by.where, { title: { contains: $args.by.words } }] } } }
"""
    assert "IDComparison" in compiled({"types.graphql": text, "operations/more.yaml": more}).types


@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf", b""])
def test_marks_and_line_ends_of_other_systems(compiled: Compile, project: Path, mark: bytes) -> None:
    files = {
        file.relative_to(project).as_posix(): mark + file.read_bytes().replace(b"\n", b"\r\n")
        for file in project.rglob("*.*")
        if file.is_file()
    }
    assert set(compiled(files).operations) == {"me"}


def told(compiled: Compile, files: dict[str, str | bytes | None]) -> list[str]:
    with pytest.raises(ProjectError) as raised:
        compiled(files)
    return [str(problem) for problem in raised.value.problems]


def test_what_is_not_utf_8(compiled: Compile) -> None:
    assert told(compiled, {"operations/more.yaml": b"a: 1\nb: \xff\n"}) == [
        "operations/more.yaml:2:4: This is not UTF-8. Save the file in the encoding UTF-8."
    ]
    assert told(compiled, {"operations/more.yaml": "a: 1\n".encode("utf-16")})[0].endswith("in the encoding UTF-8.")


def test_a_file_too_large(compiled: Compile) -> None:
    assert told(compiled, {"operations/more.yaml": b"#" * (1024 * 1024 + 1)}) == [
        "operations/more.yaml:1:1: This file is larger than 1024 KiB. Split it."
    ]


def test_links_out_of_the_folder(compiled: Compile, project: Path) -> None:
    (project.parent / "outside.sql").write_text("select 1")
    (project / "sql").mkdir()
    (project / "sql" / "in.sql").symlink_to(project.parent / "outside.sql")
    (project / "operations" / "link.yaml").symlink_to(project.parent / "outside.sql")
    more = "one:\n  kind: query\n  minRole: anonymous\n  returns: Int\n  run: { use: db, sql: sql/in.sql }\n"
    assert told(compiled, {"operations/more.yaml": more}) == [
        "operations/link.yaml:1:1: This link leads out of the project's folder. Put the file itself there.",
        'operations/more.yaml:5:24: "sql/in.sql" is a link that leads out of the project. Put the file itself there.',
    ]


@pytest.mark.parametrize("text", ["type A { a: " + "[" * 5000, "\x00", "type A { a: Int } }", '"""'])
def test_hostile_types(compiled: Compile, text: str) -> None:
    assert all(line.startswith("types.graphql:") for line in told(compiled, {"types.graphql": text}))


def test_half_a_character(compiled: Compile) -> None:
    assert told(compiled, {"operations/more.yaml": 'a: "\\ud800"\n'}) == [
        "operations/more.yaml:1:4: This text holds half a character, written as an escape. Write the character itself."
    ]
