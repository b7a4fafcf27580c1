"""A trigger's text -> the columns it sets in the row that is written, if that is all it does.

    set new.updated_at = now()

The commonest trigger there is should not make every write to its table concern everybody. What is read here is read
with suspicion: a word that may mean more than an assignment, and nothing is known.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

_NOISE: Final = re.compile(
    r"/\*(?!!|M!).*?\*/|--\s[^\n]*|#[^\n]*|'(?:[^'\\]|''|\\.)*'|\"(?:[^\"\\]|\"\"|\\.)*\"", re.DOTALL
)
_UNREADABLE: Final = re.compile(r"/\*|['\"]|`[^`]*[^\w`][^`]*`")
"""After the noise is gone: comments that are carried out, texts that do not end, odd names."""
_MORE: Final = re.compile(
    r"\b(insert|update|delete|replace(?!\s*\()|call|select|load|into|truncate|do|execute|prepare|handler|lock|unlock|open"
    r"|fetch|with|table|values|create|alter|drop|grant|revoke|rename|global|session|persist|local|names|password|commit"
    r"|rollback|start|analyze|optimize|flush|reset|kill|install|import|next|previous|sequence)\b",
    re.IGNORECASE,
)
_CALL: Final = re.compile(r"(\.\s*)?`?(\w+)`?\s*\(")
_NEW: Final = re.compile(r"\bnew\b(?:\s*\.\s*(?:`(\w+)`|(\w+)))?", re.IGNORECASE)

_HARMLESS: Final = frozenset(
    {
        "abs", "adddate", "addtime", "and", "as", "binary", "bit_length", "case", "cast", "ceil", "ceiling", "char",
        "char_length", "character_length", "coalesce", "concat", "concat_ws", "convert", "crc32", "curdate",
        "current_date", "current_time", "current_timestamp", "current_user", "curtime", "date", "date_add",
        "date_format", "date_sub", "datediff", "day", "dayofmonth", "dayofweek", "dayofyear", "elseif", "exists",
        "field", "find_in_set", "floor", "format", "from_unixtime", "greatest", "hex", "hour", "if", "ifnull", "in",
        "instr", "interval", "json_array", "json_contains", "json_extract", "json_insert", "json_keys", "json_length",
        "json_merge_patch", "json_object", "json_quote", "json_remove", "json_replace", "json_set", "json_unquote",
        "json_valid", "last_day", "lcase", "least", "left", "length", "like", "localtime", "localtimestamp", "locate",
        "lower", "lpad", "ltrim", "md5", "microsecond", "mid", "minute", "mod", "month", "not", "now", "nullif",
        "octet_length", "or", "position", "pow", "power", "quarter", "rand", "regexp", "regexp_replace",
        "regexp_substr", "repeat", "replace", "reverse", "right", "round", "rpad", "rtrim", "second", "sha", "sha1",
        "sha2", "sign", "soundex", "sqrt", "str_to_date", "strcmp", "subdate", "substr", "substring",
        "substring_index", "subtime", "sysdate", "then", "time", "timediff", "timestamp", "timestampadd",
        "timestampdiff", "to_days", "trim", "truncate", "ucase", "unhex", "unix_timestamp", "upper", "user",
        "utc_date", "utc_time", "utc_timestamp", "uuid", "uuid_short", "week", "weekday", "when", "while", "xor",
        "year", "yearweek",
    }
)  # fmt: skip
"""Functions that answer and do nothing else, and words that may stand before a bracket."""


def stamped_columns(body: str, strangers: Collection[str]) -> frozenset[str] | None:
    """In lower case; none where the trigger may do more. `strangers` are functions that may do anything."""
    text = _NOISE.sub(" ", body)
    if _UNREADABLE.search(text) or _MORE.search(text):
        return None
    for dot, name in _CALL.findall(text):
        if dot or name.lower() not in _HARMLESS or name.lower() in strangers:
            return None
    found = set[str]()
    for quoted, plain in _NEW.findall(text):
        if not quoted and not plain:
            return None
        found.add((quoted or plain).lower())
    return frozenset(found)
