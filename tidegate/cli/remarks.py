"""What is in order and yet cannot be what the author of a project wants."""

from __future__ import annotations

from collections.abc import Iterator

from tidegate.core.catalog import Catalog


def remarks(catalog: Catalog) -> Iterator[str]:
    """A sentence or two for each."""
    auth, roles = catalog.auth, catalog.roles
    if auth.jwt is None:
        highest, reason = 0, "the project takes no tokens. Give auth a jwt."
    elif "role" not in auth.current_user:
        highest = roles.index(auth.default_role)
        reason = "no token names a role. Add role: role to currentUser of auth."
    else:
        return
    triggered = {schedule.operation for schedule in catalog.schedules}
    triggered |= {webhook.operation for webhook in catalog.webhooks.values()}
    others = (operation for operation in catalog.operations.values() if operation.name not in triggered)
    barred = sorted(operation.name for operation in others if operation.rank > highest)
    if barred:
        yield f"Nobody can call {_listed(barred)}: {reason}"


def _listed(names: list[str]) -> str:
    """At most three names, and how many more there are."""
    shown = names if len(names) <= 3 else [*names[:2], f"{len(names) - 2} more"]
    return " and ".join(filter(None, (", ".join(shown[:-1]), shown[-1])))
