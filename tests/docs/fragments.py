"""What a page of the reference shows of a project, put where it belongs in a whole one.

A block names its file, by `title="…"` or by a comment in its first line (`# operations/tickets.yaml`), or it is what
its keys say: a section of tidegate.yaml, the actions of an object, operations. What a page defines takes the place of
what the project had by that name. The project is `projects/desk`; a folder of the page's name there has what only that
page needs, or a project of its own.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Final

from tests.docs.blocks import Block
from tidegate.schema.project import KEYS

PROJECTS: Final = Path(__file__).parent / "projects"
_PLACE: Final = re.compile(r"(?:#|//) ([\w./-]+\.[a-z]+)$", re.MULTILINE)
_OBJECT: Final = "objects/tickets.yaml"
"""Whose actions are shown."""


def place_of(block: Block) -> str:
    """The file that the block says it is, or is part of; none where it says nothing."""
    named = _PLACE.match(block.text)
    return block.title or (named[1] if named else "")


def fragment_of(block: Block) -> str:
    """The file that such YAML is part of."""
    if place := place_of(block):
        return place
    keys = set(entries(block.text))
    if keys <= {*KEYS}:
        return "tidegate.yaml"
    return _OBJECT if keys == {"actions"} else f"operations/shown_{block.line}.yaml"


def entries(text: str, indent: str = "") -> dict[str, str]:
    """What is defined at this indentation, by name: keys of YAML, types of GraphQL."""
    parts = re.split(rf"^(?={indent}[A-Za-z_])", text, flags=re.MULTILINE)[1:]
    return {re.sub(r"^(?:type|enum|input) ", "", part.strip()).split(" ")[0].split(":")[0]: part for part in parts}


class Fragments:
    """`folder` is made anew: the project is `folder / "desk"`. `blocks` has which block a file's lines are from."""

    def __init__(self, folder: Path, page: str) -> None:
        self.project = folder / "desk"
        self.blocks: dict[str, Block] = {}
        beside = PROJECTS / Path(page).stem
        settings = beside / "tidegate.yaml"
        alone = settings.exists() and "name" in entries(settings.read_text(encoding="utf-8"))
        shutil.copytree(beside if alone else PROJECTS / "desk", self.project)
        shutil.copytree(PROJECTS / "shared", folder / "shared")
        if not alone:
            for path in sorted(path for path in beside.rglob("*") if path.is_file()):
                self.put(path.relative_to(beside).as_posix(), path.read_text(encoding="utf-8"))

    def show(self, block: Block) -> None:
        place = fragment_of(block)
        self.blocks[place] = block
        self.put(place, block.text)

    def put(self, place: str, text: str) -> None:
        root, _, rest = place.partition("/")
        if root in ("desk", "shared"):
            # Named from the folder that has several.
            place = rest
        file = (self.project.parent / "shared" if root == "shared" else self.project) / place
        file.parent.mkdir(parents=True, exist_ok=True)
        before = file.read_text(encoding="utf-8") if file.exists() else ""
        if place == "tidegate.yaml":
            text = _settings(before, text)
        elif place == _OBJECT and list(entries(text)) == ["actions"]:
            text = before + re.sub(r"^(?=.)", "  ", text, flags=re.MULTILINE)
        elif place == "types.graphql":
            text = "".join({**entries(before), **entries(text)}.values())
        elif place.split("/")[0] in ("objects", "operations"):
            self._forget(place.split("/")[0], entries(text))
        file.write_text(text, encoding="utf-8")

    def _forget(self, kind: str, names: dict[str, str]) -> None:
        for file in (self.project / kind).glob("*.yaml"):
            kept = {name: text for name, text in entries(file.read_text(encoding="utf-8")).items() if name not in names}
            if kept:
                file.write_text("".join(kept.values()), encoding="utf-8")
            else:
                file.unlink()


def _settings(old: str, new: str) -> str:
    sections, given = entries(old), entries(new)
    if "integrations" in given and "\n" in given["integrations"].strip():
        all = {**entries(sections.get("integrations", ""), "  "), **entries(given["integrations"], "  ")}
        given["integrations"] = "integrations:\n" + "".join(all.values())
    return "".join({**sections, **given}.values())
