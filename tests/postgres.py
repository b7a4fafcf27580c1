"""Empty PostgreSQL databases for tests, one after the other the same one: to empty a database costs a seventh of what
making and dropping one does.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg

_OTHERS: Final = """
select pg_terminate_backend(pid, 10000) from pg_stat_activity
where datname = current_database() and pid <> pg_backend_pid()
"""

_EMPTY: Final = """
set client_min_messages = error;
do $$
declare command text;
begin
  for command in
    select format('drop event trigger %I cascade', evtname) from pg_event_trigger
    union all select format('drop publication %I', pubname) from pg_publication
    union all select format('drop extension %I cascade', extname) from pg_extension where oid >= 16384
    union all select format('drop schema %I cascade', nspname) from pg_namespace
      where nspname = 'public' or oid >= 16384 and nspname !~ '^pg_'
  loop
    execute command;
  end loop;
end $$;
create schema public authorization pg_database_owner;
comment on schema public is 'standard public schema';
grant usage on schema public to public;
"""

_LEFT: Final = """
select exists (select from pg_class where oid >= 16384) or exists (select from pg_proc where oid >= 16384)
  or exists (select from pg_type where oid >= 16384) or exists (select from pg_cast where oid >= 16384)
  or exists (select from pg_namespace where oid >= 16384 and nspname !~ '^(public$|pg_)')
  or exists (select from pg_collation where oid >= 16384) or exists (select from pg_operator where oid >= 16384)
  or exists (select from pg_foreign_data_wrapper) or exists (select from pg_language where oid >= 16384)
  or exists (select from pg_largeobject_metadata) or exists (select from pg_default_acl)
  or exists (select from pg_subscription) or exists (select from pg_db_role_setting where setdatabase <> 0)
  or exists (select from pg_database where datname = current_database() and (datacl is not null or datconnlimit >= 0))
"""
"""Whether anything is in a database, or set for it, that a new one does not have: 16384 is the first number that
PostgreSQL gives to what its users make."""


class Databases:
    """Those of the server at `url`, for one process."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._empty: list[str] = []

    async def take(self) -> str:
        """The address of one that is empty and nobody else's."""
        if self._empty:
            return self._empty.pop()
        name = f"test_{uuid4().hex[:16]}"
        await self._ask(f"create database {name} template template0")
        return urlsplit(self._url)._replace(path=f"/{name}").geturl()

    async def give_back(self, url: str) -> None:
        """Whoever is still connected is cut off. What cannot be made as if it were new is dropped."""
        connection = await asyncpg.connect(url)
        try:
            await connection.execute(_OTHERS)
            await connection.execute(_EMPTY)
            left = await connection.fetchval(_LEFT)
        finally:
            await connection.close()
        if left:
            await self._ask(f"drop database {urlsplit(url).path[1:]} with (force)")
        else:
            self._empty.append(url)

    async def _ask(self, statement: str) -> None:
        connection = await asyncpg.connect(self._url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()
