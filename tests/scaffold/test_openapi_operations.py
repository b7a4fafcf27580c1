"""Paths of an OpenAPI document that could not be asked for are left out, and said to be."""

from __future__ import annotations

import json
from pathlib import Path

from tidegate.kinds import installed_kinds
from tidegate.scaffold.openapi_project import openapi_project
from tidegate.scaffold.project import write_files
from tidegate.scaffold.yaml_text import Opening
from tidegate.schema.compile import compile_project

PLAIN = ("/", "/always", "/one/{a}{b}", "/two/{a b}/{a.b}", "/three/$c", "/four%20x", "/five/{a}..", "/six/é y/")
NO_PATHS = (
    *("/x/{{c}}", "/x/{{c}", "/x/{c}}", "/x/{", "/x/}", "/x/{}", "/x/{ {c} }", "x", "/x?y=1", "/x#y", "/x//y"),
    *("/x/../y", "/x/./{c}", "/..", "/x\\y", "/x\ny", "/x\u0000"),
)


def test_paths_that_are_none(tmp_path: Path) -> None:
    paths: dict[str, object] = {path: {"get": {"responses": {}}} for path in (*PLAIN, *NO_PATHS)}
    document = json.dumps({"openapi": "3.1.0", "paths": paths})
    made = openapi_project(tmp_path, document, "x.json", (), Opening("admin", "admin"))
    write_files(tmp_path, made.files)
    catalog = compile_project(tmp_path, installed_kinds(), {"JWT_SECRET": "x" * 32})
    assert len(catalog.operations) == made.operations == len(PLAIN)
    for path in NO_PATHS:
        assert f"GET {path} is left out: it is no plain path." in made.notes
