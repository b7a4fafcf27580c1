"""demo.yaml: whom `serve --demo`, `token --user` and `run --as` know by name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tidegate.core.json import Json
from tidegate.core.location import Location
from tidegate.core.problems import Problems
from tidegate.schema.folder import ProjectFolder
from tidegate.schema.reading import read_yaml
from tidegate.schema.tree import MapNode, as_json

DEMO_FILE: Final = "demo.yaml"


def demo_users(folder: Path) -> Mapping[str, Mapping[str, Json]]:
    """The claims of each demo user by name; nobody where there is no such file. Raises `ProjectError`."""
    problems = Problems()
    files = ProjectFolder(folder, problems)
    text = files.text(DEMO_FILE) if files.exists(DEMO_FILE) else None
    root = read_yaml(text, DEMO_FILE, problems) if text is not None else None
    users: dict[str, Mapping[str, Json]] = {}
    hint = 'For example ada: { sub: "1", role: customer }.'
    if isinstance(root, MapNode):
        for name, entry in root.entries.items():
            claims = as_json(entry)
            if isinstance(claims, Mapping):
                users[name] = claims
            else:
                problems.add(entry.at, f"{name} must have a mapping of claims.", hint)
    elif root is not None:
        problems.add(Location(DEMO_FILE), "This file maps names to claims.", hint)
    problems.raise_any()
    return users
