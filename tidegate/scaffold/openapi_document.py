"""The text of an OpenAPI document, 3.0 or 3.1, as JSON or YAML -> its parts, with references followed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Final
from urllib.parse import unquote

import yaml

LARGEST: Final = 32 * 1024 * 1024
"""Bytes of a document."""
MOST_PARTS: Final = 500_000
DEEPEST: Final = 200
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_VERSION: Final = re.compile(r"3\.[01](\.\d+)?(-\S+)?")


class NoDocument(ValueError):
    """What it is not, or why it cannot be read. For the author."""


class Document:
    """Any: a document is what somebody else wrote; whoever reads a part says what it takes it for."""

    def __init__(self, text: str) -> None:
        root = _parsed(text)
        if "swagger" in root:
            raise NoDocument("This is a Swagger 2.0 document. Convert it to OpenAPI 3 first.")
        if not _VERSION.fullmatch(str(root.get("openapi", ""))):
            raise NoDocument("This is no OpenAPI document of version 3.0 or 3.1.")
        self.root = root
        self.unknown: set[str] = set()
        """References that lead nowhere, or out of the document."""

    def follow(self, node: Any) -> tuple[str, Mapping[str, Any]]:
        """A part, and the last name on the way to it where it is a reference; nothing where it leads nowhere."""
        name = ""
        for _ in range(DEEPEST):
            found = mapping(node)
            pointer = found.get("$ref")
            if not isinstance(pointer, str):
                return name, found
            name = _unescaped(pointer.rpartition("/")[2])
            node = self._at(pointer)
        return "", {}

    def parts(self, *names: str) -> Mapping[str, Any]:
        """A mapping within mappings; empty where there is none."""
        node: Any = self.root
        for name in names:
            node = mapping(node).get(name)
        return mapping(node)

    def _at(self, pointer: str) -> Any:
        node: Any = self.root
        if not pointer.startswith("#/"):
            self.unknown.add(pointer)
            return {}
        for name in pointer[2:].split("/"):
            key = _unescaped(name)
            if isinstance(node, list) and key.isdecimal() and int(key) < len(node):
                node = node[int(key)]
            elif isinstance(node, Mapping) and key in node:
                node = node[key]
            else:
                self.unknown.add(pointer)
                return {}
        return node


def is_openapi(text: str) -> bool:
    """Whether it says so, whatever its version."""
    try:
        return not {"openapi", "swagger"}.isdisjoint(_parsed(text))
    except NoDocument:
        return False


def mapping(node: Any) -> Mapping[str, Any]:
    return node if isinstance(node, Mapping) else {}


def sequence(node: Any) -> list[Any]:
    return node if isinstance(node, list) else []


def text_of(node: Any) -> str:
    return node if isinstance(node, str) else ""


def _parsed(text: str) -> Mapping[str, Any]:
    if len(text) > LARGEST:
        raise NoDocument("This document is too large.")
    try:
        found = json.loads(text)
    except ValueError:
        try:
            deep = _is_deep(text)
            found = None if deep else yaml.load(text, Loader=_LOADER)  # noqa: S506 - a safe one
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            raise NoDocument("This is neither JSON nor YAML.") from error
        if deep:
            raise NoDocument("This document is too deep.") from None
    except RecursionError as error:
        raise NoDocument("This document is too deep.") from error
    parts = iter(range(MOST_PARTS))
    plain = _plain(found, parts, 0)
    if not isinstance(plain, Mapping):
        raise NoDocument("This is no OpenAPI document.")
    return plain


def _is_deep(text: str) -> bool:
    """Looked at before it is put together: what is far too deep ends the process there. Raises `YAMLError`."""
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > DEEPEST:
                return True
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
    return False


def _plain(node: Any, parts: Iterator[int], depth: int) -> Any:
    """As JSON would have it: in YAML, keys may be numbers, and texts that look like a day are one."""
    if next(parts, None) is None or depth > DEEPEST:
        raise NoDocument("This document has too many parts.")
    if isinstance(node, dict):
        return {str(key): _plain(value, parts, depth + 1) for key, value in node.items()}
    if isinstance(node, list):
        return [_plain(value, parts, depth + 1) for value in node]
    return str(node) if isinstance(node, date) else node


def _unescaped(name: str) -> str:
    return unquote(name).replace("~1", "/").replace("~0", "~")
