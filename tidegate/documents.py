"""The plan cache: a document is parsed, validated and compiled at first sight, and then found by its text."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from tidegate.schema.api import Api
from tidegate.schema.document import Document, compile_document

MOST_DOCUMENTS: Final = 1000
"""How many are kept. A frontend has tens of documents; more than this is somebody trying texts at random."""
MOST_CHARACTERS: Final = 4 * 1024 * 1024
"""How much text they may hold together."""


class Documents:
    """The newest documents of one API, the least recently used dropped first. A document that does not compile is
    not kept."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._kept: OrderedDict[tuple[str, str | None], Document] = OrderedDict()
        self._characters = 0

    def find(self, text: str, operation_name: str | None) -> Document:
        """Raises `DocumentError` where the text is not a document that this API can answer."""
        key = (text, operation_name)
        document = self._kept.get(key)
        if document is not None:
            self._kept.move_to_end(key)
            return document
        document = compile_document(self._api, text, operation_name)
        self._kept[key] = document
        self._characters += len(text)
        while len(self._kept) > MOST_DOCUMENTS or self._characters > MOST_CHARACTERS:
            (dropped, _), _ = self._kept.popitem(last=False)
            self._characters -= len(dropped)
        return document
