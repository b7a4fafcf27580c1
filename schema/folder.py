"""The project's folder: which files it has, and their texts."""

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
    """Reads texts of the project and nothing else: a link that leads out of the folder is not followed."""

    def __init__(self, root: Path, problems: Problems) -> None:
        self.root = root.resolve()
        self._problems = problems

    def exists(self, file: str) -> bool:
        return (self.root / file).is_file()

    def yaml_files(self, folder: str) -> Iterator[str]:
        """The YAML files in a folder and the folders below it, in the order of their names."""
        found: list[str] = []
        for place, folders, files in os.walk(self.root / folder):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            found.extend(self._relative(Path(place) / name) for name in files if not name.startswith("."))
        for file in sorted(found):
            if file.endswith(".yml"):
                self._problems.add(Location(file), 'The name of a YAML file ends in ".yaml" here.', "Rename the file.")
            elif file.endswith(".yaml"):
                yield file

    def text(self, file: str) -> str | None:
        """The text of a file of the project, its line ends made line feeds. None if it cannot be read."""
        path = self.root / file
        at = Location(file)
        try:
            if not path.resolve().is_relative_to(self.root):
                self._problems.add(at, "This link leads out of the project's folder.", "Put the file itself there.")
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
        """The text of a file that another file names. None if it cannot be had; the problem is at `at`."""
        path = self.root / name
        if PurePosixPath(name).is_absolute() or set(name) & {"\\", "\0"} or ".." in PurePosixPath(name).parts:
            self._problems.add(at, f'"{name}" is not inside the project.', "Name a file from the project's folder on.")
            return None
        if not path.is_file():
            known = map(self._relative, islice(self.root.rglob(f"*{path.suffix}"), 1000))
            self._problems.add(at, f'There is no file "{name}" in the project.', did_you_mean(name, known))
            return None
        if not path.resolve().is_relative_to(self.root):
            self._problems.add(at, f'"{name}" is a link that leads out of the project.', "Put the file itself there.")
            return None
        return self.text(name)

    def _relative(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()
