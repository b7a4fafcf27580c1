"""What the types of MySQL and MariaDB are: of columns in the catalogue, and of columns of a result."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from asyncmy.constants import FIELD_TYPE, FLAG
from asyncmy.protocol import FieldDescriptorPacket

from tidegate.resolvers.integrations.relational.tables import Family

_FAMILIES: Final[Mapping[str, Family]] = {
    "tinyint": Family.SMALLINT,
    "smallint": Family.SMALLINT,
    "mediumint": Family.INTEGER,
    "int": Family.INTEGER,
    "bigint": Family.BIGINT,
    "year": Family.SMALLINT,
    "decimal": Family.NUMERIC,
    "float": Family.REAL,
    "double": Family.FLOAT,
    "datetime": Family.TIMESTAMP,
    "timestamp": Family.TIMESTAMPTZ,
    "date": Family.DATE,
    "time": Family.TIME,
    "char": Family.TEXT,
    "varchar": Family.TEXT,
    "tinytext": Family.TEXT,
    "text": Family.TEXT,
    "mediumtext": Family.TEXT,
    "longtext": Family.TEXT,
    "set": Family.TEXT,
    "enum": Family.ENUM,
    "binary": Family.BYTEA,
    "varbinary": Family.BYTEA,
    "tinyblob": Family.BYTEA,
    "blob": Family.BYTEA,
    "mediumblob": Family.BYTEA,
    "longblob": Family.BYTEA,
    "json": Family.JSON,
    "uuid": Family.UUID,
}

_UNSIGNED: Final[Mapping[str, Family]] = {
    "smallint": Family.INTEGER,
    "int": Family.BIGINT,
    "bigint": Family.NUMERIC,
}
"""The family that has room for it."""

_OF_RESULTS: Final[Mapping[int, str]] = {
    FIELD_TYPE.TINY: "tinyint",
    FIELD_TYPE.SHORT: "smallint",
    FIELD_TYPE.INT24: "mediumint",
    FIELD_TYPE.LONG: "int",
    FIELD_TYPE.LONGLONG: "bigint",
    FIELD_TYPE.YEAR: "year",
    FIELD_TYPE.DECIMAL: "decimal",
    FIELD_TYPE.NEWDECIMAL: "decimal",
    FIELD_TYPE.FLOAT: "float",
    FIELD_TYPE.DOUBLE: "double",
    FIELD_TYPE.DATETIME: "datetime",
    FIELD_TYPE.TIMESTAMP: "timestamp",
    FIELD_TYPE.DATE: "date",
    FIELD_TYPE.NEWDATE: "date",
    FIELD_TYPE.TIME: "time",
    FIELD_TYPE.JSON: "json",
    FIELD_TYPE.BIT: "bit",
    FIELD_TYPE.VARCHAR: "text",
    FIELD_TYPE.VAR_STRING: "text",
    FIELD_TYPE.STRING: "text",
    FIELD_TYPE.TINY_BLOB: "text",
    FIELD_TYPE.BLOB: "text",
    FIELD_TYPE.MEDIUM_BLOB: "text",
    FIELD_TYPE.LONG_BLOB: "text",
}

_BINARY: Final = 63
"""The character set of what is no text."""

_LABELS: Final = re.compile(r"'((?:[^']|'')*)'")


def family_of(name: str, declared: str) -> Family:
    """Of a column: `information_schema.columns.data_type` and `column_type`."""
    declared = declared.lower()
    if declared.startswith(("tinyint(1)", "bit(1)")):
        return Family.BOOLEAN
    if "unsigned" in declared and name in _UNSIGNED:
        return _UNSIGNED[name]
    return _FAMILIES.get(name, Family.OTHER)


def labels_of(declared: str) -> tuple[str, ...]:
    """Of `enum('a','it''s')`."""
    return tuple(label.replace("''", "'") for label in _LABELS.findall(declared))


def family_of_result(field: FieldDescriptorPacket) -> Family:
    name = _OF_RESULTS.get(field.type_code, "")
    if field.type_code == FIELD_TYPE.NULL:
        return Family.UNKNOWN
    if name == "text":
        return Family.BYTEA if field.charsetnr == _BINARY else Family.TEXT
    declared = f"{name}({field.length})" if name in ("tinyint", "bit") else name
    return family_of(name, f"{declared} unsigned" if field.flags & FLAG.UNSIGNED else declared)
