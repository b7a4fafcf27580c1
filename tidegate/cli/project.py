"""A project folder, as the commands see it: its environment, its catalog, its demo users."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from dotenv import dotenv_values

from tidegate.core.catalog import Catalog
from tidegate.settings import Isolation, variable

ENVIRONMENT_FILE: Final = ".env"


def environment(folder: Path) -> dict[str, str]:
    """The project's `.env`, and over it the process's own environment. Values stand as written: `$` means itself."""
    written = dotenv_values(folder / ENVIRONMENT_FILE, interpolate=False)
    return {**{name: value for name, value in written.items() if value is not None}, **os.environ}


def offline(folder: Path) -> Catalog:
    """The project compiled with no environment: what `check` looks at. Raises `ProjectError`."""
    return _compile(folder, None)


def online(folder: Path, environ: Mapping[str, str]) -> Catalog:
    """The project compiled with its environment; nothing is opened. Raises `ProjectError`."""
    return _compile(folder, environ)


def runs_weak(environ: Mapping[str, str]) -> bool:
    """Whether the operator lets programs run where they cannot be kept apart."""
    return environ.get(variable("sandbox"), "").lower() == Isolation.WEAK


def _compile(folder: Path, environ: Mapping[str, str] | None) -> Catalog:
    # Not at the top: `tidegate --help` would wait for SQL and GraphQL libraries.
    from tidegate.kinds import installed_kinds
    from tidegate.schema.compile import compile_project

    return compile_project(folder, installed_kinds(), environ)
