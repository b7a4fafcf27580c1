"""What may be seen while many write at once, when nobody knows what the worlds between were."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from tests.attacks.oracle import MANY, RELATIONS, Row, World
from tests.realtime.stories.desk import Project
from tests.realtime.stories.oracle import Asker, Claims, Question, Selection

Change = tuple[str, str | None, Mapping[str, Any]]
"""A table, the row's id, or none for a new row, and new values."""
_LISTS = {"mine", "found", "talk", "said", "people"}
_ROWS = {"ticket", "firstTicket", "me"}


@dataclass(frozen=True)
class Gap:
    """`world` holds every version that a row may have had, each beside the others."""

    world: World

    @classmethod
    def of(cls, before: World, after: World, changes: Iterable[Change]) -> Gap:
        changes = tuple(changes)
        return cls(World({table: _versions(table, before, after, changes) for table in before.rows}))

    def may_show(self, project: Project, claims: Claims, question: Question, shown: Any) -> bool:
        """Whether each row of an answer is one that its reader may see in some version. Counts are not judged. Any:
        JSON."""
        if not question.allowed(claims) or "errors" in shown:
            return False
        answer = shown["data"][question.name]
        nodes = (
            answer
            if question.name in _LISTS
            else [answer]
            if question.name in _ROWS and answer is not None
            else answer["nodes"]
            if question.name == "page"
            else []
        )
        table = question.kind.table
        askers = self._askers(project, claims)
        return table is None or all(self._may_show(askers, table, node, question.selection) for node in nodes)

    def _askers(self, project: Project, claims: Claims) -> list[Asker]:
        """One for every version of the caller's properties."""
        own: list[Row] = [row for row in self.world.rows["users"] if row["email"] == claims.email]
        properties: list[Row] = own if project.properties and own else [{}]
        return [Asker(self.world, claims.email, claims.role, claims.team, project, each) for each in properties]

    def _may_show(self, askers: list[Asker], table: str, node: Mapping[str, Any], selection: Selection) -> bool:
        plain = [name for name, inner in selection.items() if inner is None]
        versions = [
            row
            for row in self.world.rows[table]
            if all(row[name] == node[name] for name in plain if not (name == "id" and row["id"] is None))
        ]
        if not any(asker.sees(table, row) for row in versions for asker in askers):
            return False
        for name, inner in selection.items():
            if inner is not None:
                below = node[name] if (table, name) in MANY else [] if node[name] is None else [node[name]]
                target = RELATIONS[table][name][0]
                if not all(self._may_show(askers, target, each, inner) for each in below):
                    return False
        return True


def _versions(table: str, before: World, after: World, changes: tuple[Change, ...]) -> list[Row]:
    rows = [*before.rows[table], *after.rows[table]]
    # A new row that is gone again has an id that nobody knows.
    rows += [{"id": None, **values} for name, id, values in changes if name == table and id is None]
    versions: list[Row] = []
    for row in rows:
        values: dict[str, list[Any]] = {name: [value] for name, value in row.items()}
        for name, id, changed in changes:
            if name == table and id is not None and row["id"] in (id, None):
                for column, value in changed.items():
                    if value not in values[column]:
                        values[column].append(value)
        versions += [dict(zip(values, each, strict=True)) for each in product(*values.values())]
    return versions
