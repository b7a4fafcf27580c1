"""What the structured requests read: a footprint is made once for a verb, a selection and a role, and asked for the
values of each call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from tidegate.core.expressions import Reference
from tidegate.core.footprint import UNKNOWN, Read, Unknown
from tidegate.core.objects import DataObject, Relation
from tidegate.core.query import OrderBy, sent_order
from tidegate.core.selection import Selection
from tidegate.resolvers.integrations.relational.comparisons import Use
from tidegate.resolvers.integrations.relational.conditions import Condition, Values
from tidegate.resolvers.integrations.relational.drafts import Setting
from tidegate.resolvers.integrations.relational.equalities import Alternatives, listed_values
from tidegate.resolvers.integrations.relational.footprints_filters import Conditions
from tidegate.resolvers.integrations.relational.inputs import Inputs
from tidegate.resolvers.integrations.relational.reach import reads_of
from tidegate.resolvers.integrations.relational.reachable import beyond, named_by
from tidegate.resolvers.integrations.relational.reads import node_selections
from tidegate.resolvers.integrations.relational.rows import TYPENAME, needed
from tidegate.resolvers.integrations.relational.scans import Pairs, Scan, reads_of_scan
from tidegate.resolvers.integrations.relational.subjects import Subjects, columns_of, compared_columns, every_column
from tidegate.resolvers.integrations.relational.verbs import Aggregating, Counting, Getting, Listing, Shape

Reading: TypeAlias = Listing | Getting | Counting | Aggregating


class Footprint(Protocol):
    def reads(self, values: Values) -> Sequence[Read]:
        """As `Compiled.reads` says."""
        ...


MakeFootprint: TypeAlias = Callable[[Inputs], Footprint]
"""The inputs are those of the compiled request. What is not among them yet is added."""


@dataclass(frozen=True, slots=True, eq=False)
class Looked:
    """The rows that a request looks at in one table, and those of others that it shows with them."""

    table: str | None
    columns: frozenset[str]
    conditions: tuple[Condition, ...]
    joined: tuple[tuple[Pairs, Looked], ...]

    def scan(self, values: Values) -> Scan:
        scan = Scan(self.table, self.columns)
        for condition in self.conditions:
            scan.keep(condition.weigh(values, scan))
        scan.joined += [(pairs, other.scan(values)) for pairs, other in self.joined]
        return scan


class TableFootprint:
    """`look` says what is looked at. Made anew when more is known of the tables. Mutable."""

    def __init__(self, setting: Setting, rank: int, inputs: Inputs, look: Callable[[Conditions], Looked]) -> None:
        self._setting = setting
        self._rank = rank
        self._inputs = inputs
        self._look = look
        self._version = setting.tables.version
        self._looked = self._make()

    def reads(self, values: Values) -> Sequence[Read]:
        tables = self._setting.tables
        if self._version != tables.version:
            self._version = tables.version
            self._looked = self._make()
        return reads_of_scan(tables, self._looked.scan(values))

    def _make(self) -> Looked:
        return self._look(Conditions(self._setting, self._rank, self._inputs, Subjects(self._setting)))


def footprint(setting: Setting, rank: int, verb: Reading, selection: Selection) -> MakeFootprint:
    return lambda inputs: TableFootprint(setting, rank, inputs, lambda conditions: _verb(conditions, verb, selection))


def relations_footprint(setting: Setting, rank: int, item: DataObject, selection: Selection) -> MakeFootprint:
    """Of the relations alone that are selected from rows of `item`, which come from somewhere else."""

    def look(conditions: Conditions) -> Looked:
        return Looked(None, frozenset(), (), _joined(conditions, selection, item))

    return lambda inputs: TableFootprint(setting, rank, inputs, look)


def _verb(conditions: Conditions, verb: Reading, selection: Selection) -> Looked:
    item = verb.target
    columns = compared_columns(verb.where, item) | conditions.ruled_columns(item)
    passing = [conditions.of(verb.where, item, Use.READ), conditions.readable(item)]
    match verb:
        case Counting():
            return Looked(item.table, columns, tuple(passing), ())
        case Aggregating(group_by=group_by, measures=measures):
            shown = columns_of(item, [*group_by, *(each.field for each in measures.values() if each.field is not None)])
            return Looked(item.table, columns | shown, tuple(passing), ())
        case Getting():
            shown = _needed([selection], item) | columns_of(item, item.key)
            return Looked(item.table, columns | shown, tuple(passing), _joined(conditions, selection, item))
        case Listing(outcome=outcome):
            shows = [selection] if outcome.shape is not Shape.PAGE else _nodes(selection)
            joined = tuple(each for part in shows for each in _joined(conditions, part, item))
            columns |= _needed(shows, item)
            if outcome.shape is not Shape.PAGE or any(each.field not in _UNSORTED for each in selection.fields):
                columns |= _sorted_columns(verb.order, item)
                if isinstance(verb.order, Reference):
                    passing.append(SentOrder(conditions.inputs.place(verb.order), item))
            return Looked(item.table, columns, tuple(passing), joined)


_UNSORTED = ("totalCount", TYPENAME)
"""The fields of a connection that do not depend on the order of its rows."""


def _nodes(selection: Selection) -> list[Selection]:
    return [inner for selected in selection.fields for inner in node_selections(selected)]


def _needed(selections: Iterable[Selection], item: DataObject) -> frozenset[str]:
    return frozenset(name for selection in selections for name in needed(selection, item))


def _sorted_columns(order: OrderBy, item: DataObject) -> frozenset[str]:
    """But for what the client sends."""
    named = () if isinstance(order, Reference) else [key.field for key in order]
    return columns_of(item, [*named, *item.key])


def _joined(conditions: Conditions, selection: Selection, item: DataObject) -> tuple[tuple[Pairs, Looked], ...]:
    """The rows of the relations that are selected."""
    return tuple(
        (conditions.subjects.pairs(relation, item), _related(conditions, relation, selected.selection))
        for selected in selection.fields
        if selected.selection is not None and (relation := item.relations.get(selected.field)) is not None
    )


def _related(conditions: Conditions, relation: Relation, selection: Selection) -> Looked:
    target = conditions.setting.object(relation.target)
    columns = _needed([selection], target) | conditions.subjects.theirs(relation) | conditions.ruled_columns(target)
    if relation.many:
        columns |= _sorted_columns(relation.order, target)
    return Looked(target.table, columns, (conditions.readable(target),), _joined(conditions, selection, target))


@dataclass(frozen=True, slots=True, eq=False)
class SentOrder:
    """The sort keys that a client sends: no row passes or fails for them, but their columns matter."""

    place: int
    item: DataObject

    def weigh(self, values: Values, scan: Scan) -> Alternatives | None:
        value = values[self.place]
        if isinstance(value, Unknown):
            scan.mind(every_column(self.item))
        else:
            named = (sent_order(str(word), self.item.at).field for word in listed_values(value))
            scan.mind(columns_of(self.item, (name for name in named if name in self.item.columns)))
        return None


def reach(setting: Setting, verb: Reading) -> Sequence[Read]:
    """As `Prepared.reach` says: every row of every table that the answer can lead to. Of the request's own table only
    those that its author's literals let pass."""
    item, inputs, tables = verb.target, Inputs(), setting.tables
    condition = Conditions(setting, 0, inputs, Subjects(setting)).of(verb.where, item, Use.READ)
    own = Scan(item.table, None)
    own.keep(condition.weigh([UNKNOWN] * len(inputs.expressions), own))
    own.joined.clear()
    reads = dict.fromkeys(reads_of_scan(tables, own))
    selects = isinstance(verb, Listing | Getting)
    surroundings = setting.surroundings
    for other in beyond(surroundings, item) if selects else named_by(surroundings, item, verb.where):
        reads |= dict.fromkeys(reads_of(tables, other.table, None, {}))
    return tuple(reads)
