"""What a query answers in one world, in plain Python: nothing of the product is used here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.attacks.oracle import (
    MANY,
    RELATIONS,
    Reader,
    Row,
    Truth,
    World,
    compared,
    every,
    names_restricted,
    negated,
    some,
)
from tests.realtime.stories.desk import ROLES, Project, Rule
from tests.realtime.stories.functions import FUNCTIONS, Answering, Reads, torn

Selection = Mapping[str, Any]
"""field: None, or the selection of a relation."""


@dataclass(frozen=True)
class Claims:
    """What a token says."""

    email: str
    role: str
    team: str | None

    @property
    def rank(self) -> int:
        return ROLES.index(self.role)


@dataclass(frozen=True)
class Asker(Reader):
    """One caller in one world of one project. `properties`: the row of `me`; nothing where there is none."""

    project: Project
    properties: Mapping[str, Any]

    def sees(self, table: str, row: Row) -> bool:
        rules = self.project.rules[table].items()
        return any(
            self.holds(table, row, rule) is True for role, rule in rules if ROLES.index(role) <= ROLES.index(self.role)
        )

    def holds(self, table: str, row: Row, rule: Rule) -> Truth:
        if isinstance(rule, str):
            return True
        return every([self._part(table, row, name, value) for name, value in rule.items()])

    # Any: a filter's own words.
    def _part(self, table: str, row: Row, name: str, value: Any) -> Truth:
        match name:
            case "or":
                return some([self.holds(table, row, inner) for inner in value])
            case "and":
                return every([self.holds(table, row, inner) for inner in value])
            case "not":
                return negated(self.holds(table, row, value))
        if name in RELATIONS[table]:
            target = RELATIONS[table][name][0]
            others = self.world.related(table, row, name)
            return any(self.holds(target, other, value) is True for other in others)
        if isinstance(value, Mapping):
            return every([compared(operator, row[name], operand) for operator, operand in value.items()])
        wanted = self._value(value)
        return None if wanted is None or row[name] is None else bool(row[name] == wanted)

    def _value(self, value: Any) -> Any:
        match value.split(".") if isinstance(value, str) else ():
            case ["$currentUser", "properties", name]:
                return self.properties.get(name)
            case ["$currentUser", name]:
                return getattr(self, name)
        return value

    def shape(self, table: str, row: Row, selection: Selection) -> dict[str, Any]:
        shown: dict[str, Any] = {}
        for name, inner in selection.items():
            if inner is None:
                shown[name] = row[name]
                continue
            target = RELATIONS[table][name][0]
            below = [self.shape(target, other, inner) for other in by_id(self.related(table, row, name))]
            shown[name] = below if (table, name) in MANY else below[0] if below else None
        return shown


def asker_of(project: Project, world: World, claims: Claims, known: World | None = None) -> Asker:
    """`known`: the world that the properties are of, where it is another."""
    known = known or world
    plain = Asker(known, claims.email, claims.role, claims.team, project, {})
    own = [row for row in plain.rows("users") if row["email"] == claims.email] if project.properties else []
    return Asker(world, claims.email, claims.role, claims.team, project, own[0] if own else {})


def by_id(rows: Iterable[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: int(row["id"]))


@dataclass(frozen=True)
class Kind:
    """A query: its arguments' types, the table whose rows are selected, and what it answers."""

    name: str
    args: Mapping[str, str]
    table: str | None
    answer: Callable[[Asker, Mapping[str, Any], Selection], Any]
    """Any: JSON."""
    role: str = "customer"
    fields: str = ""
    """What is selected where there is no table."""


@dataclass(frozen=True, eq=False)
class Question:
    """One query with its arguments (missing ones are left out) and selection."""

    name: str
    args: Mapping[str, Any]
    selection: Selection

    @property
    def kind(self) -> Kind:
        return KINDS[self.name]

    def text(self, operation: str) -> str:
        kind = self.kind
        given = [name for name in kind.args if name in self.args]
        declared = f"({', '.join(f'${name}: {kind.args[name]}' for name in given)})" if given else ""
        passed = f"({', '.join(f'{name}: ${name}' for name in given)})" if given else ""
        fields = written(self.selection) if kind.table else kind.fields
        if kind.name == "page":
            fields = f"totalCount nodes {{ {fields} }} pageInfo {{ hasNextPage }}"
        body = f" {{ {fields} }}" if fields else ""
        return f"{operation}{declared} {{ {kind.name}{passed}{body} }}"

    def allowed(self, claims: Claims) -> bool:
        if claims.rank < ROLES.index(self.kind.role):
            return False
        named = _selects_note(self.kind.table or "users", self.selection)
        where = self.args.get("where")
        if where is not None:
            named = named or names_restricted(self.kind.table or "tickets", where)
        return not named or claims.rank >= ROLES.index("support")

    def answer(self, asker: Asker) -> Any:
        return {"data": {self.name: self.kind.answer(asker, self.args, self.selection)}}

    def torn(self, askers: Sequence[Asker]) -> Iterator[Any]:
        """What a function may also answer while these worlds come, one after the other."""
        if self.name in FUNCTIONS:
            answering = FUNCTIONS[self.name][1]
            yield from ({"data": {self.name: answering(reads, self.args)}} for reads in torn(askers))


def written(selection: Selection) -> str:
    return " ".join(name if inner is None else f"{name} {{ {written(inner)} }}" for name, inner in selection.items())


def _selects_note(table: str, selection: Selection) -> bool:
    return any(
        (table, name) == ("tickets", "internalNote")
        if inner is None
        else _selects_note(RELATIONS[table][name][0], inner)
        for name, inner in selection.items()
    )


def _where(args: Mapping[str, Any]) -> Mapping[str, Any]:
    return args.get("where") or {}


def _mine(asker: Asker, args: Mapping[str, Any], selection: Selection) -> Any:
    wanted = args.get("status")
    rows = [row for row in asker.rows("tickets") if row["email"] == asker.email and wanted in (None, row["status"])]
    return [asker.shape("tickets", row, selection) for row in by_id(rows)]


def _ticket(asker: Asker, args: Mapping[str, Any], selection: Selection) -> Any:
    return next(
        (asker.shape("tickets", row, selection) for row in asker.rows("tickets") if row["id"] == args["id"]), None
    )


def _first(asker: Asker, args: Mapping[str, Any], selection: Selection) -> Any:
    rows = by_id(asker.found("tickets", _where(args)))
    return asker.shape("tickets", rows[0], selection) if rows else None


def _found(asker: Asker, args: Mapping[str, Any], selection: Selection) -> Any:
    rows = by_id(asker.found("tickets", _where(args)))[::-1]
    return [asker.shape("tickets", row, selection) for row in rows[: args.get("first")]]


def _page(asker: Asker, args: Mapping[str, Any], selection: Selection) -> Any:
    rows = sorted(by_id(asker.found("tickets", _where(args))), key=lambda row: str(row["status"]), reverse=True)
    first = args.get("first")
    nodes = [asker.shape("tickets", row, selection) for row in rows[:first]]
    more = first is not None and len(rows) > first
    return {"totalCount": len(rows), "nodes": nodes, "pageInfo": {"hasNextPage": more}}


def _tally(asker: Asker, args: Mapping[str, Any], _: Selection) -> Any:
    return sum(
        all(args.get(name) in (None, row[name]) for name in ("status", "priority")) for row in asker.rows("tickets")
    )


def _tallied(asker: Asker, args: Mapping[str, Any], _: Selection) -> Any:
    return len(asker.found("tickets", _where(args)))


def _by_status(asker: Asker, args: Mapping[str, Any], _: Selection) -> Any:
    counts = Counter(row["status"] for row in asker.found("tickets", _where(args)))
    return [{"status": status, "tickets": count} for status, count in sorted(counts.items())]


def _by_assignee(asker: Asker, _args: Mapping[str, Any], _: Selection) -> Any:
    counts = Counter(row["assigneeEmail"] for row in asker.rows("tickets"))
    ordered = sorted(counts.items(), key=lambda item: (item[0] is None, item[0] or ""))
    return [{"assigneeEmail": email, "tickets": count} for email, count in ordered]


def _talk(asker: Asker, args: Mapping[str, Any], selection: Selection) -> Any:
    rows = [row for row in asker.rows("comments") if row["ticketId"] == args["ticketId"]]
    return [asker.shape("comments", row, selection) for row in by_id(rows)]


def _said(asker: Asker, args: Mapping[str, Any], selection: Selection) -> Any:
    return [asker.shape("comments", row, selection) for row in by_id(asker.found("comments", _where(args)))]


def _people(asker: Asker, _args: Mapping[str, Any], selection: Selection) -> Any:
    return [asker.shape("users", row, selection) for row in by_id(asker.rows("users"))]


def _me(asker: Asker, _args: Mapping[str, Any], selection: Selection) -> Any:
    rows = [row for row in asker.rows("users") if row["email"] == asker.email]
    return asker.shape("users", rows[0], selection) if rows else None


# What authors write in SQL sees every row.
def _sql_mine(asker: Asker, args: Mapping[str, Any], _: Selection) -> Any:
    return sum(row["email"] == asker.email and row["status"] != args["status"] for row in asker.world.rows["tickets"])


def _sql_team(asker: Asker, args: Mapping[str, Any], _: Selection) -> Any:
    teams = {row["email"]: row["team"] for row in asker.world.rows["users"]}
    rows = [row for row in asker.world.rows["tickets"] if teams.get(row["email"]) == args["team"]]
    return [{**{name: row[name] for name in ("id", "title", "status")}, "team": args["team"]} for row in by_id(rows)]


def _sql_talk(asker: Asker, _args: Mapping[str, Any], _: Selection) -> Any:
    said = Counter(row["ticketId"] for row in asker.world.rows["comments"] if not row["internal"])
    rows = [row for row in asker.world.rows["tickets"] if row["status"] != "Done"]
    return [{"id": row["id"], "said": said[row["id"]]} for row in by_id(rows)]


def _sql_busy(asker: Asker, args: Mapping[str, Any], _: Selection) -> Any:
    busy = {row["assigneeEmail"] for row in asker.world.rows["tickets"] if row["priority"] == args["priority"]}
    return [row["id"] for row in by_id(asker.world.rows["users"]) if row["email"] in busy]


def _sql_union(asker: Asker, args: Mapping[str, Any], _: Selection) -> Any:
    filed = {row["email"] for row in asker.world.rows["tickets"] if row["status"] == args["status"]}
    return len(filed | {row["email"] for row in asker.world.rows["comments"]})


def _function(answering: Answering) -> Callable[[Asker, Mapping[str, Any], Selection], Any]:
    return lambda asker, args, _: answering(Reads((asker,)), args)


_FILTER = {"where": "TicketFilter"}
KINDS = {
    kind.name: kind
    for kind in (
        Kind("mine", {"status": "Status"}, "tickets", _mine),
        Kind("ticket", {"id": "ID!"}, "tickets", _ticket),
        Kind("firstTicket", _FILTER, "tickets", _first),
        Kind("found", {**_FILTER, "first": "Int"}, "tickets", _found),
        Kind("page", {**_FILTER, "first": "Int"}, "tickets", _page),
        Kind("tally", {"status": "Status", "priority": "Priority"}, None, _tally),
        Kind("tallied", _FILTER, None, _tallied),
        Kind("byStatus", _FILTER, None, _by_status, fields="status tickets"),
        Kind("byAssignee", {}, None, _by_assignee, fields="assigneeEmail tickets"),
        Kind("talk", {"ticketId": "ID!"}, "comments", _talk),
        Kind("said", {"where": "CommentFilter"}, "comments", _said),
        Kind("people", {}, "users", _people),
        Kind("me", {}, "users", _me),
        Kind("sqlMine", {"status": "Status!"}, None, _sql_mine),
        Kind("sqlTeam", {"team": "String!"}, None, _sql_team, "support", "id title status team"),
        Kind("sqlTalk", {}, None, _sql_talk, "support", "id said"),
        Kind("sqlBusy", {"priority": "Priority!"}, None, _sql_busy, "support"),
        Kind("sqlUnion", {"status": "Status!"}, None, _sql_union, "support"),
        *(Kind(name, args, None, _function(answering)) for name, (args, answering) in FUNCTIONS.items()),
    )
}
