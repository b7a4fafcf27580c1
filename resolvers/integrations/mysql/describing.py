"""The columns that a statement would answer, from what the server says when it prepares it."""

from __future__ import annotations

import re
from typing import Final

from asyncmy.connection import PreparedStatement
from asyncmy.constants import COMMAND
from asyncmy.protocol import FieldDescriptorPacket
from sqlglot import errors, exp, parse_one

from tidegate.resolvers.integrations.mysql.session import Session

_REPLACE: Final = re.compile(r"^\s*replace\b", re.IGNORECASE)


async def describe(session: Session, text: str) -> list[FieldDescriptorPacket]:
    """Raises what the server says of a statement that is wrong."""
    fields = await _prepared_fields(session, text)
    # Of RETURNING, MariaDB tells nothing before it has run.
    selection = None if fields else _returned(text)
    return fields if selection is None else await _prepared_fields(session, selection)


async def _prepared_fields(session: Session, text: str) -> list[FieldDescriptorPacket]:
    """What asyncmy's own `prepare` reads past."""
    await session._execute_command(COMMAND.COM_STMT_PREPARE, text)  # noqa: SLF001
    packet = await session.read_packet()
    packet.read_uint8()
    statement, columns, parameters = packet.read_uint32(), packet.read_uint16(), packet.read_uint16()
    has_ends = not session._deprecate_eof  # noqa: SLF001
    for _ in range(parameters + (1 if parameters and has_ends else 0)):
        await session.read_packet()
    fields = [await session.read_packet(FieldDescriptorPacket) for _ in range(columns)]
    if columns and has_ends:
        await session.read_packet()
    await PreparedStatement(session, statement, parameters).close()
    return fields


def _returned(text: str) -> str | None:
    """A query for what a statement returns; none where it returns nothing."""
    try:
        # The other word for it, which sqlglot does not know.
        statement = parse_one(_REPLACE.sub("insert", text), dialect="mysql")
    except (errors.SqlglotError, RecursionError):
        return None
    returning, target = statement.args.get("returning"), statement.find(exp.Table)
    if returning is None or target is None:
        return None
    selected = ", ".join(item.sql(dialect="mysql") for item in returning.expressions)
    return f"SELECT {selected} FROM {target.sql(dialect='mysql')} WHERE FALSE"
