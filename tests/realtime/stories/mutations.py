"""Writes as GraphQL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tests.realtime.stories.steps import Write

MUTATIONS: Final[Mapping[str, tuple[Mapping[str, str], str]]] = {
    "retitle": ({"id": "ID!", "title": "String!"}, "id"),
    "setStatus": ({"id": "ID!", "status": "Status!"}, "id"),
    "setPriority": ({"id": "ID!", "priority": "Priority!"}, ""),
    "give": ({"id": "ID!", "to": "String!"}, "id email"),
    "assign": ({"id": "ID!", "to": "String", "note": "String"}, "id"),
    "remove": ({"id": "ID!"}, "id comments { id }"),
    "file": ({"title": "String!", "description": "String!", "email": "String!", "status": "Status"}, "id"),
    "fileMany": ({"rows": "[AnyTicket!]!"}, ""),
    "giveAll": ({"where": "TicketFilter!", "to": "String!"}, ""),
    "closeAll": ({"where": "TicketFilter!"}, "id"),
    "removeAll": ({"where": "TicketFilter!"}, ""),
    "comment": ({"ticketId": "ID!", "text": "String!", "internal": "Boolean!"}, "id"),
    "hide": ({"id": "ID!", "internal": "Boolean!"}, "id"),
    "carry": ({"id": "ID!", "to": "ID!"}, "id"),
    "withdraw": ({"id": "ID!"}, "id"),
    "move": ({"id": "ID!", "team": "String"}, "id"),
    "sqlClose": ({"email": "String!"}, ""),
    "sqlRemove": ({"email": "String!", "status": "Status!"}, ""),
    "sqlCopy": ({"status": "Status!"}, ""),
    "sqlEnrol": ({"email": "String!", "team": "String"}, ""),
    **dict.fromkeys(
        ("fnBoth", "fnTogether", "fnUndone", "fnHalf", "fnTail"),
        ({"id": "ID!", "title": "String!", "status": "Status!"}, ""),
    ),
}
"""name: (types of its arguments, what is selected)"""

BY_STEPS: Final = frozenset({"fnBoth", "fnHalf", "fnTail"})
"""Those that commit more than once, or some of it where they fail."""


def mutation_of(write: Write) -> str:
    types, fields = MUTATIONS[write.name]
    given = [name for name in types if name in write.args]
    declared = ", ".join(f"${name}: {types[name]}" for name in given)
    passed = ", ".join(f"{name}: ${name}" for name in given)
    selected = f" {{ {fields} }}" if fields else ""
    return f"mutation({declared}) {{ {write.name}({passed}){selected} }}"
