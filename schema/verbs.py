"""The verbs of requests to objects, to databases and to mail servers, as editors and the reference tell of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple


class Verb(NamedTuple):
    """`returns`: what an operation that is this request may say that it returns; `T` is the object's type."""

    takes: str
    returns: str


VERBS: Final[Mapping[str, Verb]] = {
    "list": Verb(
        "`where`, `orderBy` (default: the key), `limit`, `offset` or `after`",
        "`[T!]!`, or `TConnection!`",
    ),
    "get": Verb("`where`: the first row by its key", "`T`; where it is `T!`, no row is NOT_FOUND"),
    "count": Verb("`where`", "`Int!`"),
    "aggregate": Verb(
        "`where`, `groupBy` (a list of fields), `values`, `orderBy`, `limit`",
        "`[R!]!` of a type whose fields are those of `groupBy` and `values`",
    ),
    "create": Verb("a mapping of fields to values", "`T!`"),
    "createMany": Verb(
        "`rows` (a list of an input type whose fields are fields of the object) and `set`, which wins. "
        "All rows or none",
        "`[T!]!`, `Int!`",
    ),
    "update": Verb("`where`, which names the whole key, and `set`", "`T`, `T!`, `Boolean!`"),
    "updateMany": Verb("`where`, never empty, and `set`", "`[T!]!`, `Int!`, `Boolean!`"),
    "delete": Verb("`where`, which names the whole key", "`T` as it was, `T!`, `Boolean!`"),
    "deleteMany": Verb("`where`, never empty", "`[T!]!`, `Int!`, `Boolean!`"),
    "sql": Verb(
        "a statement, or the name of a file",
        "a row type, a list of it, a scalar or a list of scalars (the first column); "
        "for a write `Int!` or `Boolean!` too",
    ),
    "send": Verb("an e-mail: see kind: smtp", "`Boolean!`"),
}
