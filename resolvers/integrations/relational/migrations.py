"""A folder of `NNNN_name.sql` files, applied in order when an integration opens; which ones were is kept in the
database, in the table `tidegate_migrations`.

What is applied is not changed any more: a file that differs from what was applied, a gap in the numbers, or an applied
migration without its file stops the start. Each runs in a transaction of its own, which the driver opens and in which
it records the migration too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Final

from tidegate.core.integration import IntegrationUnavailable
from tidegate.resolvers.integrations.relational.reflection import OWN_TABLE

_NAME: Final = re.compile(r"([0-9]{1,9})_([A-Za-z0-9_.-]+)\.sql")

CREATE_TABLE: Final = f"""
    create table if not exists {OWN_TABLE} (
        number integer primary key,
        name text not null,
        checksum text not null,
        applied_at text not null
    )
"""
"""In both databases. `applied_at` is ISO 8601 in UTC."""

READ_APPLIED: Final = f"select number, name, checksum from {OWN_TABLE} order by number"


@dataclass(frozen=True, slots=True)
class Migration:
    """`checksum` is of the text with line ends as git keeps them, so that a checkout on Windows is the same."""

    number: int
    name: str
    sql: str
    checksum: str


@dataclass(frozen=True, slots=True)
class Applied:
    number: int
    name: str
    checksum: str


class BrokenMigrations(IntegrationUnavailable):
    """The folder, or the folder and the database together, make no sense. The message says what to do."""


def read_migrations(folder: Path) -> tuple[Migration, ...]:
    """The migrations in a folder, in order. Files that do not end in `.sql` are none of ours. Raises
    `BrokenMigrations` for names without a number, numbers used twice and gaps."""
    found: dict[int, Migration] = {}
    for path in sorted(folder.glob("*.sql")):
        name = _NAME.fullmatch(path.name)
        if name is None:
            raise BrokenMigrations(
                f'The migration "{path.name}" has no number: its name must be like 0001_create_users.sql.'
            )
        number = int(name[1])
        if number in found:
            raise BrokenMigrations(
                f'The migrations "{found[number].name}" and "{path.name}" have the same number. Renumber the newer one.'
            )
        try:
            sql = path.read_text(encoding="utf-8-sig").replace("\r\n", "\n")
        except (OSError, UnicodeDecodeError) as error:
            raise BrokenMigrations(f'The migration "{path.name}" cannot be read as UTF-8 text.') from error
        found[number] = Migration(number, path.name, sql, sha256(sql.encode()).hexdigest())
    ordered = tuple(found[number] for number in sorted(found))
    for before, after in pairwise(ordered):
        if after.number != before.number + 1:
            raise BrokenMigrations(
                f'There is a gap between the migrations "{before.name}" and "{after.name}". '
                f"Number {before.number + 1} is missing."
            )
    return ordered


def pending(migrations: Sequence[Migration], applied: Iterable[Applied]) -> tuple[Migration, ...]:
    """Those still to be applied, in order. Raises `BrokenMigrations` where the two do not go together."""
    done = {item.number: item for item in applied}
    files = {migration.number: migration for migration in migrations}
    for item in done.values():
        file = files.get(item.number)
        if file is None:
            raise BrokenMigrations(
                f'The database has the migration "{item.name}", which is not in the folder. '
                "Is this an older version of the project, or another project's database?"
            )
        if file.checksum != item.checksum:
            raise BrokenMigrations(
                f'The migration "{file.name}" was changed after it was applied. '
                "Restore it, and write what is to change as a new migration."
            )
    todo = tuple(migration for migration in migrations if migration.number not in done)
    if todo and done and todo[0].number < max(done):
        raise BrokenMigrations(
            f'The migration "{todo[0].name}" comes before others that were applied without it. '
            f"Give it the next number, {max(files) + 1}."
        )
    return todo


def failed(migration: Migration, reason: str, line: int | None = None) -> IntegrationUnavailable:
    """What the operator is told of a migration that the database refused. `reason` is the database's own."""
    place = f"{migration.name}:{line}" if line is not None else migration.name
    return IntegrationUnavailable(f"The migration {place} failed and was rolled back: {reason}.")
