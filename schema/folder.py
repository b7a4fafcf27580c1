"""The project's folder, and those that it includes: which files they have, and their texts.

A file goes by its name from the project's folder on: `operations/tickets.yaml`, `../shared/operations/teams.yaml`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Final

from tidegate.core.location import Location
from tidegate.core.problems import Problems, did_you_mean

LARGEST: Final = 1024 * 1024
"""Bytes that a project file may have."""


class ProjectFolder:
    """Reads texts of the project and nothing else: a link that leads out of its folder is not followed."""

    def __init__(self, root: Path, problems: Problems) -> None:
        self.root = root.resolve()
        self._roots = [self.root]
        self._problems = problems

    def include(self, folder: Path) -> None:
        """From now on the files of this folder, which is resolved, are the project's too."""
        self._roots.append(folder)

    @property
    def included(self) -> tuple[Path, ...]:
        return tuple(self._roots[1:])

    def exists(self, file: str) -> bool:
        return (self.root / file).is_file()

    def files(self, name: str) -> Iterator[str]:
        """The files that have this name in the project's folder and in those that it includes, in this order."""
        return (file for root in self._roots if self.exists(file := self.name_of(root / name)))

    def yaml_files(self, folder: str) -> Iterator[str]:
        """The YAML files in a folder and the folders below it, in the order of their names; those of the folders that
        are included come after the project's own."""
        for root in self._roots:
            found: list[str] = []
            for place, folders, files in os.walk(root / folder):
                folders[:] = sorted(name for name in folders if not name.startswith("."))
                found.extend(self.name_of(Path(place) / name) for name in files if not name.startswith("."))
            for file in sorted(found):
                if file.endswith(".yml"):
                    sentence = 'The name of a YAML file ends in ".yaml" here.'
                    self._problems.add(Location(file), sentence, "Rename the file.")
                elif file.endswith(".yaml"):
                    yield file

    def text(self, file: str) -> str | None:
        """The text of a file of the project, its line ends made line feeds. None if it cannot be read."""
        path = self.root / file
        at = Location(file)
        try:
            if not path.resolve().is_relative_to(root := self._root_of(file)):
                whose = "the project's folder" if root == self.root else "the folder that is included"
                self._problems.add(at, f"This link leads out of {whose}.", "Put the file itself there.")
                return None
            if not path.is_file():
                self._problems.add(at, "This is not a file.", "It is a folder, a pipe or a link to nothing.")
                return None
            with path.open("rb") as opened:
                content = opened.read(LARGEST + 1)
        except OSError as error:
            self._problems.add(at, f"This file cannot be read: {error.strerror}.")
            return None
        if len(content) > LARGEST:
            self._problems.add(at, f"This file is larger than {LARGEST // 1024} KiB.", "Split it.")
            return None
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            before = content[: error.start].decode("utf-8", "replace")
            at = Location(file, before.count("\n") + 1, len(before) - before.rfind("\n"))
            self._problems.add(at, "This is not UTF-8.", "Save the file in the encoding UTF-8.")
            return None
        return text.replace("\r\n", "\n").replace("\r", "\n")

    def referenced(self, name: str, at: Location) -> str | None:
        """The text of a file that another file names, from its own folder on: the project's, or the one that is
        included. None if it cannot be had; the problem is at `at`."""
        root = self._root_of(at.file)
        whose = "project" if root == self.root else "folder that is included"
        path = root / name
        if PurePosixPath(name).is_absolute() or set(name) & {"\\", "\0"} or ".." in PurePosixPath(name).parts:
            base = "the project's folder" if root == self.root else "that folder"
            self._problems.add(at, f'"{name}" is not inside the {whose}.', f"Name a file from {base} on.")
            return None
        if not path.is_file():
            known = (found.relative_to(root).as_posix() for found in islice(root.rglob(f"*{path.suffix}"), 1000))
            self._problems.add(at, f'There is no file "{name}" in the {whose}.', did_you_mean(name, known))
            return None
        if not path.resolve().is_relative_to(root):
            sentence = f'"{name}" is a link that leads out of the {whose}.'
            self._problems.add(at, sentence, "Put the file itself there.")
            return None
        return self.text(self.name_of(path))

    def located(self, name: str, at: Location) -> str:
        """The file that is called `name` by the file at `at`, as the project calls it."""
        return self.name_of(self._root_of(at.file) / name)

    def name_of(self, path: Path) -> str:
        """What the project calls a file or a folder."""
        return PurePosixPath(os.path.relpath(path, self.root)).as_posix()

    def _root_of(self, file: str) -> Path:
        """The folder that a file belongs to: the innermost one."""
        path = Path(os.path.normpath(self.root / file))
        holding = [root for root in self._roots if path.is_relative_to(root)]
        return max(holding, key=lambda root: len(root.parts), default=self.root)
