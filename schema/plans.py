"""`run:` or `steps:` of an operation -> its plan, in which every request is one that its integration has prepared."""

from __future__ import annotations

from typing import Final

from tidegate.core.flow import Flow
from tidegate.core.operation import Operation, Plan, Request
from tidegate.core.problems import Problems
from tidegate.schema.functions import FunctionReader
from tidegate.schema.held import make_hold
from tidegate.schema.lookups import Lookups
from tidegate.schema.names import Names
from tidegate.schema.operations import Header
from tidegate.schema.requests import Asker, RequestReader
from tidegate.schema.tree import ListNode, MapNode, Node, kind_of

_BESIDE: Final = frozenset({"use"})


class Planner:
    """Makes operations of headers."""

    def __init__(
        self,
        requests: RequestReader,
        functions: FunctionReader,
        lookups: Lookups,
        names: Names,
        problems: Problems,
    ) -> None:
        self._names = names
        self._lookups = lookups
        self._requests = requests
        self._functions = functions
        self._problems = problems

    def operation(self, header: Header, *, sound: bool) -> Operation | None:
        """The operation, or none if something is wrong with it. `sound`: all types of the header are right; where they
        are not, requests are read but not prepared."""
        before = len(self._problems.found)
        plan = self._plan(header, sound=sound)
        if plan is None or header.kind is None or header.rank is None or header.returns is None:
            return None
        if len(self._problems.found) > before:
            return None
        return Operation(
            name=header.name,
            kind=header.kind,
            min_role=header.min_role,
            rank=header.rank,
            arguments=header.arguments,
            returns=header.returns,
            plan=plan,
            timeout=header.timeout,
            at=header.at,
            description=header.description,
            deprecated=header.deprecated,
            live=header.live.live,
            refresh=header.refresh,
        )

    def _plan(self, header: Header, *, sound: bool) -> Plan | None:
        if header.steps is not None and header.run is None:
            return self._function(header, self._functions.read(header, sound=sound), sound=sound)
        if header.join is not None and header.run is not None and header.steps is None:
            return self._function(header, self._functions.read_joined(header, sound=sound), sound=sound)
        request = self._request(header, header.run, sound=sound) if header.run is not None else None
        return Plan((request,), request.integration) if request is not None else None

    def _function(self, header: Header, flow: Flow | None, *, sound: bool) -> Plan | None:
        if flow is None or header.returns is None or not sound:
            return None
        lookups = self._lookups.of(header.returns)
        keys = {type: lookup.target.key for type, lookup in lookups.items()}
        # Of pages a step gives the nodes alone.
        pages = dict.fromkeys((f"{type}Connection" for type in keys), ())
        hold = make_hold(header.name, header.returns, self._names.types, {**pages, **keys})
        return Plan((), None, flow, lookups, hold)

    def _request(self, header: Header, node: Node, *, sound: bool) -> Request | None:
        noun = f'"run" of the operation "{header.name}"'
        if not isinstance(node, MapNode):
            if isinstance(node, ListNode):
                self._problems.add(node.at, f"{noun} is one request.", "Write steps: for several.")
            else:
                hint = "Write run: { use: object, list: { … } }."
                self._problems.add(node.at, f"{noun} is a mapping; {kind_of(node)} is not.", hint)
            return None
        scope = self._names.operation_scope(header.arguments, whole=header.whole)
        asked = self._requests.read(Asker(header, scope, noun, _BESIDE, sound, step=False), node)
        return asked.request if asked is not None else None
