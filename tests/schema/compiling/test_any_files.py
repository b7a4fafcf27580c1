"""Whatever the files of a project say, it compiles or its problems are told. Nothing else is raised."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tidegate.core.problems import Problem, ProjectError

if TYPE_CHECKING:
    from tests.schema.compiling.conftest import Compile

PROJECT = Path(__file__).parents[2] / "cases" / "project"
MORE = """
search:
  kind: query
  minRole: customer
  args:
    q: String
    where: TicketFilter
    order: "[TicketOrder!] = [id_ASC]"
    draft: { type: NewTicket, default: { title: a } }
  returns: TicketConnection!
  timeout: 5s
  live: { throttle: 50ms, groups: [lists] }
  run: { use: tickets, list: { where: { and: [$args.where, { title: { contains: $args.q } }] }, orderBy: $args.order } }
write:
  kind: mutation
  minRole: customer
  args: { draft: NewTicket! }
  returns: Ticket!
  run:
    use: tickets
    create: { title: $args.draft.title, email: $currentUser.email, size: $config.escalateAfterHours }
writeAll:
  kind: mutation
  minRole: customer
  args: { drafts: "[NewTicket!]!" }
  returns: "[Ticket!]!"
  run: { use: tickets, createMany: { rows: $args.drafts, set: { email: $currentUser.email } } }
  refresh: [auto, lists, me]
change:
  kind: mutation
  minRole: support
  args: { id: ID!, status: Status, ids: "[ID!]!" }
  returns: Ticket!
  run: { use: tickets, update: { where: { id: $args.id }, set: { status: $args.status } } }
close:
  kind: mutation
  minRole: support
  args: { ids: "[ID!]!", low: Int }
  returns: Int!
  run:
    use: tickets
    updateMany: { where: { id: { in: $args.ids }, size: { between: [$args.low, 9] } }, set: { status: Done } }
remove:
  kind: mutation
  minRole: admin
  returns: Boolean!
  run: { use: tickets, deleteMany: { where: { or: [{ status: Done }, { comments: { text: { startsWith: a } } }] } } }
sizes:
  kind: query
  minRole: support
  returns: "[Size!]!"
  run:
    use: tickets
    aggregate: { groupBy: [status], values: { size: { sum: size }, tickets: count }, orderBy: -size, limit: 5 }
count:
  kind: query
  minRole: anonymous
  args: { q: String = "x" }
  returns: "[Int!]!"
  run: { use: db, sql: "select 1 where '{{ args.q }}' <> '{{ currentUser.team }}'" }
nightly:
  kind: mutation
  minRole: support
  args: { id: ID!, size: Int = 3, draft: NewTicket }
  returns: Int!
  run: { use: db, sql: "update tickets set size = {{ args.size }} where id = {{ args.id }}" }
  schedule:
    - cron: "*/5 7-9 * * 1-5"
      timeZone: Europe/Berlin
      args: { id: 1, draft: { title: a } }
      currentUser: { id: a, role: admin }
  webhook:
    path: a/b
    secret: 0123456789abcdef
    signature: hmac
    header: X-Own
    args: { id: $body.a.0, size: $query.b }
    currentUser: { team: a }
"""
FILES = {file.relative_to(PROJECT).as_posix(): file.read_text() for file in sorted(PROJECT.rglob("*.*"))}
FILES["operations/more.yaml"] = MORE
FILES["types.graphql"] += "\ntype Size { status: Status! size: Int tickets: Int! }\n"
WORDS = sorted({word for text in FILES.values() for word in re.findall(r"[\w$]+|[^\w\s]+", text)})
VALUES = ("", "null", "5", "-1", "1.5", "true", "[]", "{}", "[1]", "{ a: 1 }", '""', "$args.q", '"{{ args.q }}"', "all")

edits = st.tuples(
    st.sampled_from(sorted(FILES)),
    st.integers(0, 400),
    st.sampled_from(["drop", "word", "value", "line", "double", "insert"]),
    st.one_of(st.sampled_from(WORDS), st.sampled_from(VALUES), st.text(max_size=3)),
)


def edited(text: str, index: int, how: str, what: str) -> str:
    if how == "line":
        lines = text.split("\n")
        del lines[index % len(lines)]
        return "\n".join(lines)
    if how == "double":
        lines = text.split("\n")
        lines.insert(index % len(lines), lines[index % len(lines)])
        return "\n".join(lines)
    pieces = re.findall(r"[\w$.]+|\s+|[^\w\s]", text)
    place = index % len(pieces)
    if how == "value":
        colons = [i for i, piece in enumerate(pieces) if piece == ":"]
        if not colons:
            return text
        place = colons[index % len(colons)] + 1
        end = next((i for i in range(place, len(pieces)) if "\n" in pieces[i] or pieces[i] in ",}"), len(pieces))
        pieces[place:end] = [" ", what, " "]
    elif how == "insert":
        pieces.insert(place, what)
    else:
        pieces[place] = what if how == "word" else ""
    return "".join(pieces)


@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(st.lists(edits, min_size=1, max_size=4))
def test_edited_projects(served: Compile, changes: list[tuple[str, int, str, str]]) -> None:
    files: dict[str, str | bytes | None] = dict(FILES)
    for name, index, how, what in changes:
        files[name] = edited(str(files[name]), index, how, what).encode("utf-8", "replace").decode()
    problems: tuple[Problem, ...] = ()
    try:
        served(files)
    except ProjectError as error:
        problems = error.problems
    for problem in problems:
        assert problem.sentence.endswith((".", "!", "?"))
        assert problem.at.line >= 1
        assert problem.at.column >= 1
