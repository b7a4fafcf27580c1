"""Reflected tables -> an outline: which objects, fields, types and relations a project over this database has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from tidegate.core.fitting import fits
from tidegate.core.types import Named
from tidegate.resolvers.integrations.relational.tables import Family, ForeignKey, ReflectedColumn, ReflectedTable
from tidegate.scaffold.identifiers import (
    Names,
    TypeNames,
    field_name,
    is_enum_value,
    legal_field,
    many_name,
    single_name,
    type_name,
)
from tidegate.scaffold.outline import (
    NOTHING_WRITTEN,
    EnumOutline,
    FieldOutline,
    ObjectOutline,
    Outline,
    RelationOutline,
    Written,
    WrittenObject,
)
from tidegate.scaffold.relations import back_wishes, forward_wishes

_SCALARS: Final[Mapping[Family, str]] = {
    Family.TEXT: "String",
    Family.CITEXT: "String",
    Family.SMALLINT: "Int",
    Family.INTEGER: "Int",
    Family.BIGINT: "BigInt",
    Family.NUMERIC: "Decimal",
    Family.REAL: "Float",
    Family.FLOAT: "Float",
    Family.BOOLEAN: "Boolean",
    Family.TIMESTAMPTZ: "DateTime",
    Family.TIMESTAMP: "DateTime",
    Family.DATE: "Date",
    Family.TIME: "Time",
    Family.TIMETZ: "Time",
    Family.INTERVAL: "String",
    Family.UUID: "UUID",
    Family.JSON: "JSON",
    Family.JSONB: "JSON",
    Family.BYTEA: "Bytes",
    Family.ENUM: "String",
    Family.OTHER: "String",
    Family.UNKNOWN: "JSON",
}
"""`OTHER` has a text form and nothing else. `UNKNOWN`, say a computed column of a SQLite view, promises nothing."""

_WHOLE_NUMBERS: Final = frozenset({Family.SMALLINT, Family.INTEGER, Family.BIGINT})
_NO_ORDER: Final = frozenset({Family.JSON, Family.JSONB, Family.BYTEA, Family.ARRAY, Family.OTHER})


def survey(tables: Mapping[str, ReflectedTable], written: Written = NOTHING_WRITTEN) -> Outline:
    """Outlines every table; names that a person has given already are kept."""
    outline = _Survey(tables, written).outline()
    known = {data_object.table for data_object in written.objects}
    keyless = [o.table for o in outline.objects if o.writable and not o.unique and o.table not in known]
    return replace(without(outline, keyless), keyless=tuple(keyless))


@dataclass(frozen=True, slots=True)
class _Named:
    """A table with the names chosen for it."""

    table: ReflectedTable
    object: str
    type: str
    fields: Mapping[str, str]
    taken: Names
    written: WrittenObject | None


class _Survey:
    def __init__(self, tables: Mapping[str, ReflectedTable], written: Written) -> None:
        # The default schema first: its tables get the short names.
        self._tables = sorted(tables.values(), key=lambda table: ("." in table.name, table.name))
        self._identities = _identities(tables)
        self._types = TypeNames(written.types)
        self._objects = Names(written.names)
        self._enums = dict(written.enums)
        self._new_enums: list[EnumOutline] = []
        by_table = {data_object.table: data_object for data_object in written.objects}
        self._named = {table.name: self._name(table, by_table.get(table.name)) for table in self._tables}

    def outline(self) -> Outline:
        relations = self._relations()
        objects = tuple(
            self._object(named, tuple(relations[table])) for table, named in self._named.items() if named.table.columns
        )
        return Outline(objects, tuple(self._new_enums))

    def _name(self, table: ReflectedTable, written: WrittenObject | None) -> _Named:
        bare = table.name.rpartition(".")[2]
        known = written.columns if written else {}
        taken = Names((*known.values(), *(written.relations if written else ())))
        fields = {column: known.get(column) or taken.take(field_name(column)) for column in table.columns}
        if written:
            return _Named(table, written.name, written.type, fields, taken, written)
        type = self._types.take(type_name(bare), type_name(table.name), f"{type_name(table.name)}Row")
        data_object = self._objects.take(many_name(bare), many_name(table.name), f"{many_name(table.name)}Rows")
        return _Named(table, data_object, type, fields, taken, None)

    def _object(self, named: _Named, relations: tuple[RelationOutline, ...]) -> ObjectOutline:
        table = named.table
        key, unique = _key(table)
        return ObjectOutline(
            name=named.object,
            single=_single(named),
            type=named.type,
            table=table.name,
            key=tuple(named.fields[column] for column in key),
            unique=unique,
            writable=not table.is_view,
            fields=tuple(self._field(named, column) for column in table.columns.values()),
            relations=relations,
            comment=table.comment,
        )

    def _field(self, named: _Named, column: ReflectedColumn) -> FieldOutline:
        writable = not named.table.is_view and not column.generated
        return FieldOutline(
            name=named.fields[column.name],
            column=column.name,
            type=self._type(named.table, column),
            nullable=column.nullable,
            writable=writable,
            # Nobody writes a search vector by hand: where it has no default, a trigger fills it.
            required=writable and not (column.nullable or column.has_default or column.declared == "tsvector"),
            comment=column.comment or _labels(column),
        )

    def _type(self, table: ReflectedTable, column: ReflectedColumn) -> str:
        if (table.name, column.name) in self._identities:
            return "ID"
        if column.family is Family.ENUM:
            # MySQL's enums have no names of their own.
            nameless = column.declared.lower().startswith("enum(")
            return self._enum(f"{type_name(table.name)}_{column.name}" if nameless else column.declared, column.values)
        if column.family is not Family.ARRAY:
            return _SCALARS[column.family]
        if column.element is Family.ENUM:
            return f"[{self._enum(column.declared.removesuffix('[]'), column.element_values)}]"
        return f"[{_SCALARS[column.element]}]" if column.element else "JSON"

    def _enum(self, declared: str, values: Sequence[str]) -> str:
        """A label such as `PG-13` is no GraphQL name, and then the whole column is text."""
        if not values or not all(map(is_enum_value, values)):
            return "String"
        known = self._enums.get(frozenset(values))
        if known is None:
            plain = type_name(declared.rpartition(".")[2].strip('"'))
            known = self._enums[frozenset(values)] = self._types.take(plain, f"{plain}Enum")
            self._new_enums.append(EnumOutline(known, tuple(values)))
        return known

    def _relations(self) -> Mapping[str, list[RelationOutline]]:
        found: dict[str, list[RelationOutline]] = {table.name: [] for table in self._tables}
        links = [
            (self._named[table.name], key, self._named[key.target])
            for table in self._tables
            for key in table.foreign_keys
            if key.target in self._named and self._can_be_joined(key, table, self._named[key.target].table)
        ]
        how_many = Counter((source.object, target.object) for source, _, target in links)
        alone = [how_many[source.object, target.object] == 1 and source is not target for source, _, target in links]
        for (source, key, target), only in zip(links, alone, strict=True):
            found[source.table.name].append(self._forward(source, key, target, only))
        # A name for the way there is the more natural one, so all of those come first.
        for (source, key, target), only in zip(links, alone, strict=True):
            found[target.table.name].append(self._back(source, key, target, only))
        return found

    def _can_be_joined(self, key: ForeignKey, table: ReflectedTable, target: ReflectedTable) -> bool:
        """SQLite lets any column refer to any other, also where the two can never be equal."""
        if not (set(key.columns) <= set(table.columns) and set(key.target_columns) <= set(target.columns)):
            return False
        for here, there in zip(key.columns, key.target_columns, strict=True):
            ours = Named(self._type(table, table.columns[here]))
            theirs = Named(self._type(target, target.columns[there]))
            if not fits(ours, theirs, {}) and not fits(theirs, ours, {}):
                return False
        return True

    def _forward(self, source: _Named, key: ForeignKey, target: _Named, alone: bool) -> RelationOutline:
        on = tuple((target.fields[t], source.fields[c]) for c, t in zip(key.columns, key.target_columns, strict=True))
        name = _written_name(source, target, on) or _take(source, forward_wishes(key, _single(target), alone))
        return RelationOutline(name, target.object, target.type, False, on)

    def _back(self, source: _Named, key: ForeignKey, target: _Named, alone: bool) -> RelationOutline:
        on = tuple((source.fields[c], target.fields[t]) for c, t in zip(key.columns, key.target_columns, strict=True))
        many = not _is_unique(key.columns, source.table)
        bare = source.table.name.rpartition(".")[2]
        plain = many_name(bare) if many else _single(source)
        wishes = back_wishes(key, plain, _single(target), alone, source is target)
        name = _written_name(target, source, on) or _take(target, wishes)
        order = tuple(source.fields[column] for column in _key(source.table)[0]) if many else ()
        return RelationOutline(name, source.object, source.type, many, on, order)


def _take(named: _Named, wishes: Iterable[str]) -> str:
    return named.taken.take(*map(legal_field, wishes))


def _single(named: _Named) -> str:
    """Named for the type, which is free of collisions: `SalesOrder` -> `salesOrder`."""
    if named.written:
        return named.type[:1].lower() + named.type[1:]
    plain = single_name(named.table.name.rpartition(".")[2])
    return plain if plain.lower() == named.type.lower() else named.type[:1].lower() + named.type[1:]


def _written_name(here: _Named, there: _Named, on: Iterable[tuple[str, str]]) -> str | None:
    written = here.written.relations if here.written else {}
    wanted = (there.object, frozenset(on))
    return next((name for name, relation in written.items() if relation == wanted), None)


def _identities(tables: Mapping[str, ReflectedTable]) -> frozenset[tuple[str, str]]:
    """The columns whose type is ID: whole numbers that are a primary key on their own, and what refers to them."""
    found = {
        (table.name, table.primary_key[0])
        for table in tables.values()
        if len(table.primary_key) == 1 and table.columns[table.primary_key[0]].family in _WHOLE_NUMBERS
    }
    while True:
        more = {
            (table.name, column)
            for table in tables.values()
            for key in table.foreign_keys
            for column, target in zip(key.columns, key.target_columns, strict=True)
            if (key.target, target) in found and table.columns[column].family in _WHOLE_NUMBERS
        }
        if more <= found:
            return frozenset(found)
        found |= more


def _key(table: ReflectedTable) -> tuple[tuple[str, ...], bool]:
    """The columns that tell rows apart, and whether the database promises that they do."""
    if table.primary_key:
        return table.primary_key, True
    for unique in table.unique:
        if not any(table.columns[column].nullable for column in unique):
            return unique, True
    single = single_name(table.name.rpartition(".")[2])
    for column in table.columns:
        if field_name(column) in ("id", f"{single}Id"):
            return (column,), False
    sortable = tuple(column.name for column in table.columns.values() if column.family not in _NO_ORDER)
    return sortable or tuple(table.columns), False


def _is_unique(columns: Sequence[str], table: ReflectedTable) -> bool:
    return any(set(unique) <= set(columns) for unique in (table.primary_key, *table.unique) if unique)


def _labels(column: ReflectedColumn) -> str:
    """What an enum that has to be text may be."""
    values = column.values or column.element_values
    return "" if not values or all(map(is_enum_value, values)) else f"One of {', '.join(values)}."


def without(outline: Outline, tables: Iterable[str]) -> Outline:
    """The outline without the objects of some tables, and without relations that lead to them."""
    unwanted = set(tables)
    kept = tuple(data_object for data_object in outline.objects if data_object.table not in unwanted)
    names = {data_object.name for data_object in kept}
    return replace(
        outline,
        objects=tuple(replace(o, relations=tuple(r for r in o.relations if r.target in names)) for o in kept),
    )
