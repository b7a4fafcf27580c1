"""`include:` of tidegate.yaml -> the folders whose files are the project's too.

A folder that is shared between projects has their layout, but no settings: those are the including project's. All that
its own tidegate.yaml may say is what it includes in turn.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Final

from tidegate.core.problems import Problems, did_you_mean
from tidegate.schema.environment import refuse_variables
from tidegate.schema.folder import ProjectFolder
from tidegate.schema.form import Form
from tidegate.schema.project import FILE
from tidegate.schema.reading import read_yaml
from tidegate.schema.tree import MapNode, Node, ScalarNode
from tidegate.schema.typedefs import FILE as TYPES_FILE

KEY: Final = "include"
SECTIONS: Final = ("objects", "operations")

DEEPEST: Final = 4
"""How many folders may stand in a row, each including the next one."""

MOST: Final = 50
"""How many folders a project may include altogether."""


def include_folders(files: ProjectFolder, named: Sequence[ScalarNode], problems: Problems) -> None:
    """Makes the folders that a project's tidegate.yaml names part of `files`, and what they include themselves."""
    _Inclusion(files, problems).follow(named, (files.root,))


def folders_to_watch(folder: Path) -> Sequence[Path]:
    """Every folder whose files matter to the project in `folder` beside itself, there or not, however much is wrong
    with any of them."""
    problems = Problems()
    files = ProjectFolder(folder, problems)
    inclusion = _Inclusion(files, problems)
    inclusion.follow(inclusion.named_in(files.root), (files.root,))
    return inclusion.wanted


class _Inclusion:
    def __init__(self, files: ProjectFolder, problems: Problems) -> None:
        self._files = files
        self._problems = problems
        self.wanted: list[Path] = []

    def follow(self, named: Sequence[ScalarNode], chain: tuple[Path, ...]) -> None:
        """`chain`: from the project's folder to the one that names them."""
        seen: set[Path] = set()
        for node in named:
            folder = self._folder(node, chain[-1])
            if folder is None:
                continue
            if folder in seen:
                self._problems.add(node.at, f'"{node.value}" is included twice.', "Remove one of them.")
            elif folder in chain:
                circle = self._row(*chain[chain.index(folder) :], folder)
                self._problems.add(node.at, f"Folders include each other in a circle: {circle}.", "Leave one out.")
            elif len(chain) > DEEPEST:
                row = self._row(*chain[1:], folder)
                self._problems.add(node.at, f"More than {DEEPEST} folders include each other in a row: {row}.")
            elif folder not in self._files.included and self._is_fit(node, folder):
                self._files.include(folder)
                self.follow(self.named_in(folder), (*chain, folder))
            seen.add(folder)

    def named_in(self, folder: Path) -> Sequence[ScalarNode]:
        """What the tidegate.yaml of a folder includes, if it has one."""
        file = self._files.name_of(folder / FILE)
        text = self._files.text(file) if self._files.exists(file) else None
        node = read_yaml(text, file, self._problems) if text is not None else None
        if node is None:
            return ()
        for key, at in node.keys.items() if isinstance(node, MapNode) else ():
            if key != KEY:
                sentence = f'"{key}" cannot be set in a folder that is included.'
                self._problems.add(at, sentence, "The settings are those of the project that includes it.")
        form = Form(node, file, tuple(_keys(node)), self._problems)
        refuse_variables(node, self._problems)
        return form.texts(KEY) if form.has(KEY) else ()

    def _folder(self, node: ScalarNode, base: Path) -> Path | None:
        text = str(node.value)
        if "${" in text:
            return None  # It has been said that variables cannot stand here.
        if PurePosixPath(text).is_absolute() or text.startswith("~") or set(text) & set('\\\0$:*?"<>|'):
            hint = "Write ../shared, say, from the folder of this file on."
            self._problems.add(node.at, f'"{text}" is not the relative path of a folder.', hint)
            return None
        folder = Path(os.path.normpath(base / text))
        self.wanted.append(folder)
        if not folder.is_dir():
            parent = PurePosixPath(text).parent
            known = (str(parent / name) for name in _folders_in(folder.parent))
            self._problems.add(node.at, f'There is no folder "{text}".', did_you_mean(text, known))
            return None
        if folder != (base / text).resolve():
            self._problems.add(node.at, f'"{text}" is a link, or behind one.', "Name the folder itself.")
            return None
        return folder

    def _row(self, *folders: Path) -> str:
        names = ("this project" if folder == self._files.root else self._files.name_of(folder) for folder in folders)
        return " -> ".join(names)

    def _is_fit(self, node: ScalarNode, folder: Path) -> bool:
        """Whether it can be a part of this project."""
        roots = (self._files.root, *self._files.included)
        if any(_is_read_as(folder, root) or _is_read_as(root, folder) for root in roots):
            hint = "Its files would be read twice. Put it beside them."
            self._problems.add(node.at, f'"{node.value}" lies in the objects or operations of another folder.', hint)
        elif not any((folder / name).exists() for name in (FILE, TYPES_FILE, *SECTIONS)):
            hint = f"It has {TYPES_FILE}, objects/*.yaml or operations/*.yaml."
            self._problems.add(node.at, f'The folder "{node.value}" has nothing of a project.', hint)
        elif len(roots) > MOST:
            self._problems.add(node.at, f"A project includes at most {MOST} folders.")
        else:
            return True
        return False


def _is_read_as(folder: Path, root: Path) -> bool:
    return any(folder.is_relative_to(root / section) for section in SECTIONS)


def _folders_in(folder: Path) -> Iterator[str]:
    if folder.is_dir():
        with os.scandir(folder) as entries:
            yield from (entry.name for entry in entries if entry.is_dir() and not entry.name.startswith("."))


def _keys(node: Node) -> Iterator[str]:
    yield KEY
    if isinstance(node, MapNode):
        yield from node.entries
