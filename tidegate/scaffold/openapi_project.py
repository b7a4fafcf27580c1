"""An OpenAPI document -> a project that asks its server."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urljoin, urlsplit

from tidegate.scaffold.openapi_document import Document, NoDocument, mapping, sequence, text_of
from tidegate.scaffold.openapi_operations import Asking, Operations
from tidegate.scaffold.openapi_types import MadeType, Types
from tidegate.scaffold.project import Source, assemble
from tidegate.scaffold.text import Yaml, block, description, flow, scalar
from tidegate.scaffold.words import words
from tidegate.scaffold.yaml_text import Opening

INTEGRATION: Final = "api"
NOWHERE: Final = "https://api.example.com"


@dataclass(frozen=True, slots=True)
class Made:
    """`files` of a project, by path; `notes`: what a person should look at; how many `operations` there are."""

    files: Mapping[str, str]
    notes: tuple[str, ...]
    operations: int


def openapi_project(folder: Path, text: str, address: str, skip: Iterable[str], opening: Opening) -> Made:
    """`address`: where the text is from, for servers that it names from there. `skip`: names of operations. Raises
    `NoDocument`."""
    document = Document(text)
    notes: list[str] = []
    types = Types(document, notes)
    skipped = frozenset(skip)
    asked = [each for each in Operations(document, types, notes).read() if each.name not in skipped]
    if not any(each.kind == "query" for each in asked):
        raise NoDocument("This document has nothing that is read by GET: GraphQL needs a query.")
    lost = types.straighten()
    needed = set(types.needed(*(text for each in asked for text in (each.returns, *each.arguments.values()))))
    notes += [f"{type}.{name} is JSON: names in it are none of GraphQL's." for type, name in lost if type in needed]
    source = _source(document, address, notes)
    made = {}
    if types_text := _types_text(types, needed):
        made["types.graphql"] = types_text
    groups: dict[str, list[Asking]] = {}
    for each in asked:
        groups.setdefault(each.group, []).append(each)
    for group, several in groups.items():
        made[f"operations/{group}.yaml"] = "\n".join(_operation_text(each, types, opening) for each in several)
    notes += [f"{pointer} is not in the document: what it means is JSON." for pointer in sorted(document.unknown)]
    return Made(assemble(folder, made, INTEGRATION, source), tuple(dict.fromkeys(notes)), len(asked))


def _source(document: Document, address: str, notes: list[str]) -> Source:
    server = mapping(next(iter(sequence(document.root.get("servers"))), {}))
    url = text_of(server.get("url"))
    for name, variable in mapping(server.get("variables")).items():
        url = url.replace(f"{{{name}}}", text_of(mapping(variable).get("default")))
    url = urljoin(address, url) if address.startswith(("http://", "https://")) else url
    if urlsplit(url).scheme not in ("http", "https") or "{" in url or urlsplit(url).query:
        notes.append(f"The document does not say where its server is: write baseUrl in place of {NOWHERE}.")
        url = NOWHERE
    headers: dict[str, Yaml] = {}
    params: dict[str, Yaml] = {}
    environment: dict[str, str] = {}
    for name in _schemes(document):
        scheme = document.follow(document.parts("components", "securitySchemes").get(name))[1]
        place, key = text_of(scheme.get("in")), text_of(scheme.get("name"))
        variable = "_".join(("API", *(word.upper() for word in words(name)))).replace("API_API_", "API_")
        match text_of(scheme.get("type")), text_of(scheme.get("scheme")).lower():
            case "apiKey", _ if place == "header" and key:
                headers[key] = f"${{{variable}}}"
            case "apiKey", _ if place == "query" and key:
                params[key] = f"${{{variable}}}"
            case "http", "basic":
                headers["Authorization"] = f"Basic ${{{variable}}}"
                notes.append(f"{variable} in .env is user:password in base64.")
            case ("http", _) | ("oauth2", _) | ("openIdConnect", _):
                headers["Authorization"] = f"Bearer ${{{variable}}}"
            case _:
                notes.append(f"The server wants {name}, which has to be written by hand.")
                continue
        environment[variable] = ""
        notes.append(f"Write what the server wants as {name} into .env: {variable}.")
    settings: dict[str, Yaml] = {"baseUrl": url.rstrip("/")}
    settings |= {"headers": headers} if headers else {}
    settings |= {"params": params} if params else {}
    used = {name: value for name, value in environment.items() if f"${{{name}}}" in flow(settings)}
    return Source("http", settings, used)


def _schemes(document: Document) -> list[str]:
    """Those that are asked for: by all, or by any operation."""
    wanted = sequence(document.root.get("security"))
    if not wanted:
        items = [mapping(item) for item in document.parts("paths").values()]
        wanted = [
            each for item in items for found in item.values() for each in sequence(mapping(found).get("security"))
        ]
    known = document.parts("components", "securitySchemes")
    return list(dict.fromkeys(name for each in wanted for name in mapping(each) if name in known))


def _types_text(types: Types, needed: Set[str]) -> str:
    enums = [
        f"enum {name} {{\n{''.join(f'  {value}{chr(10)}' for value in enum.values)}}}\n"
        for name, enum in types.enums.items()
        if name in needed
    ]
    return "\n".join((*enums, *(_type_text(made) for made in types.made.values() if made.name in needed)))


def _type_text(made: MadeType) -> str:
    lines = (f"{description(each.comment, 2)}  {each.name}: {each.shown}\n" for each in made.fields)
    return f"{description(made.comment)}{'input' if made.sent else 'type'} {made.name} {{\n{''.join(lines)}}}\n"


def _operation_text(asking: Asking, types: Types, opening: Opening) -> str:
    role = opening.read if asking.kind == "query" else opening.write
    lines = [f"{scalar(asking.name)}:\n", block({"kind": asking.kind, "minRole": scalar(role)}, 2)]
    if asking.description:
        lines.append(block({"description": scalar(asking.description.replace("${", "$ {"))}, 2))
    if asking.deprecated:
        lines.append(block({"deprecated": "The server says so."}, 2))
    arguments = {name: scalar(type) for name, type in asking.arguments.items()}
    if 0 < len(arguments) <= 4:
        pairs = ", ".join(f"{scalar(name)}: {type}" for name, type in arguments.items())
        lines.append(f"  args: {{ {pairs} }}\n")
    elif arguments:
        lines += ["  args:\n", block(arguments, 4)]
    body: dict[str, Yaml] = dict(asking.body)
    if renaming := types.renaming(asking.target):
        body["fields"] = renaming
    lines.append(block({"returns": scalar(asking.returns)}, 2))
    lines += ["  run:\n", block({"use": INTEGRATION}, 4), f"    {asking.verb}:\n"]
    lines.append(block({key: flow(value) for key, value in body.items()}, 6))
    return "".join(lines)
