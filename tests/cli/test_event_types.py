"""`tidegate schema --events`: what functions emit, as TypeScript."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from click.testing import Result

Run = Callable[..., Result]

MORE = """
shout:
  kind: mutation
  minRole: support
  args: { text: String!, status: Status, ids: "[ID!]!" }
  returns: Ticket
  steps:
    - { as: found, js: functions/find_words.js, with: { text: $args.text } }
    - { as: ticket, call: ticket, with: { id: 1 } }
    - if: $args.status
      then:
        - { emitAll: "it's shouted", data: { text: $args.text, ids: $args.ids, status: $args.status, found: $found } }
        - { emitRole: quiet, role: customer }
      else:
        - { emitAll: "it's shouted", data: "{{ args.text }}!" }
        - { emitAll: ticketEscalated, data: [1, true, $ticket.assigneeEmail, $ticket.createdAt] }
    - { emitUsers: ticketAnswered, users: $args.ids, data: $ticket }
    - return: $ticket
"""


def test_the_events_of_the_example(tidegate: Run, desk: Path) -> None:
    shown = tidegate("schema", desk, "--events")
    assert shown.exit_code == 0
    assert shown.stdout == (
        "// Made by `tidegate schema --events`: what the project's functions emit, and what comes with it.\n"
        'import "tidegate-client";\n'
        "\n"
        'declare module "tidegate-client" {\n'
        "  interface Events {\n"
        "    /** announce, to all. */\n"
        "    announced: { id: string; text: string };\n"
        "    /** answerTicket, to users. */\n"
        "    ticketAnswered: { id: string; title: string; text: string };\n"
        "    /** escalateTicket, to role support; escalateTicket, to role admin; triageTicket, to role support. */\n"
        "    ticketEscalated: { id: string; title: string };\n"
        "  }\n"
        "}\n"
    )


def test_what_is_known_of_each(tidegate: Run, desk: Path) -> None:
    (desk / "operations/more.yaml").write_text(MORE)
    shown = tidegate("schema", desk, "--events")
    assert shown.exit_code == 0, shown.stderr
    lines = [line.strip() for line in shown.stdout.splitlines()]
    assert (
        '"it\'s shouted": { text: string; ids: (string)[]; status: "Todo" | "InProgress" | "Done" | null; '
        "found: unknown } | string;"
    ) in lines
    assert "quiet: null;" in lines
    assert any(line.startswith("ticketEscalated: ") and line.endswith("[];") for line in lines)
    assert any(line.startswith("ticketAnswered: ") and "unknown" in line for line in lines)
