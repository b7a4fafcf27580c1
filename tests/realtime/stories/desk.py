"""Service desks that differ in who may see what: written out as projects, in the format's own words."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.realtime.screens import EXAMPLE

ROLES = ("anonymous", "customer", "support", "admin")

Rule = str | Mapping[str, Any]
"""`all`, or a filter. Any: its values are of every type."""

OWN = {"email": "$currentUser.email"}
INTERNAL = {"internal": False}
TICKETS: Mapping[str, Rule] = {
    "own": OWN,
    "team": {"author": {"team": "$currentUser.team"}},
    "mixed": {"or": [OWN, {"status": {"in": ["Done"]}, "priority": {"in": ["LOW", "NORMAL"]}}]},
    "handled": {"or": [OWN, {"assigneeEmail": "$currentUser.email"}]},
    "properties": {"author": {"team": "$currentUser.properties.team"}},
    "all": "all",
}
COMMENTS: Mapping[str, Rule] = {
    "own": {"ticket": OWN, **INTERNAL},
    "team": {"ticket": {"author": {"team": "$currentUser.team"}}, **INTERNAL},
    "either": {"or": [OWN, {**INTERNAL, "ticket": {"status": {"in": ["Done", "InProgress"]}}}]},
    "properties": {"ticket": {"author": {"team": "$currentUser.properties.team"}}, **INTERNAL},
    "all": "all",
}
USERS: Mapping[str, Rule] = {
    "team": {"or": [{"team": "$currentUser.team"}, {"role": {"in": ["support", "admin"]}}]},
    "self": OWN,
    "properties": {"or": [OWN, {"team": "$currentUser.properties.team"}]},
    "all": "all",
}
SUPPORT: Mapping[str, Mapping[str, Rule]] = {
    "all": {"support": "all"},
    "open": {"support": {"status": {"in": ["Todo", "InProgress"]}}, "admin": "all"},
}


@dataclass(frozen=True)
class Project:
    """Names of rules for customers to read by, and of the one for support to read tickets by."""

    tickets: str = "own"
    comments: str = "own"
    users: str = "team"
    support: str = "all"
    watch: bool = True
    live: str = ""
    """The setting of some of the queries."""

    @property
    def properties(self) -> bool:
        return "properties" in (self.tickets, self.comments, self.users)

    @property
    def rules(self) -> Mapping[str, Mapping[str, Rule]]:
        """Who may read what, by table and role."""
        return {
            "tickets": {"customer": TICKETS[self.tickets], **SUPPORT[self.support]},
            "comments": {"customer": COMMENTS[self.comments], "support": "all"},
            "users": {"customer": USERS[self.users], "support": "all"},
        }


PROJECTS = (
    Project(),
    Project("team", "team", live="{ throttle: 1ms }"),
    Project("mixed", "either", "self", watch=False),
    Project("handled", "own", "all", "open", live="{ throttle: 200ms }"),
    Project("all", "team", "self", "open", watch=False, live="{ throttle: 1ms }"),
    Project("team", "either", "team", "open"),
    Project("mixed", "all", "team", live="{ throttle: 1ms }"),
    Project("handled", "team", "self", watch=False),
)
WITH_PROPERTIES = (
    Project("properties", "own", "team", watch=False, live="{ throttle: 1ms }"),
    Project("own", "properties", "properties", "open"),
    Project("properties", "properties", "properties"),
)

TYPES = """
type AssigneeCount { assigneeEmail: String tickets: Int! }
type StatusTally { status: Status! tickets: Int! }
type TeamTicket { id: ID! title: String! status: Status! team: String }
type Said { id: ID! said: Int! }
input AnyTicket { title: String! description: String! email: String! status: Status }
"""

OPERATIONS = """
mine:
  kind: query
  args: { status: Status }
  returns: "[Ticket!]!"
  run: { use: tickets, list: { where: { email: $currentUser.email, status: $args.status }, orderBy: id } }
ticket:
  kind: query
  args: { id: ID! }
  returns: Ticket
  run: { use: tickets, get: { where: { id: $args.id } } }
firstTicket:
  kind: query
  args: { where: TicketFilter }
  returns: Ticket
  run: { use: tickets, get: { where: $args.where } }
found:
  kind: query
  args: { where: TicketFilter, first: Int }
  returns: "[Ticket!]!"
  run: { use: tickets, list: { where: $args.where, orderBy: -id, limit: $args.first } }
page:
  kind: query
  args: { where: TicketFilter, first: Int }
  returns: TicketConnection!
  run: { use: tickets, list: { where: $args.where, orderBy: [-status, id], limit: $args.first } }
tally:
  kind: query
  args: { status: Status, priority: Priority }
  returns: Int!
  run: { use: tickets, count: { where: { status: $args.status, priority: $args.priority } } }
tallied:
  kind: query
  args: { where: TicketFilter }
  returns: Int!
  run: { use: tickets, count: { where: $args.where } }
byStatus:
  kind: query
  args: { where: TicketFilter }
  returns: "[StatusTally!]!"
  run:
    use: tickets
    aggregate: { where: $args.where, groupBy: [status], values: { tickets: count }, orderBy: status }
byAssignee:
  kind: query
  returns: "[AssigneeCount!]!"
  run: { use: tickets, aggregate: { groupBy: [assigneeEmail], values: { tickets: count }, orderBy: assigneeEmail } }
talk:
  kind: query
  args: { ticketId: ID! }
  returns: "[Comment!]!"
  run: { use: comments, list: { where: { ticketId: $args.ticketId }, orderBy: id } }
said:
  kind: query
  args: { where: CommentFilter }
  returns: "[Comment!]!"
  run: { use: comments, list: { where: $args.where, orderBy: id } }
people:
  kind: query
  returns: "[User!]!"
  run: { use: users, list: { orderBy: id } }
me:
  kind: query
  returns: User
  run: { use: users, get: { where: { email: $currentUser.email } } }
sqlMine:
  kind: query
  args: { status: Status! }
  returns: Int!
  run:
    use: db
    sql: select count(*) from tickets where email = {{ currentUser.email }} and status <> {{ args.status }}
sqlTeam:
  kind: query
  minRole: support
  args: { team: String! }
  returns: "[TeamTicket!]!"
  run:
    use: db
    sql: >-
      select t.id, t.title, t.status, u.team from tickets t join users u on u.email = t.email
      where u.team = {{ args.team }} order by t.id
sqlTalk:
  kind: query
  minRole: support
  returns: "[Said!]!"
  run:
    use: db
    sql: >-
      select t.id, count(c.id) as said from tickets t left join comments c on c.ticket_id = t.id and c.internal = false
      where t.status in ('Todo', 'InProgress') group by t.id order by t.id
sqlBusy:
  kind: query
  minRole: support
  args: { priority: Priority! }
  returns: "[ID!]!"
  run:
    use: db
    sql: >-
      select id from users where exists
      (select 1 from tickets t where t.assignee_email = users.email and t.priority = {{ args.priority }}) order by id
sqlUnion:
  kind: query
  minRole: support
  args: { status: Status! }
  returns: Int!
  run:
    use: db
    sql: >-
      with named as (select email from tickets where status = {{ args.status }} union select email from comments)
      select count(*) from named
retitle:
  kind: mutation
  args: { id: ID!, title: String! }
  returns: Ticket
  run: { use: tickets, update: { where: { id: $args.id }, set: { title: $args.title } } }
setStatus:
  kind: mutation
  args: { id: ID!, status: Status! }
  returns: Ticket!
  run: { use: tickets, update: { where: { id: $args.id }, set: { status: $args.status } } }
setPriority:
  kind: mutation
  args: { id: ID!, priority: Priority! }
  returns: Boolean!
  run: { use: tickets, update: { where: { id: $args.id }, set: { priority: $args.priority } } }
give:
  kind: mutation
  args: { id: ID!, to: String! }
  returns: Ticket
  run: { use: tickets, update: { where: { id: $args.id }, set: { email: $args.to } } }
assign:
  kind: mutation
  minRole: support
  args: { id: ID!, to: String, note: String }
  returns: Ticket!
  run: { use: tickets, update: { where: { id: $args.id }, set: { assigneeEmail: $args.to, internalNote: $args.note } } }
remove:
  kind: mutation
  args: { id: ID! }
  returns: Ticket
  run: { use: tickets, delete: { where: { id: $args.id } } }
file:
  kind: mutation
  args: { title: String!, description: String!, email: String!, status: Status }
  returns: Ticket!
  run:
    use: tickets
    create: { email: $args.email, status: $args.status, title: $args.title, description: $args.description }
fileMany:
  kind: mutation
  args: { rows: "[AnyTicket!]!" }
  returns: Int!
  run: { use: tickets, createMany: { rows: $args.rows } }
giveAll:
  kind: mutation
  args: { where: TicketFilter!, to: String! }
  returns: Int!
  run: { use: tickets, updateMany: { where: $args.where, set: { email: $args.to } } }
closeAll:
  kind: mutation
  minRole: support
  args: { where: TicketFilter! }
  returns: "[Ticket!]!"
  run: { use: tickets, updateMany: { where: $args.where, set: { status: Done } } }
removeAll:
  kind: mutation
  args: { where: TicketFilter! }
  returns: Int!
  run: { use: tickets, deleteMany: { where: $args.where } }
comment:
  kind: mutation
  args: { ticketId: ID!, text: String!, internal: Boolean! }
  returns: Comment!
  run:
    use: comments
    create: { ticketId: $args.ticketId, text: $args.text, email: $currentUser.email, internal: $args.internal }
hide:
  kind: mutation
  minRole: support
  args: { id: ID!, internal: Boolean! }
  returns: Comment
  run: { use: comments, update: { where: { id: $args.id }, set: { internal: $args.internal } } }
carry:
  kind: mutation
  minRole: support
  args: { id: ID!, to: ID! }
  returns: Comment
  run: { use: comments, update: { where: { id: $args.id }, set: { ticketId: $args.to } } }
withdraw:
  kind: mutation
  minRole: support
  args: { id: ID! }
  returns: Comment
  run: { use: comments, delete: { where: { id: $args.id } } }
move:
  kind: mutation
  minRole: support
  args: { id: ID!, team: String }
  returns: User
  run: { use: users, update: { where: { id: $args.id }, set: { team: $args.team } } }
sqlClose:
  kind: mutation
  minRole: support
  args: { email: String! }
  returns: Int!
  run: { use: db, sql: "update tickets set status = 'Done' where email = {{ args.email }} and status = 'Todo'" }
sqlRemove:
  kind: mutation
  minRole: support
  args: { email: String!, status: Status! }
  returns: Int!
  run: { use: db, sql: "delete from tickets where email = {{ args.email }} and status = {{ args.status }}" }
sqlCopy:
  kind: mutation
  minRole: support
  args: { status: Status! }
  returns: Int!
  run:
    use: db
    sql: >-
      insert into comments (ticket_id, email, body, internal)
      select id, email, 'copied', false from tickets where status = {{ args.status }}
sqlEnrol:
  kind: mutation
  minRole: support
  args: { email: String!, team: String }
  returns: Int!
  run:
    use: db
    sql: >-
      insert into users (email, name, role, team) values ({{ args.email }}, 'New', 'customer', {{ args.team }})
      on conflict (email) do update set team = excluded.team
"""
"""`minRole` is customer where nothing is said."""


def write_project(project: Project, folder: Path, *, postgres: bool) -> Path:
    """A folder that can be served; it wants JWT_SECRET, and DATABASE_URL on PostgreSQL."""
    ignored = shutil.ignore_patterns("*.db", "*.db-*", ".env", ".tidegate", "operations", "objects")
    shutil.copytree(EXAMPLE, folder, ignore=ignored)
    with (folder / "types.graphql").open("a") as types:
        types.write(TYPES)
    settings = yaml.safe_load((folder / "tidegate.yaml").read_text())
    # Whoever has expired is to be told at once.
    settings["auth"]["jwt"]["leeway"] = "0s"
    if project.properties:
        settings["auth"]["properties"] = "me"
    settings["integrations"]["db"] = {
        **({"kind": "postgres", "url": "${DATABASE_URL}"} if postgres else {"kind": "sqlite", "file": "desk.db"}),
        "migrations": "sql/migrations-postgres" if postgres else "sql/migrations",
        **({"watch": True} if project.watch else {}),
    }
    (folder / "tidegate.yaml").write_text(_written(settings))
    operations = yaml.safe_load(OPERATIONS)
    for number, operation in enumerate(operations.values()):
        operation.setdefault("minRole", "customer")
        if project.live and operation["kind"] == "query" and number % 2:
            operation["live"] = yaml.safe_load(project.live)
    for kind, text in (("operations", operations), ("objects", _objects(project))):
        (folder / kind).mkdir()
        (folder / kind / "all.yaml").write_text(_written(text))
    return folder


class _Writer(yaml.SafeDumper):
    """A project's files have no anchors."""

    def ignore_aliases(self, data: object) -> bool:
        return True


# Any: a project's own words.
def _written(text: Any) -> str:
    return yaml.dump(text, Dumper=_Writer, sort_keys=False)


# Any: as above.
def _objects(project: Project) -> dict[str, Any]:
    read = project.rules
    own = {"customer": OWN, "support": "all"}
    return {
        "users": {
            **_table("users", "User"),
            "relations": {"tickets": {"many": "tickets", "on": {"email": "email"}, "orderBy": "id"}},
            "access": {"read": read["users"], "update": {"support": "all"}},
        },
        "tickets": {
            **_table("tickets", "Ticket"),
            "columns": {"internalNote": {"minRole": "support"}},
            "relations": {
                "author": {"one": "users", "on": {"email": "email"}},
                "assignee": {"one": "users", "on": {"email": "assigneeEmail"}},
                "comments": {"many": "comments", "on": {"ticketId": "id"}, "orderBy": "id"},
            },
            "access": {
                "read": read["tickets"],
                "create": own,
                "update": own,
                "delete": {"customer": {**OWN, "status": "Todo"}, "support": "all"},
            },
        },
        "comments": {
            **_table("comments", "Comment"),
            "columns": {"text": {"column": "body"}},
            "relations": {
                "ticket": {"one": "tickets", "on": {"id": "ticketId"}},
                "author": {"one": "users", "on": {"email": "email"}},
            },
            "access": {
                "read": read["comments"],
                "create": {"customer": {"ticket": OWN}, "support": "all"},
                "update": {"support": "all"},
                "delete": {"support": "all"},
            },
        },
    }


def _table(name: str, type: str) -> dict[str, str]:
    return {"integration": "db", "table": name, "key": "id", "type": type}
