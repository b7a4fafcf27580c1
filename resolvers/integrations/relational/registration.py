"""Writes down which columns the reads of a project can be keyed by: what a write has to tell of the rows it touches.

It is done while requests are prepared, before anything is known of the tables, so it is more than the reads will need.
"""

from __future__ import annotations

from collections.abc import Iterable

from tidegate.core.filters import EVERY_ROW, All, AnyOf, Comparison, Filter, Not, Operator, Related, Sent
from tidegate.core.integration import Surroundings
from tidegate.core.objects import Access, DataObject
from tidegate.resolvers.integrations.relational.reachable import beyond, named_by, reachable
from tidegate.resolvers.integrations.relational.subjects import columns_of, every_column
from tidegate.resolvers.integrations.relational.tables import Tables


def register(
    tables: Tables, surroundings: Surroundings, item: DataObject, where: Filter = EVERY_ROW, *, selects: bool = True
) -> None:
    """For a request that reads the rows `where` says. `selects`: of which a client may select relations."""
    registration = _Registration(tables, surroundings)
    registration.object(item)
    registration.filter(where, item)
    for other in beyond(surroundings, item) if selects else named_by(surroundings, item, where):
        registration.object(other)


class _Registration:
    def __init__(self, tables: Tables, surroundings: Surroundings) -> None:
        self.tables = tables
        self.surroundings = surroundings

    def object(self, item: DataObject) -> None:
        """Its key, what its access rules compare, and what the rows of its relations are found by."""
        self._add(item, item.key)
        for rule in item.access.get(Access.READ, ()):
            self.filter(rule.filter, item)
        for relation in item.relations.values():
            self._add(self.surroundings.objects[relation.target], [theirs for theirs, _ in relation.on])

    def filter(self, filter: Filter, item: DataObject, *, negated: bool = False) -> None:
        match filter:
            case Comparison(field=name, operator=Operator.EQ | Operator.IN) if not negated:
                self._add(item, [name])
            case All(filters=filters) | AnyOf(filters=filters):
                for part in filters:
                    self.filter(part, item, negated=negated)
            case Not(filter=inner):
                self.filter(inner, item, negated=True)
            case Related(relation=name, filter=inner):
                relation = item.relations[name]
                other = self.surroundings.objects[relation.target]
                self._add(other, [theirs for theirs, _ in relation.on])
                # Which rows of the other table pass is a question of its own, also where the answer is negated.
                self.filter(inner, other)
            case Sent():
                for other in reachable(self.surroundings, [item]):
                    self.tables.compared[other.table] |= every_column(other)
            case _:
                pass

    def _add(self, item: DataObject, fields: Iterable[str]) -> None:
        self.tables.compared[item.table] |= columns_of(item, fields)
