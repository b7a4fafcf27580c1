"""A project made from a database that Tidegate has never seen: in order, online too, and answering."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio
from click.testing import Result

from tests.conftest import alone, ask
from tidegate.app import Gateway
from tidegate.auth.claims import user_of
from tidegate.cli.project import environment

FIXTURES = Path(__file__).parents[1] / "fixtures"

Run = Callable[..., Result]

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Shop:
    """The generated project, opened."""

    def __init__(self, folder: Path, kind: str, gateway: Gateway) -> None:
        self.folder = folder
        self.kind = kind
        self.gateway = gateway
        catalog = gateway.catalog
        self._admin = user_of({"sub": "1", "role": "admin"}, inf, catalog.auth, catalog.roles)

    async def ask(self, text: str, **variables: Any) -> Mapping[str, Any]:
        """Any: a GraphQL response."""
        response = await self.gateway.execute(text, None, variables, self._admin)
        answer: Mapping[str, Any] = json.loads(response.body)
        return answer

    async def data(self, text: str, **variables: Any) -> Any:
        answer = await self.ask(text, **variables)
        assert "errors" not in answer, answer
        return answer["data"]


async def fill_postgres(url: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute((FIXTURES / "video_store_postgres.sql").read_text())
    await connection.close()


def fill_sqlite(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.executescript((FIXTURES / "video_store_sqlite.sql").read_text())
    connection.close()


@dataclass(frozen=True)
class Made:
    """A project in order, and the database that it was made from: both are copied for each test."""

    kind: str
    folder: Path
    address: str


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, tidegate: Run) -> Made:
    """Made once, for all workers of a parallel run."""
    kind: str = request.param
    url = request.getfixturevalue("postgres_url")
    base = tmp_path_factory.getbasetemp()
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID")
    folder = (base.parent if run else base) / f"video_store_{kind}"
    name = f"video_store_{run or uuid4().hex}"[:40]
    address = str(folder / "store.db") if kind == "sqlite" else urlsplit(url)._replace(path=f"/{name}").geturl()
    with (folder.parent / f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "done").exists():
            folder.mkdir()
            make(folder, kind, address, name, url, tidegate)
            (folder / "done").touch()
    return Made(kind, folder, address)


def make(folder: Path, kind: str, address: str, name: str, url: str, tidegate: Run) -> None:
    if kind == "postgres":
        alone(ask(url, f"create database {name} template template0"))
        alone(fill_postgres(address))
    else:
        fill_sqlite(folder / "store.db")
    shop = folder / "shop"
    for command in (("init", shop, "--from", address), ("check", shop), ("check", shop, "--online")):
        done = tidegate(*command)
        assert done.exit_code == 0, done.output


@asynccontextmanager
async def opened(made: Made, place: Path, postgres_url: str) -> AsyncIterator[Shop]:
    """A copy of the project in `place`, on a copy of its database."""
    shutil.copytree(made.folder, place, dirs_exist_ok=True)
    name = f"test_{uuid4().hex[:16]}"
    if made.kind == "postgres":
        template = urlsplit(made.address).path[1:]
        await ask(postgres_url, f"create database {name} template {template}")
        address = urlsplit(postgres_url)._replace(path=f"/{name}").geturl()
    else:
        address = str(place / "store.db")
    folder = place / "shop"
    written = folder / ".env"
    assert made.address in written.read_text()
    written.write_text(written.read_text().replace(made.address, address))
    gateway = Gateway.load(folder, environment(folder))
    await gateway.open()
    yield Shop(folder, made.kind, gateway)
    await gateway.close()
    if made.kind == "postgres":
        await ask(postgres_url, f"drop database {name} with (force)")


@pytest_asyncio.fixture(loop_scope="module")
async def shop(made: Made, tmp_path: Path, postgres_url: str) -> AsyncIterator[Shop]:
    async with opened(made, tmp_path, postgres_url) as shop:
        yield shop


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def window(made: Made, tmp_path_factory: pytest.TempPathFactory, postgres_url: str) -> AsyncIterator[Shop]:
    """For those who only look."""
    async with opened(made, tmp_path_factory.mktemp("window"), postgres_url) as shop:
        yield shop


async def test_nested_questions_have_the_known_answers(window: Shop) -> None:
    films = """{ films(orderBy: [filmId_ASC], first: 2) { totalCount nodes {
      title releaseYear rentalRate rating
      language { name } originalLanguage { name }
      filmActors { part actor { firstName fullName filmActors { filmId } } }
      filmCategories { category { name parent { name } children { name } } }
      filmText { body film { filmId } }
      inventory { shelf { label store { managerStaff { firstName } } } }
    } } }"""
    answer = (await window.data(films))["films"]
    assert answer["totalCount"] == 4
    first, second = answer["nodes"]
    name = first.pop("language")["name"].strip()
    assert name == "Norwegian"
    assert first == {
        "title": "The Long Winter",
        "releaseYear": 1999,
        "rentalRate": "2.99",
        "rating": "PG-13",
        "originalLanguage": None,
        "filmActors": [
            {
                "part": "Mother",
                "actor": {
                    "firstName": "Liv",
                    "fullName": "Liv Holm",
                    "filmActors": [{"filmId": "1"}, {"filmId": "4"}],
                },
            },
            {
                "part": "Son",
                "actor": {
                    "firstName": "Aksel",
                    "fullName": "Aksel Bo",
                    "filmActors": [{"filmId": "1"}],
                },
            },
        ],
        "filmCategories": [
            {
                "category": {
                    "name": "Drama",
                    "parent": None,
                    "children": [{"name": "Courtroom drama"}, {"name": "Family drama"}],
                }
            },
            {"category": {"name": "Family drama", "parent": {"name": "Drama"}, "children": []}},
        ],
        "filmText": {"body": "It snows.", "film": {"filmId": "1"}},
        "inventory": [{"shelf": {"label": "Winter", "store": {"managerStaff": {"firstName": "Mona"}}}}] * 2,
    }
    assert second["filmText"] is None
    assert second["inventory"] == [{"shelf": {"label": "Night", "store": {"managerStaff": {"firstName": "Rosa"}}}}]


async def test_deep_questions_are_answered_or_refused_in_words(window: Shop) -> None:
    deeper = "film { title }"
    for _ in range(3):
        deeper = f"film {{ title filmActors {{ actor {{ lastName filmActors {{ part {deeper} }} }} }} }}"
    answer = await window.ask(f"{{ filmActor(actorId: 2, filmId: 1) {{ {deeper} }} }}")
    if window.kind == "sqlite" and sqlite3.sqlite_version_info < (3, 46):
        (error,) = answer["errors"]
        assert error["extensions"]["code"] == "LIMIT"
        return
    found = answer["data"]["filmActor"]
    while "filmActors" in found["film"]:
        found = found["film"]["filmActors"][-1]["actor"]["filmActors"][0]
    assert found == {"part": "Son", "film": {"title": "The Long Winter"}}


async def test_six_relations_inside_each_other_are_not_too_many(window: Shop) -> None:
    query = """{ filmActor(actorId: 2, filmId: 1) { film { filmActors { actor { filmActors { film { language {
      name
    } } } } } } } }"""
    actors = (await window.data(query))["filmActor"]["film"]["filmActors"]
    assert actors[1]["actor"]["filmActors"][0]["film"]["language"]["name"].strip() == "Norwegian"


async def test_several_ways_to_one_table_and_to_itself(window: Shop) -> None:
    query = """{
      language(languageId: 1) { films { title } filmsByOriginalLanguage { title } }
      staff(staffId: 1) { firstName boss { firstName } staffByBoss { firstName } stores { storeId } }
      customer(customerId: 1) { invitedByCustomer { firstName } customersByInvitedBy { firstName } }
      order(id: 1) { userCustomer { firstName } user { firstName } }
    }"""
    answer = await window.data(query)
    # The plural of staff is staff.
    assert "allStaff" in window.gateway.catalog.operations
    assert answer["language"] == {
        "films": [{"title": "The Long Winter"}],
        "filmsByOriginalLanguage": [{"title": "The Long Winter (es)"}],
    }
    assert answer["staff"] == {
        "firstName": "Mona",
        "boss": None,
        "staffByBoss": [{"firstName": "Jon"}, {"firstName": "Rosa"}],
        "stores": [{"storeId": "1"}],
    }
    assert answer["customer"] == {
        "invitedByCustomer": None,
        "customersByInvitedBy": [{"firstName": "Per"}, {"firstName": "Luis"}],
    }
    assert {row["firstName"] for row in answer["order"].values()} == {"Kari", "Per"}


async def test_keys_of_two_columns(window: Shop) -> None:
    query = """{
      shelf(storeId: 1, shelfNo: 1) { label inventory { film { title } } }
      none: shelf(storeId: 2, shelfNo: 2) { label }
    }"""
    assert await window.data(query) == {
        "shelf": {"label": "Winter", "inventory": [{"film": {"title": "The Long Winter"}}] * 2},
        "none": None,
    }
    assert await window.data("{ filmActor(actorId: 2, filmId: 1) { part } }") == {"filmActor": {"part": "Son"}}


async def test_names_that_mean_something_elsewhere(window: Shop) -> None:
    order = "{ order(id: 1) { notValue null select _2ndChoice cree column } }"
    assert await window.data(order) == {
        "order": {
            "notValue": True,
            "null": "nothing",
            "select": "all",
            "_2ndChoice": "tea",
            "cree": "2026-02-03",
            "column": 50,
        }
    }
    filtered = '{ orders(where: { null: { eq: "nothing" }, notValue: { eq: true } }) { totalCount } }'
    assert await window.data(filtered) == {"orders": {"totalCount": 1}}
    assert await window.data("{ queryRow(id: 1) { typename text } filmOrders { nodes { type film { title } } } }") == {
        "queryRow": {"typename": "x", "text": "select 1"},
        "filmOrders": {"nodes": [{"type": "poster", "film": {"title": "The Long Winter"}}]},
    }


async def test_views_can_be_read_and_not_written(window: Shop) -> None:
    query = '{ customerLists(where: { country: { eq: "Norway" } }, orderBy: [id_DESC]) { id name city } }'
    assert await window.data(query) == {
        "customerLists": [
            {"id": 2, "name": "Per Vik", "city": "Bergen"},
            {"id": 1, "name": "Kari Lund", "city": "Oslo"},
        ]
    }
    assert "createCustomerList" not in window.gateway.catalog.operations
    # Nothing tells its rows apart.
    assert "doorLogs" not in window.gateway.catalog.objects


async def test_rows_are_written(shop: Shop) -> None:
    create = 'mutation { createLanguage(name: "Quechua") { languageId name } }'
    made = (await shop.data(create))["createLanguage"]
    assert (made["languageId"], made["name"].strip()) == ("4", "Quechua")
    work = """mutation($id: ID!) {
      createFilm(title: "New", languageId: $id, rating: "R", rentalRate: "1.25") {
        filmId rentalRate rating language { films { title } }
      }
      updateFilm(filmId: 2, description: "At night.") { title description }
      createFilmActor(actorId: 3, filmId: 3, part: "Crane") { film { title } actor { lastName } }
      updateFilmActor(actorId: 3, filmId: 3, part: null) { part }
      deleteFilmActor(actorId: 3, filmId: 3) { part }
      deleteFilmText(filmId: 3) { body }
      gone: deleteFilmText(filmId: 3) { body }
    }"""
    assert await shop.data(work, id=made["languageId"]) == {
        "createFilm": {"filmId": "5", "rentalRate": "1.25", "rating": "R", "language": {"films": [{"title": "New"}]}},
        "updateFilm": {"title": "Lima by Night", "description": "At night."},
        "createFilmActor": {"film": {"title": "Paper Cranes"}, "actor": {"lastName": "Paz"}},
        "updateFilmActor": {"part": None},
        "deleteFilmActor": {"part": None},
        "deleteFilmText": {"body": "It folds."},
        "gone": None,
    }
    broken = await shop.ask('mutation { createFilm(title: "No", languageId: 99) { filmId } }')
    assert broken["errors"][0]["extensions"]["code"] == "CONFLICT"


async def test_every_operation_that_lists_answers_with_every_plain_field(window: Shop) -> None:
    from tidegate.description.document import document_text, plain_selection

    catalog = window.gateway.catalog
    asked = 0
    for operation in catalog.operations.values():
        if "first" in operation.arguments:
            await window.data(document_text(operation, (), plain_selection(catalog, operation.returns, 2)))
            asked += 1
    assert asked == len(catalog.objects) >= 20


async def test_postgres_types(shop: Shop) -> None:
    if shop.kind == "sqlite":
        staff = (await shop.data("{ staff(staffId: 1) { picture active } }"))["staff"]
        assert staff == {"picture": "iVBORw==", "active": True}
        return
    film = "{ film(filmId: 1) { specialFeatures chapters fulltext budget score playingTime premiere } }"
    answer = (await shop.data(film))["film"]
    assert "winter" in answer.pop("fulltext")
    assert answer == {
        "specialFeatures": ["Trailers", "Deleted Scenes"],
        "chapters": [1, 2, 3],
        "budget": "9007199254740993",
        "score": 7.5,
        "playingTime": "PT2H1M",
        "premiere": "20:30:00",
    }
    rental = "{ rental(rentalId: 1) { rentalDate returnDate state history payments { amount paymentDate } } }"
    answer = (await shop.data(rental))["rental"]
    assert (answer["state"], answer["history"]) == ("returned", ["out", "returned"])
    assert answer["payments"] == [{"amount": "2.99", "paymentDate": "2025-12-30"}]
    assert answer["rentalDate"].startswith("2025-12-30T10:00:00")
    assert await shop.data("{ staff(staffId: 1) { picture hrStaff { salary shifts { day } } } }") == {
        "staff": {"picture": "iVBORw==", "hrStaff": {"salary": "51000.50", "shifts": [{"day": "2026-01-05"}]}}
    }
    payment = 'mutation { createPayment(customerId: 1, staffId: 1, amount: "3", paymentDate: "2026-05-05") { amount } }'
    assert await shop.data(payment) == {"createPayment": {"amount": "3.00"}}
    customer = "{ customer(customerId: 3) { settings publicId createDate } }"
    answer = (await shop.data(customer))["customer"]
    assert answer["settings"] == {"lang": ["es", "en"]}
    change = """mutation($settings: JSON) {
      updateCustomer(customerId: 3, settings: $settings) { settings }
      updateRental(rentalId: 2, state: lost, history: [out, lost]) { state history }
      updateFilm(filmId: 3, specialFeatures: ["Folding"], playingTime: "PT80M", budget: "12") {
        specialFeatures playingTime budget
      }
      updateStaff(staffId: 2, picture: "AAE=") { picture }
    }"""
    assert await shop.data(change, settings={"a": [1]}) == {
        "updateCustomer": {"settings": {"a": [1]}},
        "updateRental": {"state": "lost", "history": ["out", "lost"]},
        "updateFilm": {"specialFeatures": ["Folding"], "playingTime": "PT1H20M", "budget": "12"},
        "updateStaff": {"picture": "AAE="},
    }


async def test_a_second_pull_of_an_unchanged_database_changes_nothing(shop: Shop, tidegate: Run) -> None:
    with ThreadPoolExecutor(1) as executor:
        pulled = await asyncio.get_running_loop().run_in_executor(executor, tidegate, "pull", shop.folder)
    assert (pulled.exit_code, pulled.stdout) == (0, ""), pulled.output
