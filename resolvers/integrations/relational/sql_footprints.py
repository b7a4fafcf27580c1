"""What an author's SQL reads and what it touches, asked for the values of each call.

select id, title from tickets where email = {{ currentUser.email }}
-> Read(…, "tickets", {"id", "title", "email"}, (Key("email", {"ada@example.com"}),))

What cannot be told apart is coarse: every column, every row, and in the end anything in the database.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from tidegate.core.footprint import UNKNOWN, Read, Touch
from tidegate.resolvers.integrations.relational.comparable import has_form
from tidegate.resolvers.integrations.relational.drafts import Setting
from tidegate.resolvers.integrations.relational.inputs import Inputs
from tidegate.resolvers.integrations.relational.reach import reads_of
from tidegate.resolvers.integrations.relational.sql_names import Names
from tidegate.resolvers.integrations.relational.sql_places import Found, find_places
from tidegate.resolvers.integrations.relational.sql_scopes import Equalities
from tidegate.resolvers.integrations.relational.sql_text import SqlText
from tidegate.resolvers.integrations.relational.sql_values import Evaluation, Reader, Term, Values
from tidegate.resolvers.integrations.relational.sql_words import WORDS
from tidegate.resolvers.integrations.relational.sql_writes import Write, writes_of
from tidegate.resolvers.integrations.relational.tables import ReflectedTable, Tables


@dataclass(frozen=True, slots=True, eq=False)
class Looked:
    """The rows of `table` of which each column equals one of each of its terms. `columns` none: all of them."""

    table: ReflectedTable
    columns: frozenset[str] | None
    equal: dict[str, list[tuple[Term, ...]]]

    def reads(self, tables: Tables, evaluation: Evaluation) -> Sequence[Read]:
        keys = {}
        for column, conditions in self.equal.items():
            reflected = self.table.columns[column]
            told = [forms for terms in conditions if (forms := evaluation.forms(terms, reflected)) is not None]
            if told:
                keys[column] = frozenset.intersection(*told)
                if not keys[column]:
                    # No row passes, whatever is in the table.
                    return ()
        return reads_of(tables, self.table.name, self.columns, keys)


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """What a statement reads and writes, for what is known of the tables now. `is_opaque`: it may be anything.
    `counts`: it is all that its text writes, so if it says that it touched no row, none was touched, here or
    elsewhere."""

    is_opaque: bool
    looked: tuple[Looked, ...]
    writes: tuple[Write, ...]
    counts: bool = False


@dataclass(slots=True, eq=False)
class SqlFootprint:
    """Of one statement. Mutable: made anew when more is known of the tables."""

    setting: Setting
    text: SqlText
    _known: Known | None = field(default=None)
    _version: int = -1

    def reads(self, inputs: Inputs, values: Values) -> Sequence[Read]:
        known, tables = self._now(), self.setting.tables
        if known.is_opaque:
            return (Read(tables.source, None),)
        evaluation = Evaluation(inputs, values)
        return tuple(dict.fromkeys(read for each in known.looked for read in each.reads(tables, evaluation)))

    def reach(self) -> Sequence[Read]:
        """Whatever the values are."""
        inputs = self.inputs()
        return self.reads(inputs, [UNKNOWN] * len(inputs.expressions))

    def touches(self, inputs: Inputs, values: Values) -> tuple[Touch, ...]:
        """Of a statement that writes, if it touched any row."""
        known, tables = self._now(), self.setting.tables
        if known.is_opaque:
            return (Touch(tables.source, None),)
        evaluation = Evaluation(inputs, values)
        return tuple(touch for each in known.writes for touch in each.touches(tables, evaluation))

    @property
    def counts(self) -> bool:
        """As in `Known`."""
        return self._now().counts

    def register(self) -> None:
        """Writes down the columns that its reads are keyed by, now that the tables are known."""
        tables = self.setting.tables
        for each in self._now().looked:
            keyed = (name for name in each.equal if has_form(each.table.columns[name]))
            tables.compared[each.table.name].update(keyed)

    def inputs(self) -> Inputs:
        inputs = Inputs()
        self.place(inputs)
        return inputs

    def place(self, inputs: Inputs) -> None:
        for reference in self.text.holes.values():
            inputs.place(reference)

    def _now(self) -> Known:
        if self._known is None or self._version != self.setting.tables.version:
            self._version = self.setting.tables.version
            self._known = self._make()
        return self._known

    def _make(self) -> Known:
        words = WORDS[self.setting.dialect.name]
        found = find_places(self.text, self.setting.tables, words)
        if found.is_opaque or self.text.tree is None:
            return Known(True, (), ())
        reader = Reader(self.text.holes, words)
        writes = tuple(write for node, scope, place in found.written for write in writes_of(node, scope, place, reader))
        # What a trigger or a rule does it may do for no rows as well, or instead of what is counted.
        counts = [node for node, _, _ in found.written] == [self.text.tree] and all(
            place.table.effects is not None for _, _, place in found.written
        )
        return Known(False, () if writes else tuple(_looked(self.text, found, reader)), writes, counts)


def _looked(text: SqlText, found: Found, reader: Reader) -> list[Looked]:
    assert text.tree is not None
    names, looked = Names(text.tree), []
    for scope, place in found.places:
        equalities = Equalities(reader)
        equalities.around(scope)
        equalities.hold(scope, place.own)
        looked.append(Looked(place.table, names.used(scope, place), equalities.of(place)))
    return looked
