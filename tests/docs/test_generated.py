"""The pages of all names are what the code says."""

import ast
from pathlib import Path

from tests.docs.blocks import DOCS
from tests.docs.generated import pages
from tidegate.core.errors import BESIDE

ROOT = DOCS.parent


def test_the_pages_are_made_from_the_code() -> None:
    written = {path.relative_to(DOCS).as_posix() for path in (DOCS / "reference" / "generated").iterdir()}
    made = pages()
    assert written == made.keys() - {"reference/generated.md"}
    for place, text in made.items():
        assert (DOCS / place).read_text(encoding="utf-8") == text, f"python -m tests.docs.generated: {place}"


def test_what_stands_beside_codes_is_told() -> None:
    """Every name of `extensions` that is written as it is where an error is made."""
    found: set[str] = set()
    for folder in ("tidegate", "schema", "resolvers", "realtime", "sandbox"):
        for file in (ROOT / folder).rglob("*.py"):
            found |= beside(file)
    assert found <= BESIDE.keys()
    assert BESIDE.keys() - found <= {"fields"}, "as a variable"


def beside(file: Path) -> set[str]:
    text = file.read_text(encoding="utf-8")
    if "OperationError(" not in text:
        return set()
    calls = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
    raised = [node for node in calls if getattr(node.func, "id", "") == "OperationError" and len(node.args) == 3]
    dicts = [node.args[2] for node in raised if isinstance(node.args[2], ast.Dict)]
    return {
        key.value for each in dicts for key in each.keys if isinstance(key, ast.Constant) and isinstance(key.value, str)
    }
