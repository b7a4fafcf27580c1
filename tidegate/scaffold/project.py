"""Whole projects as files: a mapping of relative paths to their text."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

from tidegate.scaffold.graphql_text import types_text
from tidegate.scaffold.identifiers import Names
from tidegate.scaffold.outline import Outline
from tidegate.scaffold.text import Yaml, flow, scalar
from tidegate.scaffold.words import words
from tidegate.scaffold.yaml_text import Opening, object_text, operations_text

ROLES: Final = ("anonymous", "user", "admin")
"""The roles of a project made from a database, lowest first."""

GIT_IGNORE: Final = ".env\n.tidegate/\n*.db\n*.db-shm\n*.db-wal\n"

DEVELOPMENT: Final = {"TIDEGATE_ENVIRONMENT": "development"}
"""Who makes a project wants to look at it: GraphiQL is served, until this line is gone."""

_STARTER_ENDINGS: Final = (".yaml", ".graphql", ".sql", ".md", ".js", ".py")


@dataclass(frozen=True, slots=True)
class Source:
    """Where the database, or the other server, is. `settings` go into tidegate.yaml beside `kind`; `environment` holds
    what they read from the environment and does not belong in git."""

    kind: str
    settings: Mapping[str, Yaml]
    environment: Mapping[str, str]


def service_desk() -> Mapping[str, str]:
    """The example project, shipped inside the package, with a secret of its own."""
    found = dict(_texts(_example(), ""))
    return {**found, ".gitignore": GIT_IGNORE, ".env": environment_text({"JWT_SECRET": new_secret(), **DEVELOPMENT})}


def database_project(folder: Path, outline: Outline, source: Source, opening: Opening) -> Mapping[str, str]:
    """A project that serves what `outline` holds."""
    operations = Names()
    made = {"types.graphql": types_text(outline)}
    for data_object in outline.objects:
        made[f"objects/{data_object.name}.yaml"] = object_text(data_object, "db", opening)
    for data_object in outline.objects:
        made[f"operations/{data_object.name}.yaml"] = operations_text(data_object, operations, opening)
    return assemble(folder, made, "db", source)


def assemble(folder: Path, made: Mapping[str, str], integration: str, source: Source) -> Mapping[str, str]:
    """A project of these files, with one integration and what every project needs. The folder's name names it."""
    name = "-".join(words(folder.resolve().name)) or "project"
    whole = {
        "tidegate.yaml": _project_text(name, integration, source),
        **made,
        "demo.yaml": _demo_text(),
        ".gitignore": GIT_IGNORE,
        ".env": environment_text({"JWT_SECRET": new_secret(), **DEVELOPMENT, **source.environment}),
    }
    return {path: f"{_editor_line(path)}{text}" for path, text in whole.items()}


def _editor_line(path: str) -> str:
    """The line that tells an editor the schema of a file; nothing for files that have none."""
    # Not at the top: `tidegate --help` would wait for GraphQL libraries.
    from tidegate.schema.editor import schema_line

    written = path == "tidegate.yaml" or path.startswith(("objects/", "operations/"))
    return f"{schema_line(path)}\n" if written else ""


def write_files(folder: Path, made: Mapping[str, str]) -> None:
    """Writes new files and nothing else. Raises `FileExistsError` naming the first few that are there already, before
    anything is written. `.env` is readable by its owner alone."""
    there = [path for path in made if (folder / path).exists()]
    if there:
        raise FileExistsError(", ".join(there[:5]) + (", ..." if len(there) > 5 else ""))
    for path, text in made.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if path == ".env":
            target.touch(mode=0o600)
        target.write_text(text, encoding="utf-8")


def environment_text(values: Mapping[str, str]) -> str:
    """Lines of a `.env` file. Single quotes: python-dotenv takes what is inside as it stands."""
    escaped = {name: value.replace("\\", "\\\\").replace("'", "\\'") for name, value in values.items()}
    return "".join(f"{name}='{value}'\n" for name, value in escaped.items())


def new_secret() -> str:
    """384 random bits: enough for HS384, and for HS512's users to be content."""
    return secrets.token_urlsafe(48)


def _project_text(name: str, integration: str, source: Source) -> str:
    settings = flow({"kind": source.kind} | dict(source.settings))
    return (
        f"name: {scalar(name)}\n"
        f"roles: {flow(ROLES)}        # lowest first: a higher role may do all that a lower one may\n"
        "\n"
        "auth:\n"
        f'  jwt: {{ algorithms: [HS256], secret: "${{JWT_SECRET}}", audience: {scalar(name)} }}\n'
        "  currentUser: { id: sub, role: role }\n"
        "\n"
        "integrations:\n"
        f"  {integration}: {settings}\n"
    )


def _demo_text() -> str:
    return (
        "# Whom `tidegate serve --demo` makes tokens for: a name, and the claims of the token.\n"
        'user:  { sub: "1", role: user }\n'
        'admin: { sub: "2", role: admin }\n'
    )


def _example() -> Traversable:
    try:
        return files("tidegate.scaffold.servicedesk")
    except ModuleNotFoundError:
        # A clone without links, run without being installed.
        return Path(__file__).parents[2] / "examples" / "servicedesk"


def _texts(folder: Traversable, prefix: str) -> Iterator[tuple[str, str]]:
    """In a clone the folder also holds what serving the example leaves there: that is not part of it."""
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.name.startswith((".", "__")):
            continue
        if entry.is_dir():
            yield from _texts(entry, f"{prefix}{entry.name}/")
        elif entry.name.endswith(_STARTER_ENDINGS):
            yield f"{prefix}{entry.name}", entry.read_text(encoding="utf-8")
