"""Which of our media types a client prefers (RFC 9110 §12.5.1)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from tidegate.web.answers import Media, Streamed

PAGE: Final = "text/html"

_LONGEST: Final = 4096
"""Bytes of the header that are looked at."""


@lru_cache(maxsize=256)
def negotiate(accept: bytes | None) -> Media | None:
    """The form of the answer, or none that would do. JSON for those who do not say: that is what GraphQL over HTTP
    asks of a server today."""
    chosen = _best(accept, (Media.JSON, Media.GRAPHQL))
    return None if chosen is None else Media(chosen)


@lru_cache(maxsize=256)
def negotiate_stream(accept: bytes | None) -> Streamed | None:
    """The form of an answer that goes on, or none that would do. It has to be named: who says `*/*` does not expect an
    answer that never ends."""
    if accept is None:
        return None
    chosen = _best(accept, (Streamed.EVENTS, Streamed.PARTS), anything=False)
    return None if chosen is None else Streamed(chosen)


@lru_cache(maxsize=256)
def prefers_page(accept: bytes | None) -> bool:
    """Whether this is a browser that opens a page: it names HTML before JSON."""
    return accept is not None and b"html" in accept and _best(accept, (Media.JSON, Media.GRAPHQL, PAGE)) == PAGE


def _best(accept: bytes | None, offered: Sequence[str], *, anything: bool = True) -> str | None:
    """By quality, then by how exactly the type is named, then by place in the header, then by our own order.
    `anything` says whether `*/*`, or saying nothing, may mean one of these."""
    if accept is None or not accept.strip():
        return offered[0] if anything else None
    ranges = [(name, quality) for name, quality in _ranges(accept) if anything or name != "*/*"]
    best: tuple[tuple[float, int, int], str] | None = None
    for media in offered:
        # Of all ranges that match a type, the most exact one decides its quality.
        matching = [(exact, -place, quality) for place, (exact, quality) in _matches(ranges, media)]
        if not matching:
            continue
        exact, place, quality = max(matching)
        rank = (quality, exact, place)
        if quality > 0 and (best is None or rank > best[0]):
            best = (rank, media)
    return None if best is None else best[1]


def _matches(ranges: Sequence[tuple[str, float]], media: str) -> list[tuple[int, tuple[int, float]]]:
    wildcards = {media: 2, f"{media.partition('/')[0]}/*": 1, "*/*": 0}
    return [(place, (wildcards[name], quality)) for place, (name, quality) in enumerate(ranges) if name in wildcards]


def _ranges(accept: bytes) -> list[tuple[str, float]]:
    """Media ranges with their quality, in the order sent. What cannot be read, and what asks for another charset or
    another protocol in `multipart/mixed` than that of subscriptions, is left out."""
    ranges = []
    for entry in accept[:_LONGEST].decode("latin-1").lower().split(","):
        name, *parameters = (part.strip() for part in entry.split(";"))
        quality = 1.0
        for parameter in parameters:
            key, _, value = parameter.partition("=")
            if key.strip() == "q":
                quality = _quality(value.strip())
            elif key.strip() == "charset" and value.strip().strip('"') not in ("utf-8", "utf8", "*"):
                quality = -1.0
                break
        if name == Streamed.PARTS and not _is_for_subscriptions(parameters):
            continue
        if name and quality >= 0:
            ranges.append((name, quality))
    return ranges


def _is_for_subscriptions(parameters: Sequence[str]) -> bool:
    """Whether this is the protocol we speak, or none in particular."""
    pairs = [parameter.partition("=") for parameter in parameters]
    specs = {key.strip(): value.strip().strip('"') for key, _, value in pairs if key.strip().endswith("spec")}
    return specs.get("subscriptionspec", "" if specs else "1.0") == "1.0"


def _quality(text: str) -> float:
    """Between 0 and 1, or negative where it cannot be read."""
    if not text or len(text) > 5 or not set(text) <= set("0123456789."):
        return -1.0
    try:
        quality = float(text)
    except ValueError:
        return -1.0
    return quality if quality <= 1 else -1.0
