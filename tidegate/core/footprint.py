"""What is read and what is changed, as far as it decides which live queries a write concerns.

    Read(source, "public.tickets", {"id", "title", "email"}, (Key("email", {"ada@example.com"}),))
    Touch(source, "public.tickets", {"title"}, ({"id": 5, "email": "alan@example.com"},))

What is said here may be coarser than the truth and never finer: who says that a column was not touched must know it.
Tables and columns have the names that the integration gives them, the same in reads and in touches. A value has the
integration's canonical form: values that are equal in the database have equal forms.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Final, Literal, TypeAlias


class Unknown(Enum):
    """The type of `UNKNOWN`: a value that may be any."""

    UNKNOWN = "unknown"

    def __repr__(self) -> str:
        return "UNKNOWN"

    def __bool__(self) -> Literal[False]:
        return False


UNKNOWN: Final = Unknown.UNKNOWN

Image: TypeAlias = Mapping[str, Hashable]
"""What is known of a row at one moment: columns with canonical values, none for null. A column that is not there may
hold anything."""


@dataclass(frozen=True, slots=True)
class Key:
    """Only rows whose `column` holds one of `values` matter. Null is never one of them."""

    column: str
    values: frozenset[Hashable]


@dataclass(frozen=True, slots=True)
class Read:
    """The rows of `table` that pass every one of `keys` were looked at. `table` none: anything in the source may have
    been. `columns`: all that the answer depends on (returned, compared, sorted by); none: every one. `poll`: nobody
    tells of its changes, so that it is read again after so many seconds while somebody watches."""

    source: str
    table: str | None
    columns: frozenset[str] | None = None
    keys: tuple[Key, ...] = ()
    poll: float | None = None


@dataclass(frozen=True, slots=True)
class Touch:
    """Rows of `table` were changed. `table` none: anything in the source may have been. `columns`: those whose values
    may be others now; none: every one, as where rows came or went. `images`: of each row touched, how it was before
    and how it is after, where it was and is there; none: nobody knows which rows."""

    source: str
    table: str | None
    columns: frozenset[str] | None = None
    images: tuple[Image, ...] | None = None


class Verdict(StrEnum):
    """Whether a touch concerns a read, and if not, why not."""

    CONCERNED = "concerned"
    OTHER_SOURCE = "another source"
    OTHER_TABLE = "another table"
    OTHER_COLUMNS = "other columns"
    OTHER_ROWS = "other rows"


def judge(read: Read, touch: Touch) -> Verdict:
    """The rule that every index of reads has to come to."""
    if read.source != touch.source:
        return Verdict.OTHER_SOURCE
    if read.table is None or touch.table is None:
        return Verdict.CONCERNED
    if read.table != touch.table:
        return Verdict.OTHER_TABLE
    if read.columns is not None and touch.columns is not None and read.columns.isdisjoint(touch.columns):
        return Verdict.OTHER_COLUMNS
    if touch.images is not None and not any(_passes(image, read.keys) for image in touch.images):
        return Verdict.OTHER_ROWS
    return Verdict.CONCERNED


def _passes(image: Image, keys: tuple[Key, ...]) -> bool:
    return all(key.column not in image or image[key.column] in key.values for key in keys)
