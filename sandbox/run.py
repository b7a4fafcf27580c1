"""What one run of a program asks for, counted on its way out of the engine.

The gateway counts as well, and its word is the last. Here the program can still be told at which line it was.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from tidegate.sandbox.marks import unmark

if TYPE_CHECKING:
    from tidegate.sandbox.engine import Ask, Log

_EMIT: Final = b'{"what":"emit"'

_HALF: Final = re.compile(rb"(?<!\\)((?:\\\\)*)\\u[dD][89a-fA-F][0-9a-fA-F]{2}")


class Run:
    """`raised` is what the gateway's door raised: then the run is over, whatever the program does."""

    def __init__(self, limits: Mapping[str, int], code: str, file: str, ask: Ask, log: Log) -> None:
        self._limits = limits
        self._code = code
        self._file = file
        self._ask = ask
        self._log = log
        self._counts = {"scriptCalls": 0, "scriptEmits": 0, "scriptLines": 0, "scriptLog": 0}
        self.raised: BaseException | None = None
        self.exceeded = ""
        """Of which limit too much was asked for first, in words."""

    def answer(self, kind: bytes, text: bytes) -> bytes:
        """A question `?` or a line of the log `>` of the kernel's, answered: JSON."""
        if self.raised is not None:
            return refusal("The run was stopped.", limit=True)
        if kind == b"?":
            return self._question(text)
        line = json.loads(text)
        if self._exceeds("scriptLines"):
            return self._stop(f"More than {self._limits['scriptLines']} lines written to console by one run.")
        if self._exceeds("scriptLog", len(line["text"].encode("utf-8", "replace"))):
            return self._stop(f"More than {shown_size(self._limits['scriptLog'])} written to console by one run.")
        self._log(line["level"], self.unmarked(line["text"]))
        return b'{"value":null}'

    def unmarked(self, text: str) -> str:
        """With the places of the author's file as its author sees them."""
        return unmark(text, self._code, self._file)

    def _question(self, text: bytes) -> bytes:
        if text.startswith(_EMIT):
            if self._exceeds("scriptEmits"):
                return self._stop(f"More than {self._limits['scriptEmits']} events emitted by one run.")
        elif self._exceeds("scriptCalls"):
            return self._stop(f"More than {self._limits['scriptCalls']} requests to the gateway by one run.")
        if len(text) > self._limits["scriptData"]:
            return self._stop(f"A request to the gateway has more than {shown_size(self._limits['scriptData'])}.")
        return self._ask(whole(text))

    def _stop(self, message: str) -> bytes:
        self.exceeded = self.exceeded or message
        return refusal(message, limit=True)

    def _exceeds(self, name: str, by: int = 1) -> bool:
        self._counts[name] += by
        return self._counts[name] > self._limits[name]


def refusal(message: str, limit: bool = False) -> bytes:
    """Thrown inside the program. With `limit`, it is also what the run ends with."""
    return json.dumps({"error": {"name": "LimitExceeded", "message": message, "status": None, "limit": limit}}).encode()


def shown_size(size: int) -> str:
    for unit, name in ((1024 * 1024, "MiB"), (1024, "KiB")):
        if size >= unit:
            return f"{size / unit:.4g} {name}"
    return f"{size} bytes"


def whole(text: bytes) -> bytes:
    """JSON of the engine's without halves of pairs of surrogates, which are no text. It escapes these alone, never a
    whole pair; after an escaped backslash it is a text about surrogates."""
    return _HALF.sub(rb"\1\\ufffd", text) if b"\\u" in text else text
