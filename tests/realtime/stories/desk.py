"""Service desks that differ in who may see what: written out as projects, in the format's own words."""

from __future__ import annotations

import json
import re
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
Either = tuple[tuple[str, ...], ...]
"""A rule in names of conditions: all of any of these. Everything is seen where there are none."""

OWN = {"email": "$currentUser.email"}
INTERNAL = {"internal": False}
CONDITIONS: Mapping[str, Mapping[str, Rule]] = {
    "tickets": {
        "own": OWN,
        "team": {"author": {"team": "$currentUser.team"}},
        "handled": {"assigneeEmail": "$currentUser.email"},
        "helped": {"assignee": {"role": {"in": ["support"]}}},
        "open": {"status": {"in": ["Todo", "InProgress"]}},
        "lowly": {"priority": {"in": ["LOW", "NORMAL"]}},
        "free": {"assigneeEmail": {"isNull": True}},
        "answered": {"comments": INTERNAL},
        "undone": {"not": {"status": "Done"}},
        "properties": {"author": {"team": "$currentUser.properties.team"}},
    },
    "comments": {
        "own": OWN,
        "asked": {"ticket": OWN},
        "public": INTERNAL,
        "team": {"ticket": {"author": {"team": "$currentUser.team"}}},
        "active": {"ticket": {"status": {"in": ["Done", "InProgress"]}}},
        "properties": {"ticket": {"author": {"team": "$currentUser.properties.team"}}},
    },
    "users": {
        "self": OWN,
        "team": {"team": "$currentUser.team"},
        "staff": {"role": {"in": ["support", "admin"]}},
        "asking": {"tickets": {"status": "Todo"}},
        "loose": {"team": {"isNull": True}},
        "properties": {"team": "$currentUser.properties.team"},
    },
}


@dataclass(frozen=True)
class Project:
    """Rules for customers to read by, and the one for support to read tickets by. `live`: the setting of some of the
    queries. `code`: one of the functions is a program."""

    tickets: Either = (("own",),)
    comments: Either = (("asked", "public"),)
    users: Either = (("team",), ("staff",))
    support: Either = ()
    watch: bool = True
    live: str = ""
    code: bool = False

    @property
    def properties(self) -> bool:
        return any("properties" in names for rule in (self.tickets, self.comments, self.users) for names in rule)

    @property
    def rules(self) -> Mapping[str, Mapping[str, Rule]]:
        """Who may read what, by table and role."""
        support: Mapping[str, Rule] = {"support": rule_of("tickets", self.support)}
        return {
            "tickets": {
                "customer": rule_of("tickets", self.tickets),
                **(support if not self.support else {**support, "admin": "all"}),
            },
            "comments": {"customer": rule_of("comments", self.comments), "support": "all"},
            "users": {"customer": rule_of("users", self.users), "support": "all"},
        }


def rule_of(table: str, either: Either) -> Rule:
    each = [[CONDITIONS[table][name] for name in names] for names in either]
    wanted = [conditions[0] if len(conditions) == 1 else {"and": conditions} for conditions in each]
    return "all" if not wanted else wanted[0] if len(wanted) == 1 else {"or": wanted}


TYPES = """
type AssigneeCount { assigneeEmail: String tickets: Int! }
type StatusTally { status: Status! tickets: Int! }
type TeamTicket { id: ID! title: String! status: Status! team: String }
type Said { id: ID! said: Int! }
input AnyTicket { title: String! description: String! email: String! status: Status }
"""

OPERATIONS = Path(__file__).with_name("operations.yaml")
TABLES = Path(__file__).with_name("mysql_tables.sql")
"""The example's first migration, in MySQL's words."""
TIME = re.compile(r"'(\d{4}-\d\d-\d\d)T([\d:.]+)Z'")
ENROL = """
insert into users (email, name, role, team) values ({{ args.email }}, 'New', 'customer', {{ args.team }})
on duplicate key update team = values(team)
"""
PROGRAM = """
function run(input) {
  const found = gateway.call("ticket", { id: input.id });
  return found === null ? null : found.title;
}
"""


def write_project(project: Project, folder: Path, kind: str) -> Path:
    """A folder that can be served; it wants JWT_SECRET, and DATABASE_URL where a server has the database. `kind` is
    sqlite, postgres or mysql."""
    ignored = shutil.ignore_patterns("*.db", "*.db-*", ".env", ".tidegate", "operations", "objects")
    shutil.copytree(EXAMPLE, folder, ignore=ignored)
    with (folder / "types.graphql").open("a") as types:
        types.write(TYPES)
    settings = _read(folder / "tidegate.yaml")
    # Whoever has expired is to be told at once.
    settings["auth"]["jwt"]["leeway"] = "0s"
    if project.properties:
        settings["auth"]["properties"] = "me"
    settings["integrations"]["db"] = {
        **({"kind": kind, "file": "desk.db"} if kind == "sqlite" else {"kind": kind, "url": "${DATABASE_URL}"}),
        "migrations": "sql/migrations" if kind == "sqlite" else f"sql/migrations-{kind}",
        # MySQL tells nobody: whoever writes does.
        **({"watch": True} if project.watch and kind != "mysql" else {}),
    }
    if kind == "mysql":
        migrations = folder / "sql" / "migrations-mysql"
        migrations.mkdir()
        shutil.copy(TABLES, migrations / "0001_tables.sql")
        first_day = (folder / "sql" / "migrations" / "0002_first_day.sql").read_text()
        (migrations / "0002_first_day.sql").write_text(TIME.sub(r"'\1 \2'", first_day))
    (folder / "tidegate.yaml").write_text(_written(settings))
    operations = _read(OPERATIONS)
    if kind == "mysql":
        operations["sqlEnrol"]["run"]["sql"] = ENROL
    for number, operation in enumerate(operations.values()):
        operation.setdefault("minRole", "customer")
        if project.live and operation["kind"] == "query" and number % 2:
            operation["live"] = yaml.safe_load(project.live)
    if project.code:
        operations["fnCode"]["steps"] = [{"js": "functions/title.js", "with": {"id": "$args.id"}}]
        (folder / "functions" / "title.js").write_text(PROGRAM)
    for kind, text in (("operations", operations), ("objects", _objects(project))):
        (folder / kind).mkdir()
        (folder / kind / "all.yaml").write_text(_written(text))
    return folder


# Any: a project's own words.
def _read(file: Path) -> Any:
    return yaml.load(file.read_text(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def _written(text: Any) -> str:
    # JSON is YAML, too, and is soon written.
    return json.dumps(text)


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
