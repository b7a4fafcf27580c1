"""Settings in tidegate.yaml -> an integration, or what is wrong with them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.resolvers.integrations.conftest import mysql_settings, postgres_settings
from tidegate.core.integration import IntegrationKind
from tidegate.core.json import Json
from tidegate.core.location import Location
from tidegate.core.problems import ProjectError
from tidegate.kinds import installed_kinds
from tidegate.resolvers.integrations.postgres import kind as postgres
from tidegate.resolvers.integrations.relational.integration import RelationalIntegration
from tidegate.resolvers.integrations.relational.settings import Settings, duration_schema
from tidegate.resolvers.integrations.sqlite import kind as sqlite

HERE = Location("tidegate.yaml", 3, 3)
URL = "postgresql://gate:hunter2@db.example.com/desk"


@pytest.mark.parametrize("kind", [sqlite, postgres])
def test_kinds_are_found_by_their_entry_points(kind: IntegrationKind) -> None:
    assert kind in installed_kinds().values()
    Draft202012Validator.check_schema(kind.settings)
    assert len(kind.verbs) == 11
    for verb in kind.verbs:
        Draft202012Validator.check_schema(kind.request_schema(verb))


@pytest.mark.parametrize("kind", [sqlite, postgres])
def test_every_setting_is_documented_with_its_default(kind: IntegrationKind) -> None:
    for name, setting in kind.settings["properties"].items():
        assert setting["description"].endswith("."), name
        if "default" in setting:
            assert f"Default: {setting['default']}." in setting["description"], name
        elif name not in kind.settings["required"]:
            assert "Default: " in setting["description"], name


def test_passwords_are_not_shown() -> None:
    for settings in (postgres_settings(URL), mysql_settings(URL)):
        assert "hunter2" not in repr(settings)


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        (sqlite, {"file": "desk.db"}),
        (sqlite, {"file": ":memory:", "readers": 2, "busyTimeout": "100ms", "synchronous": "full"}),
        (sqlite, {"file": "${FILE}", "busyTimeout": "${WAIT}", "readers": "${N}", "migrations": "${M}"}),
        (sqlite, {"file": "desk.db", "synchronous": "${MODE}"}),
        (postgres, {"url": URL}),
        (postgres, {"url": "${DATABASE_URL}"}),
        (postgres, {"url": "postgresql://a:b@one:5432,two:5433/desk", "searchPath": ["desk", "public"]}),
    ],
)
def test_settings_that_are_right(kind: IntegrationKind, settings: dict[str, Json], tmp_path: Path) -> None:
    integration = kind.create("db", settings, tmp_path, HERE)
    assert isinstance(integration, RelationalIntegration)
    assert integration.name == "db"
    assert list(tmp_path.iterdir()) == [], "nothing is made before it is opened"


@pytest.mark.parametrize(
    ("kind", "settings", "sentence"),
    [
        (sqlite, {"file": ""}, '"file" of the integration "db" must be a text that is not empty.'),
        (
            sqlite,
            {"file": "no/desk.db"},
            'The folder of "no/desk.db", the file of the integration "db", does not exist.',
        ),
        (sqlite, {"file": "desk.db", "migrations": "no"}, 'The folder "no", where the integration "db" has its'),
        (sqlite, {"file": "desk.db", "readers": 0}, '"readers" of the integration "db" must be a whole number'),
        (sqlite, {"file": "desk.db", "busyTimeout": "5"}, '"busyTimeout" of the integration "db" must be a duration'),
        (sqlite, {"file": "desk.db", "busyTimeout": 5}, '"busyTimeout" of the integration "db" must be a duration'),
        (sqlite, {"file": "desk.db", "synchronous": "off"}, "must be one of normal, full."),
        (sqlite, {"file": "desk.db", "migrations": "bad"}, 'The migration "users.sql" has no number'),
        (postgres, {"url": "mysql://gate:hunter2@db/desk"}, "must begin with postgresql://"),
        (postgres, {"url": "postgresql://gate:hunter2@db:x/desk"}, "must begin with postgresql://"),
        (postgres, {"url": URL, "searchPath": []}, '"searchPath" of the integration "db" must be a list of names.'),
    ],
)
def test_settings_that_are_wrong_are_told_at_their_place(
    kind: IntegrationKind, settings: dict[str, Json], sentence: str, tmp_path: Path
) -> None:
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "users.sql").write_text("select 1")
    with pytest.raises(ProjectError) as caught:
        kind.create("db", settings, tmp_path, HERE)
    (problem,) = caught.value.problems
    assert problem.at == HERE
    assert sentence in problem.sentence
    assert problem.sentence.endswith(".")
    assert "hunter2" not in str(problem)


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(ProjectError) as caught:
        sqlite.create("db", {"file": "", "readers": -1, "busyTimeout": "long"}, tmp_path, HERE)
    assert len(caught.value.problems) == 3


@pytest.mark.parametrize(
    ("text", "seconds"), [("50ms", 0.05), ("5s", 5.0), ("1.5s", 1.5), ("2m", 120.0), ("1h", 3600.0)]
)
def test_durations(text: str, seconds: float, tmp_path: Path) -> None:
    values: dict[str, Any] = {"x": text}
    schema = {"properties": {"x": duration_schema("1s", "How long.")}}
    assert Settings("db", values, tmp_path, HERE, schema).seconds("x") == seconds
