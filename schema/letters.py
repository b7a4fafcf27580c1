"""An e-mail as written: a text that is too long to read in place is in a file of its own."""

from __future__ import annotations

import re
from typing import Final

from tidegate.core.expressions import Expression, Record
from tidegate.core.problems import Problems
from tidegate.schema.expressions import build_expression, file_text
from tidegate.schema.folder import ProjectFolder
from tidegate.schema.scope import Scope
from tidegate.schema.tree import MapNode, Node, ScalarNode, kind_of

VERB: Final = "send"
TRIGGER: Final = "trigger"
"""The verb of what is posted to a hook, which has no texts in files."""

_IN_FILES: Final = frozenset({"message", "html"})
_FILE: Final = re.compile(r"\S+\.(?:txt|html|md)")


def build_letter(node: MapNode, scope: Scope, folder: ProjectFolder, problems: Problems) -> Record:
    """The e-mail's fields, but for `use`; of those that are wrong, the keys alone."""
    built = {name: _part(name, entry, scope, folder, problems) for name, entry in node.entries.items() if name != "use"}
    fields = {name: value for name, value in built.items() if value is not None}
    return Record(fields, {name: at for name, at in node.keys.items() if name != "use"}, node.at)


def _part(name: str, node: Node, scope: Scope, folder: ProjectFolder, problems: Problems) -> Expression | None:
    """None where it is wrong, so that nothing else is said of what is left of it."""
    known = len(problems.found)
    if isinstance(node, MapNode):
        problems.add(node.at, f"This is a text or a list of texts; {kind_of(node)} is not.")
        return None
    if name in _IN_FILES and isinstance(node, ScalarNode) and _FILE.fullmatch(str(node.value)):
        file = str(node.value)
        text = folder.referenced(file, node.at)
        located = folder.located(file, node.at)
        built: Expression | None = None if text is None else file_text(located, text, scope, problems)
    else:
        built = build_expression(node, scope, problems)
    return built if len(problems.found) == known else None
