"""Code blocks of the documentation.

```yaml title="tasks/operations/tasks.yaml"     a file, from the reader's folder on
```bash                                         commands; `tidegate serve` goes on until the next one
```json or ```text, after commands              what they print; `…` stands for anything
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

DOCS: Final = Path(__file__).parents[2] / "docs"
_FENCE: Final = re.compile(r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    page: str
    line: int
    section: str
    language: str
    title: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"

    def write(self, folder: Path) -> None:
        """As the file that the title names."""
        assert not Path(self.title).is_absolute(), self
        assert ".." not in Path(self.title).parts, self
        file = folder / self.title
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(self.text, encoding="utf-8")


def blocks(page: str) -> list[Block]:
    """All blocks of a page of docs/, in order."""
    text = (DOCS / page).read_text(encoding="utf-8")
    found = list(_FENCE.finditer(text))
    assert len(found) * 2 == len(re.findall(r"^ *```", text, re.MULTILINE)), f"{page}: a block of another form"
    return [
        Block(
            page=page,
            line=text.count("\n", 0, match.start()) + 1,
            section=(["", *re.findall(r"^## (.+)$", text[: match.start()], re.MULTILINE)])[-1],
            language=match[1],
            title=match[2] or "",
            text=match[3],
        )
        for match in found
    ]


def like(shown: Any, real: Any) -> bool:
    """Whether `real` is the JSON that is shown; `…` in a text, or as a value, stands for anything. Any: JSON."""
    match shown:
        case str():
            return shown == "…" or (isinstance(real, str) and _holes(shown).fullmatch(real) is not None)
        case dict():
            return (
                isinstance(real, dict)
                and shown.keys() == real.keys()
                and all(like(value, real[key]) for key, value in shown.items())
            )
        case list():
            return isinstance(real, list) and len(shown) == len(real) and all(map(like, shown, real))
    return bool(shown == real)


def _holes(text: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, text.split("…"))), re.DOTALL)


def printed(block: Block) -> re.Pattern[str]:
    """What matches the output that the block shows."""
    return _holes(block.text.strip())
