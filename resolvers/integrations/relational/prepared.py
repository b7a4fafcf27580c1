"""A request of the project, checked and ready to be compiled for selections and roles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tidegate.core.footprint import Read
from tidegate.core.integration import Compiled, Declaration, Surroundings
from tidegate.core.objects import DataObject
from tidegate.core.problems import Problem
from tidegate.core.selection import Selected, Selection
from tidegate.core.types import Named, ObjectType, named
from tidegate.resolvers.integrations.relational.aggregates import aggregate_statement
from tidegate.resolvers.integrations.relational.compiled import (
    body_answer,
    compiled_read,
    number_answer,
    row_answer,
)
from tidegate.resolvers.integrations.relational.compiled_writes import CompiledWrite, WriteVerb
from tidegate.resolvers.integrations.relational.connection import Connection
from tidegate.resolvers.integrations.relational.dialects import Dialect
from tidegate.resolvers.integrations.relational.drafts import Setting
from tidegate.resolvers.integrations.relational.filters import has_sent
from tidegate.resolvers.integrations.relational.footprints import footprint, reach
from tidegate.resolvers.integrations.relational.locked_writes import LockedWrite
from tidegate.resolvers.integrations.relational.raw import PreparedSql, finish_of
from tidegate.resolvers.integrations.relational.reads import (
    count_statement,
    get_statement,
    list_statement,
    page_statement,
)
from tidegate.resolvers.integrations.relational.registration import register
from tidegate.resolvers.integrations.relational.requests import parse_request
from tidegate.resolvers.integrations.relational.scripts import PreparedScript, read_script
from tidegate.resolvers.integrations.relational.tables import Tables
from tidegate.resolvers.integrations.relational.verbs import (
    Aggregating,
    Counting,
    Creating,
    CreatingMany,
    Deleting,
    Getting,
    Listing,
    Outcome,
    Shape,
    Statement,
    Updating,
)


def prepare_request(
    dialect: Dialect, declaration: Declaration, surroundings: Surroundings, tables: Tables, integration: str = ""
) -> PreparedRead | PreparedWrite | PreparedSql | PreparedScript:
    """`integration` is the one that is asked; by default the target's. Raises `ProjectError`."""
    if not integration and declaration.target is not None:
        integration = declaration.target.integration
    if declaration.verb == "script":
        statements = read_script(declaration, surroundings, integration, dialect.name)
        return PreparedScript([PreparedSql(Setting(dialect, tables, surroundings), each) for each in statements])
    verb = parse_request(declaration, surroundings, integration, dialect.name)
    setting = Setting(dialect, tables, surroundings)
    match verb:
        case Statement():
            return PreparedSql(setting, verb)
        case Creating() | CreatingMany() | Updating() | Deleting():
            return PreparedWrite(setting, verb)
        case _:
            selects = isinstance(verb, Getting | Listing)
            register(tables, surroundings, verb.target, verb.where, selects=selects)
            return PreparedRead(setting, verb)


@dataclass(frozen=True, slots=True, eq=False)
class PreparedRead:
    setting: Setting
    verb: Listing | Getting | Counting | Aggregating

    @property
    def writes(self) -> bool:
        return False

    async def learn(self, connection: Connection) -> Sequence[Problem]:  # noqa: ARG002 - nothing to ask
        return ()

    def reach(self) -> Sequence[Read]:
        return reach(self.setting, self.verb)

    def compile(self, selection: Selection | None, rank: int) -> Compiled:
        setting, verb = self.setting, self.verb
        keyed = selection is not None
        target = None if isinstance(verb, Aggregating) else verb.target
        wanted = selection or whole_selection(setting, verb.outcome, target, rank)
        sent = [verb.target] if has_sent(verb.where) else []
        made = footprint(setting, rank, verb, wanted)
        match verb:
            case Counting():
                return compiled_read(
                    setting, rank, lambda draft: count_statement(draft, verb), number_answer, sent, made
                )
            case Getting():
                return compiled_read(
                    setting,
                    rank,
                    lambda draft: get_statement(draft, verb, wanted),
                    lambda body: row_answer(body, keyed=keyed, required=verb.outcome.required),
                    sent,
                    made,
                )
            case Listing(outcome=Outcome(shape=Shape.PAGE)):
                return compiled_read(
                    setting,
                    rank,
                    lambda draft: page_statement(draft, verb, wanted),
                    lambda body: body_answer(body, keyed=keyed),
                    sent,
                    made,
                )
            case Listing():
                return compiled_read(
                    setting,
                    rank,
                    lambda draft: list_statement(draft, verb, wanted),
                    lambda body: body_answer(body, keyed=keyed),
                    sent,
                    made,
                )
            case Aggregating():
                return compiled_read(
                    setting,
                    rank,
                    lambda draft: aggregate_statement(draft, verb, wanted),
                    finish_of(verb.outcome, keyed=keyed),
                    sent,
                    made,
                )


@dataclass(frozen=True, slots=True, eq=False)
class PreparedWrite:
    setting: Setting
    verb: WriteVerb

    @property
    def writes(self) -> bool:
        return True

    async def learn(self, connection: Connection) -> Sequence[Problem]:  # noqa: ARG002 - nothing to ask
        return ()

    def reach(self) -> Sequence[Read]:
        return (Read(self.setting.tables.source, None),)

    def compile(self, selection: Selection | None, rank: int) -> Compiled:
        wanted = selection or whole_selection(self.setting, self.verb.outcome, self.verb.target, rank)
        if not self.setting.dialect.updates_return:
            return LockedWrite(self.setting, self.verb, wanted, rank, keyed=selection is not None)
        return CompiledWrite(self.setting, self.verb, wanted, rank, keyed=selection is not None)


def whole_selection(setting: Setting, outcome: Outcome, target: DataObject | None = None, rank: int = 0) -> Selection:
    """Every plain field of the result that the role may read, by its own name. Of a connection: the nodes. `target`:
    whose rows they are."""
    if outcome.shape is Shape.PAGE:
        connection = setting.object_type(named(outcome.inner))
        node = connection.fields["nodes"].type if connection else Named("")
        inner = _plain_selection(setting, named(node), target, rank)
        return Selection(named(outcome.inner), (Selected("nodes", "nodes", node, {}, inner),))
    return _plain_selection(setting, named(outcome.inner), target, rank)


def _plain_selection(setting: Setting, type: str, target: DataObject | None, rank: int) -> Selection:
    definition = setting.object_type(type)
    fields = definition.fields.values() if definition else ()
    types = setting.surroundings.types
    hidden = {name for name, column in target.columns.items() if column.rank > rank} if target is not None else ()
    leaves = (
        field
        for field in fields
        if field.name not in hidden and not isinstance(types.get(named(field.type)), ObjectType)
    )
    return Selection(type, tuple(Selected(field.name, field.name, field.type) for field in leaves))
