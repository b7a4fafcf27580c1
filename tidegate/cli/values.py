"""How the author wrote a value: an expression, back as text."""

from __future__ import annotations

import json

from tidegate.core.expressions import Expression, Items, Literal, Record, Reference, Text


def describe_value(expression: Expression) -> str:
    """`$args.id`, `"Todo"`, `{ status: "Todo" }`."""
    match expression:
        case Literal(value=value):
            return json.dumps(value, ensure_ascii=False)
        case Reference():
            return f"${expression}"
        case Text(parts=parts):
            shown = (part if isinstance(part, str) else f"{{{{ {part} }}}}" for part in parts)
            return json.dumps("".join(shown), ensure_ascii=False)
        case Record(fields=fields):
            return f"{{ {', '.join(f'{name}: {describe_value(value)}' for name, value in fields.items())} }}"
        case Items(items=items):
            return f"[{', '.join(map(describe_value, items))}]"
