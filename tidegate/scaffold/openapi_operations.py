"""Paths and methods of an OpenAPI document -> operations that ask for them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tidegate.resolvers.integrations.http.addresses import wrong_words
from tidegate.resolvers.integrations.upstream import is_header_name
from tidegate.scaffold.identifiers import NAME, Names
from tidegate.scaffold.openapi_document import Document, mapping, sequence, text_of
from tidegate.scaffold.openapi_types import JSON, Types, Use, field_name
from tidegate.scaffold.text import Yaml
from tidegate.scaffold.words import camel, words

METHODS: Final = ("get", "post", "put", "patch", "delete")
_HOLE: Final = re.compile(r"\{([^{}]+)\}")
_BRACES: Final = frozenset("{}")
_JSON: Final = re.compile(r"(?:application|text)/(?:[\w.+-]+\+)?json\b|\*/\*", re.IGNORECASE)
_OURS: Final = frozenset({"accept", "authorization", "content-type"})
"""Headers that the integration sees to."""


@dataclass(slots=True)
class Asking:
    """One operation. `verb` and `body` are what is asked of the integration."""

    name: str
    verb: str
    group: str
    returns: str
    arguments: dict[str, str] = field(default_factory=dict)
    body: dict[str, Yaml] = field(default_factory=dict)
    description: str = ""
    deprecated: bool = False
    target: str = ""

    @property
    def kind(self) -> str:
        return "query" if self.verb == "get" else "mutation"


class Operations:
    """Of a whole document. What is left out, and what a person has to look at, is in `notes`."""

    def __init__(self, document: Document, types: Types, notes: list[str]) -> None:
        self._document = document
        self._types = types
        self._notes = notes
        self._names = Names(("refreshed",))

    def read(self) -> list[Asking]:
        return list(self._all())

    def _all(self) -> Iterator[Asking]:
        for path, written in self._document.parts("paths").items():
            item = self._document.follow(written)[1]
            for method in item:
                if method in ("head", "options", "trace"):
                    self._notes.append(f"{method.upper()} {path} is left out.")
            for method in METHODS:
                if method in item:
                    made = self._operation(path, method, item, mapping(item[method]))
                    if made is not None:
                        yield made

    def _operation(self, path: str, method: str, item: Mapping[str, Any], found: Mapping[str, Any]) -> Asking | None:
        title = f"{method.upper()} {path}"
        if not _is_plain(path):
            self._notes.append(f"{title} is left out: it is no plain path.")
            return None
        content = self._content(found, title)
        if content is None:
            return None
        identifier = text_of(found.get("operationId"))
        name = _operation_name(identifier) or _operation_name(f"{method} {path}")
        group = next((each for each in sequence(found.get("tags")) if isinstance(each, str)), "")
        # Taken last, so that what is left out takes no name.
        asking = Asking(self._names.take(name), method, "-".join(words(group)) or _first(path), "JSON")
        names = Names()
        asking.body["path"] = self._path(path, item, found, asking, names, title)
        for place, key in (("query", "params"), ("header", "headers")):
            given = self._given(place, item, found, asking, names, title)
            if given:
                asking.body[key] = given
        self._send(content, asking, names)
        self._answer(found, asking)
        said = text_of(found.get("summary")) or text_of(found.get("description"))
        asking.description = " ".join(said.split())[:300]
        asking.deprecated = found.get("deprecated") is True
        return asking

    def _parameters(
        self, item: Mapping[str, Any], found: Mapping[str, Any]
    ) -> dict[tuple[str, str], Mapping[str, Any]]:
        """By place and name: those of the operation over those of the path."""
        several = (*sequence(item.get("parameters")), *sequence(found.get("parameters")))
        followed = (self._document.follow(each)[1] for each in several)
        return {(text_of(each.get("in")), text_of(each.get("name"))): each for each in followed if each.get("name")}

    def _path(
        self, path: str, item: Mapping[str, Any], found: Mapping[str, Any], asking: Asking, names: Names, title: str
    ) -> str:
        parameters = self._parameters(item, found)

        def hole(match: re.Match[str]) -> str:
            parameter = parameters.get(("path", match[1]), {})
            argument = names.take(argument_name(match[1]))
            use = self._use(parameter, f"{asking.name} {match[1]}", title)
            text = "ID" if match[1] == "id" and use.text in ("BigInt", "Int", "String", "UUID") else use.text
            asking.arguments[argument] = f"{'String' if text == 'JSON' or text.startswith('[') else text}!"
            return f"{{{{ args.{argument} }}}}"

        return _HOLE.sub(hole, path)

    def _given(
        self, place: str, item: Mapping[str, Any], found: Mapping[str, Any], asking: Asking, names: Names, title: str
    ) -> dict[str, Yaml]:
        given: dict[str, Yaml] = {}
        for (where, name), parameter in self._parameters(item, found).items():
            if where == "cookie" and place == "header":
                self._notes.append(f"{title}: the cookie {name} is not sent.")
            if where != place or (place == "header" and name.lower() in _OURS):
                continue
            if place == "header" and not is_header_name(name):
                self._notes.append(f"{title}: the header {name} is not sent.")
                continue
            argument = names.take(argument_name(name))
            use = self._use(parameter, f"{asking.name} {name}", title)
            asking.arguments[argument] = f"{use.text}!" if parameter.get("required") is True else use.text
            given[name] = f"$args.{argument}"
        return given

    def _use(self, parameter: Mapping[str, Any], hint: str, title: str) -> Use:
        schema = parameter.get("schema", {})
        use = self._types.use(schema, hint, sent=True)
        if use.text.startswith("[") and parameter.get("explode") is False:
            self._notes.append(f"{title}: {parameter.get('name')} is a list in one text, with commas.")
            return Use("String")
        return JSON if use.target else use

    def _content(self, found: Mapping[str, Any], title: str) -> tuple[str, Any, bool] | None:
        """How a body is sent, its schema, and whether it must be; none where it cannot be."""
        body = self._document.follow(found.get("requestBody"))[1]
        content = mapping(body.get("content"))
        required = body.get("required") is True
        for kind, media in content.items():
            if _JSON.match(kind):
                return "body", mapping(media).get("schema", {}), required
        for kind, media in content.items():
            if kind.startswith("application/x-www-form-urlencoded"):
                return "form", mapping(media).get("schema", {}), required
        for kind in content:
            if kind.startswith("text/"):
                return "text", {"type": "string"}, required
        if any(kind.startswith("multipart/") for kind in content):
            self._notes.append(f"{title} is left out: it takes several parts (multipart).")
            return None
        return ("binary" if content else ""), {"type": "string", "format": "byte"}, required

    def _send(self, content: tuple[str, Any, bool], asking: Asking, names: Names) -> None:
        form, schema, required = content
        if not form or asking.verb == "get":
            return
        use = self._types.use(schema, f"{asking.name} input", sent=True)
        argument = names.take("input")
        asking.arguments[argument] = f"{use.text}!" if required else use.text
        made = self._types.made.get(use.target) if use.text == use.target else None
        if made is not None and any(each.name != each.origin for each in made.fields):
            asking.body[form] = {each.origin: f"$args.{argument}.{each.name}" for each in made.fields}
        else:
            asking.body[form] = f"$args.{argument}"

    def _answer(self, found: Mapping[str, Any], asking: Asking) -> None:
        responses = mapping(found.get("responses"))
        good = sorted(status for status in responses if re.fullmatch(r"2(\d\d|XX)", status, re.IGNORECASE))
        chosen = good[0] if good else "default" if "default" in responses else ""
        content = mapping(self._document.follow(responses.get(chosen))[1].get("content"))
        media = next((mapping(each) for kind, each in content.items() if _JSON.match(kind)), None)
        if media is None:
            text = any(kind.startswith("text/") for kind in content)
            nothing = "JSON" if asking.verb == "get" else "Boolean!"
            asking.returns = "String" if text else "Bytes" if content else nothing
            return
        use = self._types.use(media.get("schema", {}), f"{asking.name} answer")
        asking.target = use.target
        # Of what is asked for by a key there may be none: a 404 is null.
        by_key = "404" in responses or "{{" in str(asking.body["path"])
        may_miss = asking.verb == "get" and use.target == use.text and by_key
        asking.returns = use.text if may_miss else use.shown


def _is_plain(path: str) -> bool:
    """Of segments, values and parts of values; with no other braces, which ours would run into."""
    words = _HOLE.sub("x", path)
    return path.startswith("/") and not wrong_words(words) and _BRACES.isdisjoint(words)


def argument_name(name: str) -> str:
    return name if NAME.match(name) and not name.startswith("__") else field_name(name)


def _operation_name(identifier: str) -> str:
    """`getPetById`, `pets/list`, `GET /pets/{id}` -> a name as ours are."""
    if NAME.match(identifier) and identifier[0].islower():
        return identifier
    found = camel(words(identifier))
    return found if NAME.match(found) else f"_{found}" if found else ""


def _first(path: str) -> str:
    """The first word of a path: what it is about."""
    return "-".join(words(_HOLE.sub("", path).strip("/").partition("/")[0])) or "root"
