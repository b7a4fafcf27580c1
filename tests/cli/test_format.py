"""docs/reference/format.md, and the pages of integrations, hold every key there is, and no other, in the words of the
code: those that the author's editor shows, too."""

import re
from collections.abc import Collection, Mapping
from dataclasses import fields
from pathlib import Path

import pytest

from tidegate.core.filters import MEANINGS
from tidegate.core.limits import Limits
from tidegate.core.query import JOINS
from tidegate.core.types import SCALARS
from tidegate.core.units import parse_duration, parse_size
from tidegate.kinds import installed_kinds
from tidegate.schema import (
    access,
    actions,
    auth_settings,
    event_settings,
    joins,
    letters,
    live_settings,
    objects,
    operations,
    project,
    relations,
    step_keys,
    step_settings,
    touch_settings,
    triggers,
    webhooks,
)
from tidegate.schema.requests import ROW_VERBS
from tidegate.schema.verbs import VERBS

PAGES = Path(__file__).parents[2] / "docs/reference"
TEXT = "\n".join(page.read_text() for page in (PAGES / "format.md", *sorted(PAGES.glob("integrations-*.md"))))

EXPECTED: dict[str, Mapping[str, str] | Collection[str]] = {
    "tidegate.yaml": project.KEYS,
    "auth": auth_settings.KEYS,
    "auth.jwt": auth_settings.JWT_KEYS,
    "cors": project.CORS_KEYS,
    "events": event_settings.KEYS,
    "touch": touch_settings.KEYS,
    "http": project.HTTP_KEYS,
    "actions": actions.KEYS,
    "limits": {field.name: field.metadata["meaning"] for field in fields(Limits)},
    "types.graphql": SCALARS,
    "objects/*.yaml": objects.KEYS,
    "A column": objects.COLUMN_KEYS,
    "A relation": relations.KEYS,
    "access": access.KEYS,
    "operations/*.yaml": operations.KEYS,
    "An argument": operations.ARGUMENT_KEYS,
    "live": live_settings.KEYS,
    "refresh": [*live_settings.WORDS, "a list"],
    "schedule": triggers.SCHEDULE_KEYS,
    "webhook": webhooks.KEYS,
    "run": {name: verb.returns for name, verb in VERBS.items()},
    "join": joins.KEYS,
    "functions": step_keys.MEANINGS,
    "retry": step_settings.RETRY_KEYS,
    **{f"kind: {name}": list(kind.settings["properties"]) for name, kind in installed_kinds().items()},
}


def tables(heading: str) -> list[list[list[str]]]:
    """The tables below a heading: rows of cells, without their heads."""
    section = re.split(r"\n#+ ", TEXT.split(f"# {heading}\n", 1)[1], maxsplit=1)[0]
    found = re.findall(r"(?:^\|.*\|\n)+", section, re.MULTILINE)
    return [
        [[cell.strip() for cell in row.strip("|").split(" | ")] for row in table.splitlines()[2:]] for table in found
    ]


def names(table: list[list[str]]) -> list[str]:
    return [cells[0].strip("| `") for cells in table]


@pytest.mark.parametrize("heading", EXPECTED)
def test_every_key_is_documented_and_no_other(heading: str) -> None:
    documented = names(tables(heading)[0])
    assert sorted(documented) == sorted(map(str, EXPECTED[heading]))


def said(cell: str) -> str:
    """What a cell says, but for where its links lead."""
    return re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", cell.strip("| "))


@pytest.mark.parametrize("heading", [heading for heading, keys in EXPECTED.items() if isinstance(keys, Mapping)])
def test_keys_are_explained_in_the_words_of_the_code(heading: str) -> None:
    explained = {row[0].strip("| `"): said(row[-1]) for row in tables(heading)[0]}
    expected = EXPECTED[heading]
    assert isinstance(expected, Mapping)
    assert {name: text for name, text in expected.items() if text != explained[name]} == {}


def test_verbs_are_those_that_there_are() -> None:
    assert [*ROW_VERBS, "sql", letters.VERB] == list(VERBS)
    assert {row[0].strip("| `"): said(row[1]) for row in tables("run")[0]} == {
        name: verb.takes for name, verb in VERBS.items()
    }


@pytest.mark.parametrize("name", installed_kinds())
def test_settings_of_integrations_are_described_in_their_own_words(name: str) -> None:
    settings = installed_kinds()[name].settings
    for key, meaning in tables(f"kind: {name}")[0]:
        setting = key.strip("| `")
        required = " Required" if setting in settings["required"] else ""
        assert meaning.strip("| ") == settings["properties"][setting]["description"] + required


def test_what_any_step_may_say() -> None:
    assert {row[0].strip("| `"): said(row[1]) for row in tables("functions")[1]} == step_settings.COMMON


def test_what_stands_beside_what_a_step_does() -> None:
    for name, beside, *_ in tables("functions")[0]:
        work = name.strip("| `")
        assert set(step_keys.WORKS[work]) <= set(re.findall("`([A-Za-z]+)`", beside)), work


def test_filters() -> None:
    joins, operators = tables("Filters")
    assert {row[0].strip("| `"): said(row[1]) for row in joins} == JOINS
    assert {row[0].strip("| `"): said(row[1]) for row in operators} == MEANINGS


@pytest.mark.parametrize("limit", fields(Limits), ids=lambda field: field.name)
def test_defaults_of_limits(limit: object) -> None:
    name = getattr(limit, "name", "")
    (shown,) = [cells[1] for cells in tables("limits")[0] if cells[0].strip("| `") == name]
    text = shown.strip("`")
    default = getattr(Limits(), name)
    assert default == (
        int(text) if text.isdigit() else parse_size(text) if name in project.SIZES else parse_duration(text)
    )


def test_every_algorithm_is_named() -> None:
    for algorithm in (*auth_settings.SYMMETRIC, *auth_settings.ASYMMETRIC):
        assert algorithm in TEXT
