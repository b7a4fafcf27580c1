"""Objects held against the tables that are really there."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tidegate.core.expressions import Expression, Literal, Record, Reference
from tidegate.core.integration import Declaration, Surroundings
from tidegate.core.limits import Limits
from tidegate.core.location import Location
from tidegate.core.objects import Column, DataObject
from tidegate.core.types import (
    Argument,
    EnumType,
    InputType,
    ListOf,
    Named,
    NonNull,
    TypeDefinition,
    TypeRef,
)
from tidegate.resolvers.integrations.relational.audit import audit_create, audit_objects
from tidegate.resolvers.integrations.relational.tables import Family, ReflectedColumn, ReflectedTable

HERE = Location("objects/x.yaml", 2, 3)
STATUS = EnumType("Status", {"Todo": "", "Done": ""}, HERE)
TYPES: Mapping[str, TypeDefinition] = {
    "Status": STATUS,
    "NewTicket": InputType(
        "NewTicket",
        {"title": Argument("title", NonNull(Named("String")), HERE), "email": Argument("email", Named("String"), HERE)},
        HERE,
    ),
}


def column(field: str, type: TypeRef, name: str = "") -> Column:
    return Column(field, name or field, type, 0, HERE)


def tickets(*columns: Column, key: tuple[str, ...] = ("id",), table: str = "tickets") -> DataObject:
    return DataObject("tickets", "db", table, key, "Ticket", {item.field: item for item in columns}, {}, {}, HERE)


ID = column("id", NonNull(Named("ID")))


def table(
    *columns: ReflectedColumn, key: tuple[str, ...] = ("id",), strict: bool = True, is_view: bool = False
) -> dict[str, ReflectedTable]:
    found = (ReflectedColumn("id", Family.BIGINT, nullable=False, has_default=True), *columns)
    named = {item.name: item for item in found}
    return {"tickets": ReflectedTable("tickets", named, key, is_view=is_view, strict=strict)}


def sentences(item: DataObject, tables: Mapping[str, ReflectedTable]) -> list[str]:
    return [f"{problem.sentence} {problem.hint}".strip() for problem in audit_objects([item], TYPES, tables)]


def test_what_fits_is_not_mentioned() -> None:
    item = tickets(ID, column("createdAt", Named("DateTime"), "created_at"), column("status", Named("Status")))
    tables = table(
        ReflectedColumn("created_at", Family.TIMESTAMPTZ),
        ReflectedColumn("status", Family.ENUM, values=("Done", "Todo")),
    )
    assert sentences(item, tables) == []


def test_a_table_that_is_not_there() -> None:
    assert sentences(tickets(ID, table="ticket"), table()) == [
        'There is no table "ticket" for "tickets". Did you mean "tickets"?'
    ]
    assert sentences(tickets(ID, table="public.tickets"), table()) == [
        'There is no table "public.tickets" for "tickets". It is in the default schema: write "tickets".'
    ]


def test_a_column_that_is_not_there() -> None:
    item = tickets(ID, column("createdAt", Named("DateTime"), "created_at"))
    assert sentences(item, table(ReflectedColumn("created_on", Family.TIMESTAMPTZ))) == [
        'The table "tickets" has no column "created_at" for "Ticket.createdAt". Did you mean "created_on"?'
    ]


def test_a_type_that_does_not_fit() -> None:
    item = tickets(ID, column("age", NonNull(Named("Int"))))
    assert sentences(item, table(ReflectedColumn("age", Family.TEXT, declared="character varying(5)"))) == [
        (
            '"Ticket.age" is Int!; the column "age" of "tickets" is character varying(5). '
            "Give the field a type that fits the column."
        )
    ]


@pytest.mark.parametrize(
    ("type", "reflected", "strict", "fits"),
    [
        (Named("Int"), ReflectedColumn("x", Family.BIGINT), True, True),
        (Named("Int"), ReflectedColumn("x", Family.NUMERIC), True, False),
        (Named("Float"), ReflectedColumn("x", Family.NUMERIC), True, True),
        (Named("String"), ReflectedColumn("x", Family.OTHER), True, True),
        (Named("String"), ReflectedColumn("x", Family.INTEGER), True, False),
        (Named("DateTime"), ReflectedColumn("x", Family.TEXT), True, False),
        (Named("DateTime"), ReflectedColumn("x", Family.TEXT), False, True),
        (Named("Boolean"), ReflectedColumn("x", Family.INTEGER), True, False),
        (Named("Boolean"), ReflectedColumn("x", Family.INTEGER), False, True),
        (Named("Date"), ReflectedColumn("x", Family.INTEGER), False, False),
        (Named("JSON"), ReflectedColumn("x", Family.ARRAY), True, True),
        (ListOf(Named("Int")), ReflectedColumn("x", Family.ARRAY, element=Family.INTEGER), True, True),
        (ListOf(Named("Int")), ReflectedColumn("x", Family.ARRAY, element=Family.TEXT), True, False),
        (ListOf(Named("Int")), ReflectedColumn("x", Family.JSONB), True, True),
        (ListOf(Named("Int")), ReflectedColumn("x", Family.INTEGER), True, False),
        (Named("Status"), ReflectedColumn("x", Family.TEXT), True, True),
        (Named("Status"), ReflectedColumn("x", Family.INTEGER), True, False),
        (Named("Date"), ReflectedColumn("x", Family.UNKNOWN), False, True),
    ],
)
def test_which_types_fit_which_columns(type: TypeRef, reflected: ReflectedColumn, strict: bool, fits: bool) -> None:
    assert (sentences(tickets(ID, column("x", type)), table(reflected, strict=strict)) == []) is fits


def test_an_enum_value_that_the_column_cannot_hold() -> None:
    item = tickets(ID, column("status", Named("Status")))
    assert sentences(item, table(ReflectedColumn("status", Family.ENUM, values=("Todo", "Gone")))) == [
        'The column "status" of "tickets" cannot hold Status Done. It holds Todo, Gone.'
    ]


def test_a_key_that_is_not_unique() -> None:
    item = tickets(ID, column("number", Named("Int")), key=("number",))
    tables = table(ReflectedColumn("number", Family.INTEGER))
    assert sentences(item, tables) == [
        (
            'The key of "tickets" is not unique in "tickets": there is neither a primary key nor a unique '
            "rule for number. The primary key is id."
        )
    ]
    assert sentences(item, table(ReflectedColumn("number", Family.INTEGER), is_view=True)) == []


BODIES: list[tuple[str, Expression]] = [
    ("create", Record({"title": Literal("x", HERE)}, {}, HERE)),
    ("create", Reference("args", ("ticket",), HERE)),
    ("createMany", Record({"rows": Reference("args", ("tickets",), HERE)}, {}, HERE)),
    (
        "createMany",
        Record(
            {"rows": Reference("args", ("nothing",), HERE), "set": Record({"title": Literal("x", HERE)}, {}, HERE)},
            {},
            HERE,
        ),
    ),
]


@pytest.mark.parametrize(("verb", "body"), BODIES)
def test_a_column_that_a_create_never_fills(verb: str, body: Expression) -> None:
    item = tickets(ID, column("title", Named("String")), column("dueOn", Named("Date"), "due_on"))
    surroundings = Surroundings({"tickets": item}, TYPES, ("anonymous",), Limits())
    arguments = {
        "ticket": Argument("ticket", NonNull(Named("NewTicket")), HERE),
        "tickets": Argument("tickets", ListOf(Named("NewTicket")), HERE),
    }
    declaration = Declaration("file", item, verb, body, None, arguments, HERE)
    tables = table(
        ReflectedColumn("title", Family.TEXT, nullable=False),
        ReflectedColumn("due_on", Family.DATE, nullable=False),
        ReflectedColumn("hidden", Family.DATE, nullable=False),
        ReflectedColumn("free", Family.DATE),
        ReflectedColumn("given", Family.DATE, nullable=False, has_default=True),
    )
    assert [f"{problem.sentence} {problem.hint}" for problem in audit_create(declaration, tables, surroundings)] == [
        '"file" never fills the column "due_on" of "tickets", which must have a value and has no default. Set "dueOn".',
        (
            '"file" never fills the column "hidden" of "tickets", which must have a value and has no default. '
            'Give "tickets" a field for it, or the column a default.'
        ),
    ]
