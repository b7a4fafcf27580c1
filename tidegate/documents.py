"""The plan cache: a document is parsed, validated and compiled at first sight, and then found by its text."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from tidegate.schema.api import Api
from tidegate.schema.document import Document, compile_document

MOST_DOCUMENTS: Final = 1000
"""How many are kept. A frontend has tens of documents; more than this is somebody trying texts at random."""
MOST_BYTES: Final = 64 * 1024 * 1024
"""How much memory they may take together, roughly."""


class Documents:
    """The newest documents of one API, the least recently used dropped first. A document that does not compile is
    not kept."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._kept: OrderedDict[tuple[str, str | None], Document] = OrderedDict()
        self._bytes = 0

    def find(self, text: str, operation_name: str | None) -> Document:
        """Raises `DocumentError` where the text is not a document that this API can answer."""
        key = (text, operation_name)
        document = self._kept.get(key)
        if document is not None:
            self._kept.move_to_end(key)
            return document
        document = compile_document(self._api, text, operation_name)
        self._kept[key] = document
        self._bytes += document.weight
        while len(self._kept) > MOST_DOCUMENTS or self._bytes > MOST_BYTES:
            _, dropped = self._kept.popitem(last=False)
            self._bytes -= dropped.weight
        return document
