"""A kind of integration that checks filters and does nothing, for tests of the compiler alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from shutil import copytree
from typing import Any, ClassVar, Protocol

import pytest

from tidegate.core.catalog import Catalog
from tidegate.core.change import Outside, unheard
from tidegate.core.expressions import Record
from tidegate.core.footprint import Read
from tidegate.core.integration import Compiled, Declaration, IntegrationKind, Session, Surroundings
from tidegate.core.json import Json
from tidegate.core.location import Location
from tidegate.core.problems import Problem, Problems
from tidegate.core.query import parse_filter, parse_order
from tidegate.core.selection import Selection
from tidegate.kinds import installed_kinds
from tidegate.schema.compile import compile_project

PROJECT = Path(__file__).parents[2] / "cases" / "project"
ENVIRONMENT = {"JWT_SECRET": "0123456789abcdef0123456789abcdef"}


@dataclass(frozen=True)
class Prepared:
    declaration: Declaration

    @property
    def writes(self) -> bool:
        return self.declaration.verb.startswith(("create", "update", "delete"))

    def compile(self, selection: Selection | None, rank: int) -> Compiled:
        raise AssertionError("what is on paper is never asked for")

    def reach(self) -> Sequence[Read]:
        raise AssertionError("what is on paper is never watched")


@dataclass
class Paper:
    """An integration that only reads what is asked of it."""

    name: str
    source: ClassVar[str] = "paper"
    irrevocable: ClassVar[bool] = False
    settings: Mapping[str, Json]
    declared: dict[str, Declaration] = field(default_factory=dict)

    def prepare(self, declaration: Declaration, surroundings: Surroundings) -> Prepared:
        problems = Problems()
        body, target = declaration.body, declaration.target
        if isinstance(body, Record) and target is not None:
            if "where" in body.fields:
                parse_filter(body.fields["where"], target, surroundings, problems, declaration.arguments)
            if "orderBy" in body.fields:
                parse_order(body.fields["orderBy"], target, surroundings, problems, declaration.arguments)
        problems.raise_any()
        self.declared[declaration.operation] = declaration
        return Prepared(declaration)

    async def open(self, outside: Outside = unheard) -> None: ...

    async def check(self, surroundings: Surroundings) -> Sequence[Problem]:
        return ()

    def session(self, *, writes: bool) -> AbstractAsyncContextManager[Session]:
        raise AssertionError("what is on paper is never asked for")

    async def close(self) -> None: ...


class PaperKind:
    verbs = frozenset(
        {
            "list",
            "get",
            "count",
            "aggregate",
            "create",
            "createMany",
            "update",
            "updateMany",
            "delete",
            "deleteMany",
            "sql",
        }
    )
    settings: Mapping[str, Any] = {
        "properties": {
            "migrations": {"type": "string"},
            "file": {"type": "string", "description": "Name the file of the database."},
            "poolSize": {"type": "integer", "minimum": 1, "maximum": 100},
            "wait": {"type": "string", "pattern": "^[0-9]+s$", "default": "5s"},
            "mode": {"enum": ["fast", "safe"]},
            "options": {"type": "object", "additionalProperties": {"type": "string"}},
            "schemas": {"type": "array", "items": {"type": "string"}, "minItems": 1},
        },
        "required": ["file"],
    }

    def request_schema(self, verb: str) -> Mapping[str, Any]:
        if verb in ("sql", "create"):
            return {"type": "string"}
        names = ("where", "orderBy", "limit", "offset", "after", "set", "rows", "groupBy")
        more = ("values",) if verb == "aggregate" else ()
        return {"type": "object", "properties": {name: {} for name in (*names, *more)}, "additionalProperties": False}

    def create(self, name: str, settings: Mapping[str, Json], folder: Path, at: Location) -> Paper:
        return Paper(name, settings)


class Compile(Protocol):
    def __call__(
        self, files: Mapping[str, str | bytes | None], environ: Mapping[str, str] | None = ENVIRONMENT
    ) -> Catalog: ...


@pytest.fixture
def kinds() -> Mapping[str, IntegrationKind]:
    return {"sqlite": PaperKind()}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the project that all stories begin with."""
    return Path(copytree(PROJECT, tmp_path / "project"))


@pytest.fixture
def compiled(project: Path, kinds: Mapping[str, IntegrationKind]) -> Compile:
    """Compiles the project with some files changed; none removes a file."""
    return _compiler(project, kinds)


@pytest.fixture
def served(project: Path) -> Compile:
    """The same, for the integrations that there really are."""
    return _compiler(project, installed_kinds())


def _compiler(project: Path, kinds: Mapping[str, IntegrationKind]) -> Compile:
    def build(files: Mapping[str, str | bytes | None], environ: Mapping[str, str] | None = ENVIRONMENT) -> Catalog:
        for name, text in files.items():
            path = project / name
            if text is None:
                path.unlink()
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return compile_project(project, kinds, environ)

    return build
