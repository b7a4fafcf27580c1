"""Stories as Markdown, and what became of each command: the text beneath it.

A block whose first line has a file's name is that file of the project; a `server` block says what the server answers,
a `limits` block what `limits:` says. In `story` blocks a line that begins with `> ` is a command; what follows is what
came of it, as the whole is compared with what really did.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import yaml

_FENCE = re.compile(r"^```(?P<info>[^\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass
class Story:
    """`blocks` are where the `story` blocks are in the text."""

    text: str
    files: dict[str, str] = field(default_factory=dict)
    limits: dict[str, str] = field(default_factory=dict)
    server: str = ""
    blocks: list[tuple[int, int]] = field(default_factory=list)

    @property
    def commands(self) -> list[list[str]]:
        """Those of each block."""
        texts = [self.text[start:end] for start, end in self.blocks]
        return [[line[2:] for line in text.splitlines() if line.startswith("> ")] for text in texts]

    def told(self, outcomes: list[str]) -> str:
        """The story with these blocks."""
        parts, after = [], 0
        for (start, end), outcome in zip(self.blocks, outcomes, strict=True):
            parts += [self.text[after:start], outcome]
            after = end
        return "".join([*parts, self.text[after:]])


def read_story(path: Path) -> Story:
    story = Story(path.read_text())
    for found in _FENCE.finditer(story.text):
        kind, _, file = found["info"].partition(" ")
        if kind == "story":
            story.blocks.append(found.span("text"))
        elif kind == "server":
            story.server = found["text"]
        elif file == "limits":
            story.limits = yaml.safe_load(found["text"])
        else:
            assert file, f"{path.name}: {found['info']} is no block of a story."
            story.files[file] = found["text"]
    assert story.blocks, f"{path.name} tells nothing."
    return story
