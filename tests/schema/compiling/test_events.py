"""`events:` of tidegate.yaml."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.web.events import write_project
from tidegate.core.catalog import Events
from tidegate.core.problems import ProjectError
from tidegate.kinds import installed_kinds
from tidegate.schema.compile import compile_project


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("", Events("id", anonymous=True)),
        ("events: {}", Events("id", anonymous=True)),
        ("events: { user: email }", Events("email", anonymous=True)),
        ("events: { anonymous: false }", Events("id", anonymous=False)),
    ],
)
def test_what_is_read(tmp_path: Path, written: str, read: Events) -> None:
    write_project(tmp_path, written)
    assert compile_project(tmp_path, installed_kinds(), {}).events == read


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("events: true", '"events" of tidegate.yaml is a mapping; true is not.'),
        ("events: { users: email }", '"users" is not a key of events.'),
        ("events: { user: mail }", '"mail" is not a field of currentUser.'),
        ("events: { user: 5 }", '"user" of events is a text; 5 is not.'),
        ("events: { anonymous: maybe }", '"anonymous" of events is true or false; maybe is not.'),
    ],
)
def test_what_is_wrong(tmp_path: Path, written: str, problem: str) -> None:
    write_project(tmp_path, written)
    with pytest.raises(ProjectError) as raised:
        compile_project(tmp_path, installed_kinds(), {})
    assert [found.sentence for found in raised.value.problems] == [problem]
