"""The columns of objects as footprints see them: which can be keyed, and which of one table follow another's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from tidegate.core.filters import All, AnyOf, Comparison, Filter, Not, Related, Sent
from tidegate.core.objects import DataObject, Relation
from tidegate.resolvers.integrations.relational.comparable import has_form, share_forms
from tidegate.resolvers.integrations.relational.drafts import Setting
from tidegate.resolvers.integrations.relational.equalities import Subject
from tidegate.resolvers.integrations.relational.scans import Pairs


@dataclass(slots=True)
class Subjects:
    """For what is known of the tables now. Mutable: it keeps what it made."""

    setting: Setting
    _made: dict[tuple[str, str], Subject] = field(default_factory=dict)

    def of(self, item: DataObject, name: str) -> Subject:
        """The column of a field."""
        found = self._made.get((item.name, name))
        if found is None:
            column, setting = item.columns[name], self.setting
            table = setting.tables.known.get(item.table)
            reflected = setting.reflected(item, column)
            # What equals what in a view is for the tables below it to say, and those have other columns.
            keyed = table is not None and not table.is_view and not table.opaque and has_form(reflected)
            found = Subject(column.column, reflected, setting.storing(item, column), keyed)
            self._made[item.name, name] = found
        return found

    def pairs(self, relation: Relation, item: DataObject) -> Pairs:
        """Where a column of the relation's rows holds what a column of `item` holds."""
        other = self.setting.object(relation.target)
        columns = [(self.of(other, theirs), self.of(item, ours)) for theirs, ours in relation.on]
        return tuple(
            (theirs.column, ours.column)
            for theirs, ours in columns
            if theirs.keyed and ours.keyed and share_forms(theirs.reflected, ours.reflected)
        )

    def theirs(self, relation: Relation) -> frozenset[str]:
        """The columns by which rows of the relation are found."""
        return columns_of(self.setting.object(relation.target), (theirs for theirs, _ in relation.on))


def columns_of(item: DataObject, fields: Iterable[str]) -> frozenset[str]:
    return frozenset(item.columns[name].column for name in fields)


def every_column(item: DataObject) -> frozenset[str]:
    return columns_of(item, item.columns)


def compared_columns(filter: Filter, item: DataObject) -> frozenset[str]:
    """The columns of `item` itself that a filter looks at, but for what a client sends."""
    match filter:
        case Comparison(field=name):
            return columns_of(item, (name,))
        case Related(relation=name):
            return columns_of(item, (ours for _, ours in item.relations[name].on))
        case All(filters=filters) | AnyOf(filters=filters):
            return frozenset().union(*(compared_columns(part, item) for part in filters))
        case Not(filter=inner):
            return compared_columns(inner, item)
        case Sent():
            return frozenset()
