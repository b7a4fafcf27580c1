"""Runs the project's code for a call: what it is given, and what its failure is for the caller."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from time import monotonic

from tidegate.core.call import Line
from tidegate.core.catalog import Catalog
from tidegate.core.errors import Code, OperationError
from tidegate.core.json import Json
from tidegate.core.program import Fault, Invocation, Outcome, Program, ProgramFailed, Sandbox
from tidegate.resolvers.frame import Frame
from tidegate.resolvers.host import ProgramHost

_log = logging.getLogger("tidegate.programs")

MakeHost = Callable[[Program, Frame], ProgramHost]


class Programs:
    """Of one catalog."""

    def __init__(self, sandbox: Sandbox, make_host: MakeHost, catalog: Catalog) -> None:
        self._sandbox = sandbox
        self._make_host = make_host
        self._name = catalog.name
        self.settings: Mapping[str, Json] = {"Config": dict(catalog.config), "CONSTS": {"apiUrl": catalog.url}}

    async def run(
        self,
        program: Program,
        invocation: Invocation,
        frame: Frame,
        *,
        at_most: float | None = None,
        extensions: Mapping[str, Json] | None = None,
        passing: bool = False,
    ) -> Outcome:
        """`at_most` is in seconds. `extensions` are for the error. `passing`: an operation's refusal that the program
        does not catch stays a refusal. Raises `OperationError`."""
        deadline = frame.call.deadline
        if at_most is not None:
            deadline = min(deadline, monotonic() + at_most)
        host = self._make_host(program, frame)
        try:
            return await self._sandbox.run(
                program, invocation, host, deadline, at_once=frame.transaction.holds_connections
            )
        except ProgramFailed as failed:
            error = self._failure(program, failed, frame, extensions)
            if passing and host.refused is not None and host.refused.message == failed.message:
                raise host.refused from failed
            raise error from failed

    def profile(self, frame: Frame) -> Mapping[str, Json]:
        """`userProfile`, as Backand calls it."""
        fields = frame.user.fields
        return {
            "username": fields.get("email") or frame.user.id,
            "role": frame.user.role,
            "userId": frame.user.id,
            "app": self._name,
            "token": None,
            "info": dict(fields),
        }

    def _failure(
        self, program: Program, failed: ProgramFailed, frame: Frame, extensions: Mapping[str, Json] | None
    ) -> OperationError:
        where = f" at {failed.place}" if failed.place else ""
        line = Line(program.name, "error", f"{failed.message}{where}")
        told = frame.call.id, program.name, where, failed.message, failed.stack
        _log.warning("Call %s: %s failed%s: %s\n%s", *told, extra={"line": line})
        frame.write(line)
        code = Code.LIMIT if failed.fault is Fault.LIMIT else Code.ACTION_FAILED
        message = failed.message if failed.is_meant else f"{program.name[:1].upper()}{program.name[1:]} failed."
        return OperationError(code, message, extensions)
