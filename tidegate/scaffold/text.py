"""Small pieces of YAML and GraphQL, written the way a person would."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

Yaml: TypeAlias = str | Sequence["Yaml"] | Mapping[str, "Yaml"]

_PLAIN: Final = re.compile(r"[A-Za-z_$][A-Za-z0-9_$./!-]*(?: [A-Za-z0-9_$./!=-]+)*\Z")
_UNPRINTABLE: Final = re.compile("[^\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_CONSTANTS: Final = frozenset({"null", "true", "false"})


def scalar(value: str) -> str:
    """A text as YAML: plain where that is safe everywhere, else quoted."""
    if _PLAIN.match(value) and value.lower() not in _CONSTANTS:
        return value
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(value, ensure_ascii=False))


def flow(value: Yaml) -> str:
    """`{ where: { id: $args.id } }`, `[a, b]`, `text`."""
    if isinstance(value, str):
        return scalar(value)
    if isinstance(value, Mapping):
        pairs = (f"{scalar(key)}: {flow(inner)}" for key, inner in value.items())
        return f"{{ {', '.join(pairs)} }}" if value else "{}"
    return f"[{', '.join(map(flow, value))}]"


def block(pairs: Mapping[str, str], indent: int) -> str:
    """Lines of `key: value`, the values written already."""
    return "".join(f"{' ' * indent}{scalar(key)}: {value}\n" for key, value in pairs.items())


def description(text: str, indent: int = 0) -> str:
    """A GraphQL description, or nothing. Control characters that GraphQL forbids are left out."""
    clean = re.sub(r"[^\t\n\r\u0020-\U0010ffff]", "", text).strip().replace('"""', '\\"""')
    if not clean:
        return ""
    space = " " * indent
    lines = [line.rstrip() for line in clean.splitlines()]
    if len(lines) == 1 and not clean.endswith(('"', "\\")):
        return f'{space}"""{clean}"""\n'
    return "".join(f"{space}{line}".rstrip() + "\n" for line in ('"""', *lines, '"""'))
