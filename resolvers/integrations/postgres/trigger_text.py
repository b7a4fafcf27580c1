"""The functions and triggers that tell of writes by others, as text.

Each table has a function of its own, whose statements PostgreSQL plans once for each session; one for all tables would
build and plan its statements at every write. What a function sends:

    {"v": 1, "t": "public.tickets", "c": ["title"], "k": ["email", "id"], "o": null, "n": [["a@b", 5]], "by": "7f…"}

`c` are the columns that were changed, null where rows came or went or nobody knows. `o` and `n` are the images of the
rows before and after, null both where nobody knows which rows; `k` names their columns. `by` is the setting
`tidegate.origin` of who wrote.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

SCHEMA: Final = "tidegate"
CHANNEL: Final = "tidegate"
ORIGIN: Final = "tidegate.origin"
PREFIX: Final = "tidegate_watch_"
VERSION: Final = 1

MOST_ROWS: Final = 100
"""A statement that touches more tells which table, and no more."""

_LONGEST: Final = 7999
"""Bytes of a notification: PostgreSQL's own limit."""

_LONGEST_NAME: Final = 63

EVENTS: Final = {
    "insert": "referencing new table as tidegate_rows",
    "update": "referencing old table as tidegate_old new table as tidegate_new",
    "delete": "referencing old table as tidegate_rows",
    "truncate": "",
}


@dataclass(frozen=True, slots=True)
class Watched:
    """A table as its function sees it. `keys` are the columns that its images tell. `named`: somebody reads this
    table, and not just anything."""

    identity: str
    columns: tuple[str, ...]
    primary_key: tuple[str, ...]
    keys: tuple[str, ...]
    named: bool = True

    @property
    def function(self) -> str:
        name = self.identity
        if len(name.encode()) > _LONGEST_NAME:
            digest = sha256(name.encode()).hexdigest()[:12]
            name = f"{name.encode()[:48].decode(errors='ignore')}~{digest}"
        return f"{SCHEMA}.{quoted(name)}"


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def create_function(body: str, function: str) -> str:
    """The search path is fixed: whose writes these are decides about nothing that is looked up here. It runs with the
    rights of who writes, and needs none."""
    mark = "$tidegate$"
    while mark in body:
        mark = mark[:-1] + "_$"
    return (
        f"create or replace function {function}() returns trigger language plpgsql "
        f"set search_path = pg_catalog, pg_temp as {mark}{body}{mark}"
    )


def create_trigger(event: str, relation: str, function: str) -> str:
    return (
        f"create or replace trigger {PREFIX}{event} after {event} on {relation} {EVENTS[event]} "
        f"for each statement execute function {function}()"
    )


def function_body(watched: Watched) -> str:
    """Whatever goes wrong in it, the write goes on, and all that is told is the table: a column may have been dropped
    since."""
    keys = _texts(watched.keys)
    origin = f"'by', current_setting({_text(ORIGIN)}, true)"
    table = f"'v', {VERSION}, 't', {_text(watched.identity)}"
    coarse = f"json_build_object({table}, {origin})::text"
    return f"""\
-- tidegate {VERSION} {json.dumps(watched.keys)}
#variable_conflict use_column
declare
  tidegate_count bigint;
  tidegate_paired boolean;
  tidegate_columns text[];
  tidegate_before json;
  tidegate_after json;
  tidegate_payload text;
begin
  if tg_op = 'UPDATE' then
{_update(watched)}
  elsif tg_op <> 'TRUNCATE' then
{_rows(watched)}
  end if;
  if tidegate_count > {MOST_ROWS} then
    tidegate_columns := null;
    tidegate_before := null;
    tidegate_after := null;
  elsif tidegate_columns is not null and not tidegate_columns && {keys} then
    tidegate_before := null;
  end if;
  tidegate_payload := json_build_object(
    {table}, 'c', tidegate_columns, 'k', {keys}, 'o', tidegate_before, 'n', tidegate_after, {origin})::text;
  if octet_length(tidegate_payload) > {_LONGEST} then
    tidegate_payload := json_build_object({table}, 'c', tidegate_columns, {origin})::text;
  end if;
  if octet_length(tidegate_payload) > {_LONGEST} then
    tidegate_payload := {coarse};
  end if;
  perform pg_notify({_text(CHANNEL)}, tidegate_payload);
  return null;
exception when others then
  perform pg_notify({_text(CHANNEL)}, {coarse});
  return null;
end
"""


def keys_of(body: str) -> tuple[int, tuple[str, ...]]:
    """The version and the keys of a function that is installed; version 0 where it is none of ours."""
    words = body.split("\n", 1)[0].split(" ", 3)
    if words[:2] != ["--", "tidegate"] or len(words) != 4 or not words[2].isdigit():
        return 0, ()
    try:
        keys = json.loads(words[3])
    except ValueError:
        return 0, ()
    return int(words[2]), tuple(str(key) for key in keys)


def _rows(watched: Watched) -> str:
    """One row, as most writes are of, has a statement of its own: it needs no aggregates and no join, and takes half
    the time."""
    return f"""\
    select {_count("tidegate_rows")}, {_image(watched, "r")}
    into tidegate_count, tidegate_after from tidegate_rows r limit 1;
    if not found then
      return null;
    end if;
    if tidegate_count between 2 and {MOST_ROWS} then
      select {_images(watched, "r")} into tidegate_after from tidegate_rows r;
    end if;"""


def _update(watched: Watched) -> str:
    """Old rows and new ones come in the same order: nobody promises that, so it is looked after. Values are compared
    bit by bit: there are types without an equality, and equal values that look different."""
    same, changed = "false", ["false"]
    if watched.primary_key:
        same = f"record_image_eq(row({_names(watched.primary_key, 'o')}), row({_names(watched.primary_key, 'n')}))"
        changed = [f"record_image_ne(row(o.{quoted(name)}), row(n.{quoted(name)}))" for name in watched.columns]
    names = [_text(name) for name in watched.columns] if watched.primary_key else ["null"]
    one = ", ".join(f"case when {test} then {name} end" for test, name in zip(changed, names, strict=True))
    many = ", ".join(f"case when bool_or({test}) then {name} end" for test, name in zip(changed, names, strict=True))
    into = "into tidegate_count, tidegate_paired, tidegate_columns, tidegate_before, tidegate_after"
    return f"""\
    select {_count("tidegate_new")}, {same}, array_remove(array[{one}]::text[], null),
           {_image(watched, "o")}, {_image(watched, "n")}
    {into} from tidegate_old o cross join tidegate_new n limit 1;
    if not found then
      return null;
    end if;
    if tidegate_count between 2 and {MOST_ROWS} then
      select count(*), bool_and({same}), array_remove(array[{many}]::text[], null),
             {_images(watched, "o")}, {_images(watched, "n")}
      {into} from (select row_number() over () as tidegate_row, r.* from tidegate_old r) o
      full join (select row_number() over () as tidegate_row, r.* from tidegate_new r) n
      on o.tidegate_row = n.tidegate_row;
    end if;
    if tidegate_paired is not true then
      tidegate_columns := null;
    end if;"""


def _count(table: str) -> str:
    return f"(select count(*) from (select from {table} limit {MOST_ROWS + 1}) counted)"


def _image(watched: Watched, alias: str) -> str:
    return f"json_build_array(json_build_array({_names(watched.keys, alias)}))" if watched.keys else "null::json"


def _images(watched: Watched, alias: str) -> str:
    """Without keys, an image would say nothing that the table's name does not."""
    return f"json_agg(json_build_array({_names(watched.keys, alias)}))" if watched.keys else "null::json"


def _names(columns: Sequence[str], alias: str) -> str:
    return ", ".join(f"{alias}.{quoted(column)}" for column in columns)


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _texts(texts: Sequence[str]) -> str:
    return f"array[{', '.join(_text(text) for text in texts)}]::text[]"
