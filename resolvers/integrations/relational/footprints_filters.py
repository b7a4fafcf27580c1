"""Filters and access rules -> conditions, for one role."""

from __future__ import annotations

from dataclasses import dataclass, field

from tidegate.core.expressions import Expression, Literal
from tidegate.core.filters import EVERY_ROW, All, AnyOf, Comparison, Filter, Not, Operator, Related, Sent
from tidegate.core.objects import Access, DataObject
from tidegate.resolvers.integrations.relational.comparisons import Use
from tidegate.resolvers.integrations.relational.conditions import (
    Condition,
    Conjunction,
    Disjunction,
    Equality,
    Inequality,
    Negation,
    Operand,
    RelatedRow,
)
from tidegate.resolvers.integrations.relational.conditions_sent import SentRows
from tidegate.resolvers.integrations.relational.drafts import Setting
from tidegate.resolvers.integrations.relational.inputs import Inputs
from tidegate.resolvers.integrations.relational.subjects import Subjects, compared_columns


@dataclass(slots=True)
class Conditions:
    """Made for what is known of the tables now. Mutable: it keeps the rules, and adds what is missing to the inputs."""

    setting: Setting
    rank: int
    inputs: Inputs
    subjects: Subjects
    _rules: dict[str, Condition] = field(default_factory=dict)

    def readable(self, item: DataObject) -> Condition:
        """Of the rows that the role may read."""
        found = self._rules.get(item.name)
        if found is None:
            found = self._rules[item.name] = self.of(item.rows(Access.READ, self.rank), item, Use.RULE)
        return found

    def ruled_columns(self, item: DataObject) -> frozenset[str]:
        """The columns that decide which rows the role may read."""
        return compared_columns(item.rows(Access.READ, self.rank), item)

    def of(self, filter: Filter, item: DataObject, use: Use) -> Condition:
        match filter:
            case All(filters=filters):
                return Conjunction(tuple(self.of(part, item, use) for part in filters))
            case AnyOf(filters=filters):
                return Disjunction(tuple((self.of(part, item, use), part == EVERY_ROW) for part in filters))
            case Not(filter=inner):
                return Negation(self.of(inner, item, use), inner == EVERY_ROW)
            case Related():
                return self._related(filter, item, use)
            case Comparison():
                return self._compared(filter, item)
            case Sent(value=reference):
                place = self.inputs.place(reference)
                return SentRows(place, item, self.setting, self.rank, self.subjects, self.readable)

    def _related(self, related: Related, item: DataObject, use: Use) -> Condition:
        relation = item.relations[related.relation]
        target = self.setting.object(relation.target)
        columns = self.subjects.theirs(relation) | compared_columns(related.filter, target)
        rule = None if use is Use.RULE else self.readable(target)
        if rule is not None:
            columns |= self.ruled_columns(target)
        part = self.of(related.filter, target, use)
        pairs = self.subjects.pairs(relation, item)
        return RelatedRow(target.table, columns, pairs, part, rule, related.filter == EVERY_ROW)

    def _compared(self, comparison: Comparison, item: DataObject) -> Condition:
        operand = self._operand(comparison.value)
        subject = self.subjects.of(item, comparison.field)
        match comparison.operator:
            case Operator.EQ:
                return Equality(subject.equal, operand, comparison.optional)
            case Operator.IN:
                return Equality(subject.one_of, operand, comparison.optional)
            case _:
                return Inequality(operand, comparison.optional)

    def _operand(self, expression: Expression) -> Operand:
        if isinstance(expression, Literal):
            return Operand(None, expression.value)
        return Operand(self.inputs.place(expression))
