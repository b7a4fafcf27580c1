"""What the operations of a project read and write, and which mutations concern which queries: no call is made."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import zip_longest
from typing import Final

from tidegate.core.action import Demand
from tidegate.core.call import Runnable
from tidegate.core.catalog import Catalog
from tidegate.core.expressions import Expression, Literal, Reference, Scope, references, resolve
from tidegate.core.footprint import UNKNOWN, Key, Read, Touch, Unknown, Verdict, judge
from tidegate.core.integration import Compiled, Foretelling, Prepared
from tidegate.core.json import Given, Missing
from tidegate.core.operation import Kind, Operation
from tidegate.core.reach import reach_of, requests_of
from tidegate.core.types import Argument, EnumType, ListOf, NonNull, ObjectType, named, nullable
from tidegate.description.actions import askings_of, may_call

# Values that nobody writes, in the forms that columns compare: whole numbers and texts, and UUIDs.
_FORMS: Final = ("8800417{:011d}", "88004170-0000-4000-8000-{:012d}")
_VALUES: Final = frozenset({"ID", "String", "Int", "BigInt", "UUID"})


class Grade(StrEnum):
    """How closely a query is watched, from the best."""

    EXACT = "exact"
    KEYED = "keyed"
    TABLE = "table"
    OPAQUE = "opaque"


@dataclass(frozen=True, slots=True)
class Condition:
    """Rows whose `column` holds one of `values`, as the author writes them. `optional`: only if the client sends
    them."""

    column: str
    values: tuple[str, ...]
    optional: bool


@dataclass(frozen=True, slots=True)
class Seen:
    """A read, for people. `table` none: anything."""

    table: str | None
    columns: frozenset[str] | None
    conditions: tuple[Condition, ...]
    grade: Grade


@dataclass(frozen=True, slots=True)
class Explained:
    """`others` of a query are the mutations that may refresh it, of a mutation the queries that it may refresh; `more`
    are those that come with relations, and with higher roles. `touches` are each there once, and say nothing of rows.
    `why` says why it is opaque."""

    operation: Operation
    grade: Grade | None
    reads: tuple[Seen, ...]
    touches: tuple[Touch, ...]
    others: tuple[str, ...]
    more: tuple[str, ...]
    why: str = ""


class Explanation:
    """Of a catalog whose tables are known, or assumed. `ready` makes an operation ready for a role's rank and all
    fields that are not relations; that costs, so it is called for what is needed, and once."""

    def __init__(self, catalog: Catalog, ready: Callable[[Operation, int], Runnable]) -> None:
        self._catalog = catalog
        self._ready = ready
        self._runnables: dict[tuple[str, int], Runnable] = {}
        self._reads: dict[tuple[str, bool], tuple[Read, ...]] = {}
        self._reaches: dict[str, tuple[Read, ...]] = {}
        self._touches: dict[str, tuple[Touch, ...]] = {}

    def of(self, name: str) -> Explained:
        operation = self._catalog.operations[name]
        for _ in self.preparing(name):
            pass
        return self._query(operation) if operation.kind is Kind.QUERY else self._mutation(operation)

    def preparing(self, name: str) -> Iterator[None]:
        """What `of` has to do before it can answer, in parts: of hundreds of operations it takes seconds."""
        operation = self._catalog.operations[name]
        if operation.kind is Kind.QUERY:
            yield from self._make_ready(operation, wide=False)
            yield from self._make_ready(operation, wide=True)
            return
        for each in map(self._catalog.operations.__getitem__, self._named(Kind.QUERY)):
            if self._may_concern(operation, each):
                yield from self._make_ready(each, wide=False)
                if not self._concerns(operation, each, wide=False):
                    yield from self._make_ready(each, wide=True)

    def _make_ready(self, query: Operation, *, wide: bool) -> Iterator[None]:
        for rank in self._ranks(query, wide=wide):
            if (query.name, rank) not in self._runnables:
                self._runnables[query.name, rank] = self._ready(query, rank)
                yield

    def _ranks(self, query: Operation, *, wide: bool) -> range:
        return range(query.rank, len(self._catalog.roles) if wide else query.rank + 1)

    def _query(self, operation: Operation) -> Explained:
        runnable = self._runnables[operation.name, operation.rank]
        if operation.plan.flow is not None:
            # The values of its steps are known when it is called.
            seen = tuple(self._shown([read], {}) for read in self._read_by(operation, wide=False))
        else:
            seen = tuple(dict.fromkeys(each for step in runnable.steps for each in self._seen(operation, step)))
        grade = max((each.grade for each in seen), key=list(Grade).index, default=Grade.EXACT)
        others = [
            each
            for each in self._named(Kind.MUTATION)
            if self._concerns(self._catalog.operations[each], operation, wide=False)
        ]
        wide = [
            each
            for each in self._named(Kind.MUTATION)
            if self._concerns(self._catalog.operations[each], operation, wide=True)
        ]
        more = tuple(name for name in wide if name not in others)
        why = _why(operation, self._catalog) if grade is Grade.OPAQUE else ""
        return Explained(operation, grade, seen, (), tuple(others), more, why)

    def _mutation(self, operation: Operation) -> Explained:
        queries = [self._catalog.operations[name] for name in self._named(Kind.QUERY)]
        others = tuple(each.name for each in queries if self._concerns(operation, each, wide=False))
        wide = (each.name for each in queries if self._concerns(operation, each, wide=True))
        touches = self._touched_by(operation)
        why = _why(operation, self._catalog) if any(touch.table is None for touch in touches) else ""
        shown = tuple(dict.fromkeys(replace(touch, images=None) for touch in touches))
        return Explained(operation, None, (), shown, others, tuple(name for name in wide if name not in others), why)

    def _named(self, kind: Kind) -> list[str]:
        return [name for name, operation in self._catalog.operations.items() if operation.kind is kind]

    def _may_concern(self, mutation: Operation, query: Operation) -> bool:
        """Known of every query before it is compiled: whatever it reads is within its reach."""
        return mutation.refresh.derived and _meet(self._reached_by(query), self._touched_by(mutation))

    def _concerns(self, mutation: Operation, query: Operation, *, wide: bool) -> bool:
        if query.name in mutation.refresh.queries:
            return True
        if not self._may_concern(mutation, query):
            return False
        touches = self._touched_by(mutation)
        return _meet(self._read_by(query, wide=False), touches) or (
            wide and _meet(self._read_by(query, wide=True), touches)
        )

    def _read_by(self, query: Operation, *, wide: bool) -> tuple[Read, ...]:
        key = query.name, wide
        if key not in self._reads:
            runnables = [self._runnables[query.name, rank] for rank in self._ranks(query, wide=wide)]
            reads = _all_reads(runnables, self._catalog)
            self._reads[key] = (*reads, *self._reach(query)) if wide else reads
        return self._reads[key]

    def _reached_by(self, query: Operation) -> tuple[Read, ...]:
        if query.name not in self._reaches:
            self._reaches[query.name] = tuple(reach_of(query, self._catalog))
        return self._reaches[query.name]

    def _touched_by(self, mutation: Operation) -> tuple[Touch, ...]:
        if mutation.name not in self._touches:
            self._touches[mutation.name] = tuple(_touches(mutation, self._catalog))
        return self._touches[mutation.name]

    def _reach(self, operation: Operation) -> Iterator[Read]:
        """What is read with all relations, if there are any."""
        returned = named(operation.returns)
        types = {item.type for item in self._catalog.objects.values() if item.relations}
        # A connection's type is none of an object's, and leads to one.
        definition = self._catalog.types.get(returned)
        inner = definition.fields.values() if isinstance(definition, ObjectType) else ()
        if not types.isdisjoint({returned, *(named(field.type) for field in inner)}):
            yield from reach_of(operation, self._catalog)

    def _seen(self, operation: Operation, step: Compiled) -> Iterator[Seen]:
        """The reads for values that can be told from each other, in each of the forms that values have."""
        names: dict[Hashable, tuple[str, bool]] = {}
        told = [_reads(step, self._marked(operation, step, form, names)) for form in _FORMS]
        for table in dict.fromkeys(read.table for reads in told for read in reads):
            for pair in zip_longest(*([read for read in reads if read.table == table] for reads in told)):
                yield self._shown([read for read in pair if read is not None], names)
        # Where values are compared with each other, or with the author's, ours may leave no row to be read.
        seen = {read.table for reads in told for read in reads}
        for read in _reads(step, _unknown(step)):
            if read.table not in seen:
                yield self._shown([read], names)

    def _marked(
        self, operation: Operation, step: Compiled, form: str, names: dict[Hashable, tuple[str, bool]]
    ) -> list[Given | Unknown]:
        values: list[Given | Unknown] = []
        for place, expression in enumerate(step.inputs):
            mark = form.format(place)
            given, optional = self._value(operation, expression, mark)
            values.append(given)
            name = (str(expression) if isinstance(expression, Reference) else "a text", optional)
            names[mark] = name
            if mark.isdigit():
                names[int(mark)] = name
        return values

    def _value(self, operation: Operation, expression: Expression, mark: str) -> tuple[Given | Unknown, bool]:
        """What stands for the value, and whether a client may leave it out."""
        scope: Scope = {"config": self._catalog.config}
        if isinstance(expression, Literal) or all(each.root == "config" for each in references(expression)):
            return resolve(expression, scope), False
        if not isinstance(expression, Reference):
            return UNKNOWN, False
        if expression.root != "args":
            return mark, False
        argument = operation.arguments.get(expression.path[0]) if expression.path else None
        if argument is None or len(expression.path) > 1:
            return mark, True
        return self._sent(argument, mark), not isinstance(argument.type, NonNull) and isinstance(
            argument.default, Missing
        )

    def _sent(self, argument: Argument, mark: str) -> Given | Unknown:
        name = named(argument.type)
        if name in _VALUES or isinstance(self._catalog.types.get(name), EnumType):
            if not isinstance(argument.default, Missing) and isinstance(nullable(argument.type), ListOf):
                return argument.default
            return [mark] if isinstance(nullable(argument.type), ListOf) else mark
        return UNKNOWN

    def _shown(self, forms: Sequence[Read], names: Mapping[Hashable, tuple[str, bool]]) -> Seen:
        """`forms` are one read: each form of the values shows other keys."""
        keys = {key.column: key for read in forms for key in read.keys}
        conditions = tuple(_condition(key, names) for key in keys.values())
        return Seen(forms[0].table, forms[0].columns, conditions, self._grade(forms[0], conditions))

    def _grade(self, read: Read, conditions: Sequence[Condition]) -> Grade:
        if read.table is None:
            return Grade.OPAQUE
        sure = {each.column for each in conditions if not each.optional}
        if not sure:
            return Grade.TABLE
        return Grade.EXACT if any(key and sure >= key for key in self._keys(read.table)) else Grade.KEYED

    def _keys(self, identity: str) -> Iterator[frozenset[str]]:
        """What names one row of a table."""
        from tidegate.description.tables import tables_by_identity

        for integration in self._catalog.integrations.values():
            table = tables_by_identity(integration).get(identity)
            if table is not None:
                yield from (frozenset(key) for key in (table.primary_key, *table.unique))


def _condition(key: Key, names: Mapping[Hashable, tuple[str, bool]]) -> Condition:
    told = [names.get(value, (_literal(value), False)) for value in key.values]
    return Condition(key.column, tuple(sorted(text for text, _ in told)), any(optional for _, optional in told))


def _literal(value: Hashable) -> str:
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


def _reads(step: Compiled, values: Sequence[Given | Unknown]) -> tuple[Read, ...]:
    return tuple(step.reads(values))


def _all_reads(runnables: Sequence[Runnable], catalog: Catalog) -> tuple[Read, ...]:
    if runnables and runnables[0].operation.plan.flow is not None:
        return reach_of(runnables[0].operation, catalog)
    steps = (step for runnable in runnables for step in runnable.steps)
    return tuple(dict.fromkeys(each for step in steps for each in _reads(step, _unknown(step))))


def _unknown(step: Compiled) -> Sequence[Unknown]:
    return [UNKNOWN] * len(step.inputs)


def _touches(operation: Operation, catalog: Catalog) -> Iterator[Touch]:
    from tidegate.resolvers.integrations.relational.impact import impact

    if operation.kind is Kind.QUERY:
        return
    for request in requests_of(operation, catalog.operations):
        if request.prepared.writes and not isinstance(request.acted, Demand):
            touches = impact(request.prepared)
            if touches is None and isinstance(request.prepared, Foretelling):
                touches = request.prepared.foretell()
            source = catalog.integrations[request.integration].source
            yield from (Touch(source, None),) if touches is None else touches
        for asking in askings_of(request):
            # What is not told of databases is an e-mail: nobody reads it here.
            yield from impact(asking.prepared) or ()
    if may_call(operation, catalog.operations):
        yield from (Touch(catalog.integrations[name].source, None) for name in _called(operation, catalog))


def _called(operation: Operation, catalog: Catalog) -> Sequence[str]:
    """The integrations that what its code calls may write to."""
    return [each.integration for each in operation.plan.run] or list(catalog.integrations)


def _meet(reads: Iterable[Read], touches: Sequence[Touch]) -> bool:
    return any(judge(read, touch) is Verdict.CONCERNED for read in reads for touch in touches)


def _why(operation: Operation, catalog: Catalog) -> str:
    from tidegate.resolvers.integrations.relational.impact import why_opaque

    opaque: list[Prepared] = [
        request.prepared
        for request in requests_of(operation, catalog.operations)
        if not isinstance(request.acted, Demand)
        and (request.prepared.writes if operation.kind is Kind.MUTATION else _is_opaque(request.prepared))
    ]
    if may_call(operation, catalog.operations):
        return f"programs of its {'actions' if operation.plan.run else 'steps'} may call any operation"
    return "; ".join(dict.fromkeys(why_opaque(each) for each in opaque))


def _is_opaque(prepared: Prepared) -> bool:
    return any(read.table is None for read in prepared.reach())
