"""A request to a GraphQL server as written: its document is a text that stands as it is, or is in a file of its own."""

from __future__ import annotations

import re
from typing import Final

from tidegate.core.expressions import Expression, Literal, Record
from tidegate.core.location import Location
from tidegate.core.problems import Problems
from tidegate.schema.expressions import build_expression
from tidegate.schema.folder import ProjectFolder
from tidegate.schema.scope import Scope
from tidegate.schema.tree import MapNode, Node, ScalarNode

VERBS: Final = frozenset({"query", "mutation"})

_TEXTS: Final = frozenset({"document", "select"})
"""GraphQL, whose braces and dollars are its own."""
_FILE: Final = re.compile(r"\S+\.graphql")


def build_asked(node: Node, scope: Scope, folder: ProjectFolder, problems: Problems) -> Expression | None:
    """None where the file cannot be had, so that nothing else is said of it."""
    if isinstance(node, ScalarNode):
        return _text(node, folder)
    if not isinstance(node, MapNode):
        return build_expression(node, scope, problems)
    fields: dict[str, Expression] = {}
    for name, entry in node.entries.items():
        is_text = name in _TEXTS and isinstance(entry, ScalarNode)
        built = _text(entry, folder) if is_text else build_expression(entry, scope, problems)
        if built is None:
            return None
        fields[name] = built
    return Record(fields, node.keys, node.at)


def _text(node: Node, folder: ProjectFolder) -> Expression | None:
    assert isinstance(node, ScalarNode)
    if not isinstance(node.value, str) or not _FILE.fullmatch(node.value):
        return Literal(node.value, node.at)
    text = folder.referenced(node.value, node.at)
    return None if text is None else Literal(text, Location(folder.located(node.value, node.at)))
