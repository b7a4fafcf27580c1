"""A write of an object that has actions, taken apart so that they can come in between.

The parts are requests like any author's, prepared by the object's integration. Each is made for a *twin* of the object,
which has other rules of access: the project itself sees every row and every field, wherever the caller's own rights are
held against another part.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import partial
from typing import Final

from tidegate.core.action import ActedWrite, Action, Answers, Deep, Demand, When
from tidegate.core.expressions import Expression, Items, Record, Reference, references
from tidegate.core.filters import EVERY_ROW, NO_ROW, All, Filter
from tidegate.core.fitting import fit, hold_rows, is_of_step
from tidegate.core.footprint import Read
from tidegate.core.integration import Compiled, Declaration, Integration, Prepared, Surroundings
from tidegate.core.objects import Access, DataObject, Rule
from tidegate.core.operation import Kind, Operation, Plan, Request
from tidegate.core.problems import Problems
from tidegate.core.selection import Selected, Selection
from tidegate.core.types import Argument, ListOf, Named, NonNull, TypeRef, nullable

_OPEN: Final = (Rule(0, EVERY_ROW),)
CLAIM: Final = "claim"
"""The verb of a list whose rows nobody else writes until the transaction has ended. No author writes it."""

_NUMBERS: Final = {"Int": Answers.COUNT, "Boolean": Answers.WHETHER}


def take_apart(
    declaration: Declaration,
    access: Access,
    actions: Mapping[When, tuple[Action, ...]],
    integration: Integration,
    surroundings: Surroundings,
) -> ActedWrite:
    """`declaration` is of a write that has been prepared, so nothing is wrong with it."""
    target, body, many = declaration.target, declaration.body, declaration.verb.endswith("Many")
    assert target is not None
    assert isinstance(body, Record)
    parts = _Parts(declaration, target, integration, surroundings)
    returns = declaration.returns or NonNull(Named("Boolean"))
    inner = nullable(returns)
    answers = Answers.ROWS if isinstance(inner, ListOf) else _NUMBERS.get(str(inner), Answers.ROW)
    shown = answers in (Answers.ROW, Answers.ROWS)
    return ActedWrite(
        target=target,
        access=access,
        many=many,
        answers=answers,
        required=isinstance(returns, NonNull),
        input=_input(declaration, access),
        fixed=body.fields.get("set") if access is Access.CREATE and many else None,
        find=None if access is Access.CREATE else parts.find(access),
        claim=None if access is Access.CREATE else parts.find(access, CLAIM),
        write=parts.write(access),
        stored=parts.stored(),
        answer=parts.one(target, surroundings) if shown else None,
        actions=actions,
    )


def hold_values(declaration: Declaration, surroundings: Surroundings) -> Declaration:
    """The declaration of a write that has been prepared, with what steps gave held against the columns it goes to."""
    body, target, types = declaration.body, declaration.target, surroundings.types
    assert target is not None
    assert isinstance(body, Record)

    def held(record: Record) -> Record:
        fields = {
            name: fit(value, target.columns[name].type, f'"{name}" of {target.name}', types, Problems(), {})
            if isinstance(value, Reference)
            else value
            for name, value in record.fields.items()
        }
        return replace(record, fields=fields)

    if declaration.verb == "create":
        return replace(declaration, body=held(body))
    fields = dict(body.fields)
    if isinstance(written := fields.get("set"), Record):
        fields["set"] = held(written)
    if isinstance(rows := fields.get("rows"), Reference) and is_of_step(rows):
        fields["rows"] = replace(rows, hold=partial(hold_rows, target, types))
    return replace(declaration, body=replace(body, fields=fields))


def demand_operation(
    action: Action, returns: TypeRef, target: DataObject, integration: Integration, surroundings: Surroundings
) -> Operation:
    """The mutation by which an action is asked for."""
    key = {name: Argument(name, nullable(target.columns[name].type), action.at) for name in target.key}
    described = {name: replace(each, description=f"Of the row of {target.name}.") for name, each in key.items()}
    name = demand_name(action)
    declaration = Declaration(name, target, "get", Record({}, {}, action.at), None, {}, action.at, action.rank)
    find = _Parts(declaration, target, integration, surroundings).one(_whole(target, keep_read=True), surroundings)
    demand = Demand(target, action, find)
    request = Request(target.integration, PreparedDemand(demand), action.at, demand)
    return Operation(
        name=name,
        kind=Kind.MUTATION,
        min_role=action.min_role,
        rank=action.rank,
        arguments={**described, **action.parameters},
        returns=returns,
        plan=Plan((request,), None),
        timeout=action.timeout,
        at=action.at,
        description=action.description or f"Runs {action.title}.",
    )


def demand_name(action: Action) -> str:
    """The mutation's name: `escalate` of tickets is `ticketsEscalate`."""
    return f"{action.owner}{action.name[:1].upper()}{action.name[1:]}"


def deep_row(
    declaration: Declaration, body: Expression, integration: Integration, surroundings: Surroundings
) -> Deep | None:
    """What an action's texts say of rows that its row belongs to; none if that is nothing. `declaration` is of
    anything about the object."""
    target = declaration.target
    assert target is not None
    paths = {reference.path for reference in references(body) if reference.root == "row"}
    if all(len(path) == 1 for path in paths):
        return None
    prepared = _Parts(declaration, target, integration, surroundings).stored()
    return Deep(prepared, _selection(target, paths, surroundings))


def _selection(target: DataObject, paths: Collection[tuple[str, ...]], surroundings: Surroundings) -> Selection:
    selected: list[Selected] = []
    for name in dict.fromkeys(path[0] for path in sorted(paths)):
        inner = {path[1:] for path in paths if path[0] == name and len(path) > 1}
        if inner:
            other = surroundings.objects[target.relations[name].target]
            selected.append(Selected(name, name, Named(other.type), {}, _selection(other, inner, surroundings)))
        else:
            selected.append(Selected(name, name, nullable(target.columns[name].type)))
    return Selection(target.type, tuple(selected))


class PreparedDemand:
    """Implements `Prepared` for what no integration is asked: an action does what it does."""

    writes = True

    def __init__(self, demand: Demand) -> None:
        self._demand = demand

    def compile(self, selection: Selection | None, rank: int) -> Compiled:  # noqa: ARG002 - it is always the same
        return _DescribedDemand(self._demand)

    def reach(self) -> tuple[Read, ...]:
        return ()


class _DescribedDemand:
    def __init__(self, demand: Demand) -> None:
        self._demand = demand

    inputs: tuple[Expression, ...] = ()

    def reads(self, values: object) -> tuple[Read, ...]:  # noqa: ARG002 - nobody watches it
        return ()

    def describe(self) -> str:
        return f"Runs {self._demand.action.title}, declared at {self._demand.action.at}."


class _Parts:
    """Prepares the parts of one write."""

    def __init__(
        self, declaration: Declaration, target: DataObject, integration: Integration, surroundings: Surroundings
    ) -> None:
        self._declaration = declaration
        self._target = target
        self._integration = integration
        self._surroundings = surroundings
        self._at = declaration.at

    def find(self, access: Access, verb: str = "list") -> Prepared:
        """The rows that the caller may read and write, whole."""
        rules = tuple(_both(self._target, access, len(self._surroundings.roles)))
        twin = replace(_whole(self._target), access={Access.READ: rules})
        body = self._record({"where": self._where()})
        return self._prepare(twin, verb, body, None)

    def write(self, access: Access) -> Prepared:
        twin = replace(_whole(self._target), access={**self._target.access, Access.READ: _OPEN})
        row = self._record({name: Reference("input", (name,), self._at) for name in self._target.columns})
        if access is Access.CREATE:
            return self._prepare(twin, "create", row, NonNull(Named(self._target.type)))
        both = self._record({"and": Items((self._where(), self._key()), self._at)})
        if access is Access.DELETE:
            return self._prepare(twin, "deleteMany", self._record({"where": both}), NonNull(Named("Int")))
        rows = NonNull(ListOf(NonNull(Named(self._target.type))))
        return self._prepare(twin, "updateMany", self._record({"where": both, "set": row}), rows)

    def stored(self) -> Prepared:
        """One row as the project sees it, and what it belongs to likewise."""
        objects = {name: _whole(each) for name, each in self._surroundings.objects.items()}
        return self.one(_whole(self._target), replace(self._surroundings, objects=objects))

    def one(self, target: DataObject, surroundings: Surroundings) -> Prepared:
        return self._prepare(target, "get", self._record({"where": self._key()}), Named(target.type), surroundings)

    def _prepare(
        self, target: DataObject, verb: str, body: Record, returns: TypeRef | None, around: Surroundings | None = None
    ) -> Prepared:
        declaration = replace(self._declaration, target=target, verb=verb, body=body, returns=returns)
        return self._integration.prepare(declaration, around or self._surroundings)

    def _where(self) -> Expression:
        assert isinstance(self._declaration.body, Record)
        return self._declaration.body.fields["where"]

    def _key(self) -> Record:
        return self._record({name: Reference("key", (name,), self._at) for name in self._target.key})

    def _record(self, fields: Mapping[str, Expression]) -> Record:
        return Record(fields, dict.fromkeys(fields, self._at), self._at)


def _input(declaration: Declaration, access: Access) -> Expression | None:
    body = declaration.body
    assert isinstance(body, Record)
    match access:
        case Access.CREATE:
            return body.fields["rows"] if declaration.verb == "createMany" else body
        case Access.UPDATE:
            return body.fields["set"]
        case _:
            return None


def _whole(target: DataObject, *, keep_read: bool = False) -> DataObject:
    """The object as the project itself sees it."""
    columns = {name: replace(column, rank=0) for name, column in target.columns.items()}
    access = {Access.READ: target.access.get(Access.READ, ()) if keep_read else _OPEN}
    return replace(target, columns=columns, access=access)


def _both(target: DataObject, access: Access, roles: int) -> list[Rule]:
    """Rules for the rows that a role may both read and write."""
    rules: list[Rule] = []
    last: Filter | None = None
    for rank in range(roles):
        parts = [target.rows(each, rank) for each in (Access.READ, access)]
        if NO_ROW in parts:
            continue
        kept = [part for part in parts if part != EVERY_ROW]
        filter = EVERY_ROW if not kept else kept[0] if len(kept) == 1 else All(tuple(kept))
        if filter != last:
            rules.append(Rule(rank, filter))
            last = filter
    return rules
