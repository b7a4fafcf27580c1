"""The questions of live functions: whom they are shared by, and what wakes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tidegate.core.call import Call, Runnable
from tidegate.core.catalog import Catalog
from tidegate.core.expressions import Scope
from tidegate.core.json import frozen
from tidegate.core.live import Question
from tidegate.core.operation import Operation
from tidegate.core.selection import Selection
from tidegate.resolvers.flow_reads import FlowReads, fields_used


class FunctionQuestions:
    """Of one catalog. `find` compiles an operation that is called, for a role of this rank."""

    def __init__(self, catalog: Catalog, find: Callable[[Operation, int], Runnable]) -> None:
        self._catalog = catalog
        self._find = find
        self._used: dict[tuple[str, int], frozenset[str] | None] = {}

    def pose(self, runnable: Runnable, call: Call, scope: Scope) -> Question:
        """Callers who differ in nothing that the function looks at share its answer. Code is given the whole user."""

        def find(operation: Operation) -> Runnable:
            return self._find(operation, runnable.rank)

        user = scope["currentUser"]
        assert isinstance(user, Mapping)
        used = self._fields(runnable, find)
        if used is not None:
            user = {name: user.get(name) for name in used}
        elif not runnable.needs_properties:
            user = {name: value for name, value in user.items() if name != "properties"}
        role = call.user.role if used is None else ""
        variables = call.variables if _takes_arguments(runnable.selection) else {}
        key = (runnable, role, frozen(call.arguments), frozen(variables), frozen(user))
        reads = FlowReads(self._catalog, find).of(runnable, scope)
        return Question(runnable, (), reads, key, call)

    def _fields(self, runnable: Runnable, find: Callable[[Operation], Runnable]) -> frozenset[str] | None:
        key = runnable.operation.name, runnable.rank
        if runnable.places or runnable.joined:
            # What is looked up, and joined, is another matter for each selection.
            return fields_used(runnable, self._catalog, find)
        if key not in self._used:
            self._used[key] = fields_used(runnable, self._catalog, find)
        return self._used[key]


def _takes_arguments(selection: Selection | None) -> bool:
    """Whether the answer may depend on variables of the client's document."""
    fields = selection.fields if selection is not None else ()
    return any(each.arguments or _takes_arguments(each.selection) for each in fields)
