"""`tidegate init --from` an OpenAPI document: what is made is in order, and the server understands what it is asked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import Result
from dotenv import dotenv_values
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.resolvers.servers import Request, Server
from tidegate.app import Gateway
from tidegate.core.user import CurrentUser
from tidegate.kinds import installed_kinds
from tidegate.scaffold.openapi_document import NoDocument
from tidegate.scaffold.openapi_project import openapi_project
from tidegate.scaffold.project import write_files
from tidegate.scaffold.yaml_text import Opening
from tidegate.schema.compile import compile_project

Run = Callable[..., Result]
FIXTURES = Path(__file__).parents[1] / "fixtures"
PETSTORE = FIXTURES / "openapi_petstore.json"
AWKWARD = FIXTURES / "openapi_awkward.yaml"
ADMIN = CurrentUser("admin", 2, {}, None, verified=True)


async def test_a_pet_store(tidegate: Run, tmp_path: Path) -> None:
    """From the server itself, which says where it is in its own terms."""
    rex = {"id": 9007199254740993, "name": "Rex", "photoUrls": ["a"], "status": "sold", "born": None}
    answers: dict[str, Any] = {
        "GET /api/v3/pet/9007199254740993": rex | {"mother": {"id": 1, "name": "Bella", "photoUrls": []}},
        "GET /api/v3/pet/findByStatus?status=sold&tags=a&tags=b": [rex | {"mother": None}],
        "POST /api/v3/pet": rex | {"mother": None},
        "GET /api/v3/store/inventory": {"sold": 3},
    }

    def answer(request: Request) -> None:
        if request.target == "/openapi.json":
            request.answer(PETSTORE.read_bytes(), content_type="application/json")
        elif request.method in ("DELETE", "PUT"):
            request.answer(b"", 204)
        else:
            found = answers.get(f"{request.method} {request.target}")
            body = json.dumps(found).encode()
            request.answer(body, 200 if found is not None else 404, content_type="application/json")

    folder = tmp_path / "pets"
    async with Server(answer) as server:
        address = f"http://127.0.0.1:{server.port}/openapi.json"
        made = await asyncio.to_thread(tidegate, "init", folder, "--from", address, "--read-role", "anonymous")
        assert made.exit_code == 0, made.stderr
        assert "PUT /pet/{petId}/uploadImage is left out: it takes several parts (multipart)." in made.stderr
        assert dotenv_values(folder / ".env")["API_KEY"] == ""
        assert "https://" not in (folder / "tidegate.yaml").read_text().replace("yaml-language-server", "")
        gateway = Gateway.load(folder, {"JWT_SECRET": "x" * 32, "API_KEY": "hunter2"})
        await gateway.open()
        try:

            async def ask(text: str) -> Any:
                body = json.loads((await gateway.execute(text, None, None, ADMIN)).body)
                return body.get("errors") or body["data"]

            text = '{ getPetById(petId: "9007199254740993") { id name status born mother { name } } }'
            shown = {"id": "9007199254740993", "name": "Rex", "status": "sold", "born": None}
            assert await ask(text) == {"getPetById": shown | {"mother": {"name": "Bella"}}}
            assert server.asked[-1].headers["api_key"] == "hunter2"
            assert await ask('{ getPetById(petId: "5") { id } }') == {"getPetById": None}
            found = await ask('{ findPetsByStatus(status: sold, tags: ["a", "b"]) { id photoUrls } }')
            assert found == {"findPetsByStatus": [{"id": shown["id"], "photoUrls": ["a"]}]}
            sent = '{ name: "Rex", photoUrls: ["a"], status: sold, category: { id: "9007199254740993" } }'
            assert await ask(f"mutation {{ addPet(input: {sent}) {{ id }} }}") == {"addPet": {"id": shown["id"]}}
            body = {"name": "Rex", "photoUrls": ["a"], "status": "sold", "category": {"id": 9007199254740993}}
            assert json.loads(server.asked[-1].body) == body
            assert await ask("{ getInventory }") == {"getInventory": {"sold": 3}}
            assert await ask('mutation { deletePet(petId: "5") }') == {"deletePet": True}
        finally:
            await gateway.close()
    project = await asyncio.to_thread(tidegate, "check", folder)
    assert project.exit_code == 0, project.output
    operations = yaml.safe_load((folder / "operations" / "pet.yaml").read_text())
    assert {name: each["minRole"] for name, each in operations.items()} == {
        "addPet": "admin",
        "updatePet": "admin",
        "findPetsByStatus": "anonymous",
        "getPetById": "anonymous",
        "updatePetWithForm": "admin",
        "deletePet": "admin",
        "uploadFile": "admin",
    }


async def test_names_that_are_none_of_graphqls(tidegate: Run, tmp_path: Path) -> None:
    made = await asyncio.to_thread(tidegate, "init", tmp_path / "crm", "--from", AWKWARD, "--skip", "getContactsId")
    assert made.exit_code == 0, made.stderr
    assert [line for line in made.stderr.splitlines() if "/" in line or "JSON" in line][:-1] == [
        "GET /contacts/{contact-id}/notes: fields is a list in one text, with commas.",
        "GET /contacts/{contact-id}/notes: the cookie session is not sent.",
        "GET /odd?x=1 is left out: it is no plain path.",
        "query answer is one of several types: it is JSON.",
        "NoteEntry.replies is JSON: names in it are none of GraphQL's.",
        "NoteEntryInput.author is JSON: names in it are none of GraphQL's.",
        "NoteEntryInput.replies is JSON: names in it are none of GraphQL's.",
        "NoteEntryInput.maybe is JSON: names in it are none of GraphQL's.",
        "#/components/schemas/Nothing is not in the document: what it means is JSON.",
        "other.yaml#/x is not in the document: what it means is JSON.",
        "To open more: lower a minRole in operations/.",
    ]
    assert (await asyncio.to_thread(tidegate, "check", tmp_path / "crm")).exit_code == 0
    person = {"id": 1, "full-name": "Ada L.", "address": {"zip-code": "1"}, "Boss": {"zip-code": "2"}, "boss": True}
    note = {"note-id": "n1", "text": "x", "@type": "note", "__meta": {"etag": "e"}, "first name": "A", "firstName": "B"}

    def answer(request: Request) -> None:
        whole: Any = {"data": [note | {"author": person}]} if request.method == "GET" else note
        request.answer(json.dumps(whole).encode(), content_type="application/vnd.crm+json")

    async with Server(answer) as server:
        settings = tmp_path / "crm" / "tidegate.yaml"
        settings.write_text(
            settings.read_text().replace("https://eu.crm.example.com", f"http://127.0.0.1:{server.port}")
        )
        gateway = Gateway.load(tmp_path / "crm", {"JWT_SECRET": "x" * 32, "API_KEY": "k", "API_OAUTH": "t"})
        await gateway.open()
        try:
            contact = "00000000-0000-0000-0000-000000000001"
            fields = "noteId type meta { etag } firstName firstName2"
            fields += " author { id fullName address { zipCode } Boss { zipCode } boss }"
            arguments = f'contactId: "{contact}", pageSize: 5, xRequestId: "r", filter: {{a: 1}}'
            text = f"{{ contactsListNotes({arguments}) {{ data {{ {fields} }} }} }}"
            answered = json.loads((await gateway.execute(text, None, None, ADMIN)).body)["data"]["contactsListNotes"]
            shown = {"noteId": "n1", "type": "note", "meta": {"etag": "e"}, "firstName": "B", "firstName2": "A"}
            author = {
                "id": "1",
                "fullName": "Ada L.",
                "address": {"zipCode": "1"},
                "Boss": {"zipCode": "2"},
                "boss": True,
            }
            assert answered == {"data": [shown | {"author": author}]}
            asked = server.asked[-1]
            query = "api-key=k&page%5Bsize%5D=5&filter=%7B%22a%22%3A%201%7D"
            assert asked.target == f"/v2/contacts/{contact}/notes?{query}"
            assert (asked.headers["x-request-id"], asked.headers["authorization"]) == ("r", "Bearer t")
            given = '{ noteId: "n1", text: "x", type: "note", firstName2: "A", author: { x: 1 } }'
            text = f'mutation {{ contactsAddNote(contactId: "{contact}", input: {given}) {{ noteId }} }}'
            assert b'"noteId":"n1"' in (await gateway.execute(text, None, None, ADMIN)).body
            assert json.loads(server.asked[-1].body) == {
                "note-id": "n1",
                "text": "x",
                "@type": "note",
                "first name": "A",
                "author": {"x": 1},
            }
        finally:
            await gateway.close()


LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{after}: &{after} [{', '.join([f'*{before}'] * 9)}]\n"
    for before, after in zip("abcdefghi", "bcdefghij", strict=True)
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"swagger": "2.0"}', "Swagger 2.0"),
        ('{"openapi": "4.0.0"}', "no OpenAPI document of version 3.0 or 3.1"),
        ("- a", "no OpenAPI document"),
        ("{", "neither JSON nor YAML"),
        ('{"openapi": "3.0.0", "paths": {}}', "nothing that is read by GET"),
        ("[" * 100_000, "neither JSON nor YAML|too deep|too many parts"),
        (LAUGHS, "too many parts"),
    ],
)
def test_what_is_no_document(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(NoDocument, match=message):
        openapi_project(tmp_path, text, "x.json", (), Opening("admin", "admin"))


def test_addresses_that_lead_nowhere(tidegate: Run, tmp_path: Path, unused_tcp_port: int) -> None:
    folder = tmp_path / "x"
    assert tidegate("init", folder, "--from", tmp_path / "none.yaml").exit_code == 2
    assert tidegate("init", folder, "--from", f"http://127.0.0.1:{unused_tcp_port}/openapi.json").exit_code == 3
    (tmp_path / "not.json").write_text("{}")
    assert tidegate("init", folder, "--from", tmp_path / "not.json").exit_code == 2
    assert not folder.exists()


_NAMES = st.sampled_from(
    ["a", "a b", "A", "type", "__typename", "é", "1st", "$ref", "x-y", "x.y", "true", "Query", "Int", ""]
)
_LEAVES = st.sampled_from(
    [
        {"type": "string"},
        {"type": "string", "format": "date-time"},
        {"type": ["integer", "null"]},
        {"type": "number", "nullable": True},
        {"type": "object"},
        {"enum": ["a", "b", None]},
        {"type": "string", "enum": ["a-b", "true"]},
        {"type": "boolean", "readOnly": True},
        {"$ref": "#/components/schemas/A"},
        {"$ref": "#/components/schemas/x-y"},
        {"$ref": "#/nowhere"},
        {},
        True,
        None,
        {"type": 5, "properties": []},
    ]
)
_SCHEMAS: st.SearchStrategy[Any] = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(
        st.builds(lambda item: {"type": "array", "items": item}, inner),
        st.builds(
            lambda properties, required: {"type": "object", "properties": properties, "required": required},
            st.dictionaries(_NAMES, inner, max_size=3),
            st.lists(_NAMES, max_size=2),
        ),
        st.builds(lambda parts, key: {key: parts}, st.lists(inner, max_size=2), st.sampled_from(["allOf", "anyOf"])),
    ),
    max_leaves=6,
)


def _media(schema: Any) -> Mapping[str, Any]:
    return {"content": {"application/json": {"schema": schema}}}


@settings(max_examples=15)
@given(data=st.data())
def test_whatever_a_document_says_the_project_is_in_order(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    def operation() -> Mapping[str, Any]:
        places = st.sampled_from(["query", "path", "header", "cookie"])
        one = st.fixed_dictionaries({"name": _NAMES, "in": places, "schema": _SCHEMAS})
        return {
            "operationId": data.draw(_NAMES),
            "parameters": data.draw(st.lists(one, max_size=3)),
            "requestBody": _media(data.draw(_SCHEMAS)),
            "responses": {"200": _media(data.draw(_SCHEMAS))},
        }

    paths: dict[str, Any] = {"/always": {"get": {"responses": {}}}}
    for number in range(data.draw(st.integers(0, 2))):
        path = f"/{number}{data.draw(st.sampled_from(['', '/{a}', '/{a b}{A}/x', '/$count', '/é']))}"
        paths[path] = {method: operation() for method in data.draw(st.sets(st.sampled_from(["get", "post", "delete"])))}
    schemas = {"A": data.draw(_SCHEMAS), "x-y": data.draw(_SCHEMAS)}
    document = {"openapi": "3.1.0", "paths": paths, "components": {"schemas": schemas}}
    folder = tmp_path_factory.mktemp("project")
    made = openapi_project(folder, json.dumps(document), "x.json", (), Opening("admin", "admin"))
    write_files(folder, made.files)
    catalog = compile_project(folder, installed_kinds(), {"JWT_SECRET": "x" * 32})
    assert len(catalog.operations) == made.operations
