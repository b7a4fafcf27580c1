"""A trigger function's text -> the columns it sets in the row that is written, if that is all it does.

    begin new.updated_at = now(); return new; end

The commonest trigger there is should not make every write to its table concern everybody. What is read here is read
with suspicion: a word that may mean more than an assignment, and nothing is known.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Final

_NOISE: Final = re.compile(r"/\*.*?\*/|--[^\n]*|'(?:[^']|'')*'", re.DOTALL)
_ESCAPES: Final = re.compile(r"\be'", re.IGNORECASE)
_UNREADABLE: Final = re.compile(r"\$|/\*|\"[^\"]*[^\w\"][^\"]*\"", re.IGNORECASE)
"""After the noise is gone: dollar quotes, nested comments, odd names."""
_MORE: Final = re.compile(
    r"\b(insert|update|delete|merge|truncate|execute|perform|call|select|copy|with|into|from|loop|for|foreach|while|open"
    r"|fetch|move|table|values|do|lock|notify|listen|create|alter|drop|grant|revoke|refresh|set|commit|rollback)\b",
    re.IGNORECASE,
)
_DISTINCT: Final = re.compile(r"\bis\s+(not\s+)?distinct\s+from\b", re.IGNORECASE)
_WORDS: Final = re.compile(r"\w+|[^\w\s]+")
_NEW: Final = re.compile(r'\bnew\b(?:\s*\.\s*(?:"(\w+)"|(\w+)))?', re.IGNORECASE)
_RETURN: Final = re.compile(r"\breturn\s+new\s*;", re.IGNORECASE)

_OF_ARGUMENTS: Final = {"moddatetime": 1, "tsvector_update_trigger": 1, "tsvector_update_trigger_column": 1}
"""Known functions in C that set the columns named by so many of their first arguments."""
_HARMLESS: Final = frozenset({"suppress_redundant_updates_trigger"})


def stamped_columns(
    language: str, name: str, body: str, arguments: Sequence[str], strangers: Collection[str]
) -> frozenset[str] | None:
    """None where the trigger may do more. `strangers` are functions and operators that may do anything."""
    if language in ("c", "internal"):
        if name in _HARMLESS:
            return frozenset()
        count = _OF_ARGUMENTS.get(name)
        return None if count is None or len(arguments) < count else frozenset(arguments[:count])
    if language != "plpgsql" or _ESCAPES.search(body):
        return None
    text = _DISTINCT.sub("=", _NOISE.sub(" ", body))
    if _UNREADABLE.search(text) or _MORE.search(text):
        return None
    if any(word in strangers for word in _WORDS.findall(text.lower())):
        return None
    found = set[str]()
    for mention in _NEW.finditer(_RETURN.sub(" ", text)):
        quoted, plain = mention[1], mention[2]
        if quoted is None and plain is None:
            # The row as a whole.
            return None
        found.add(quoted if quoted is not None else plain.lower())
    return frozenset(found)
