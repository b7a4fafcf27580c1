"""Negotiation: quality, order, case, wildcards."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.web.accept import negotiate, prefers_page
from tidegate.web.answers import Media

JSON, GRAPHQL = Media.JSON, Media.GRAPHQL
BROWSER = b"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        (None, JSON),
        (b"", JSON),
        (b"*/*", JSON),
        (b"application/*", JSON),
        (b"application/json", JSON),
        (b"Application/JSON", JSON),
        (b"application/json; charset=utf-8", JSON),
        (b'application/json; charset="UTF-8"', JSON),
        (b"application/json; charset=utf-16", None),
        (b"application/graphql-response+json", GRAPHQL),
        (b"application/GraphQL-Response+JSON;charset=utf-8", GRAPHQL),
        (b"application/graphql-response+json, application/json", GRAPHQL),
        (b"application/json, application/graphql-response+json", JSON),
        (b"application/json;q=0.5, application/graphql-response+json;q=0.4", JSON),
        (b"application/json;q=0.5, application/graphql-response+json", GRAPHQL),
        (b"application/json;q=0, */*", GRAPHQL),
        (b"application/json;q=0, application/graphql-response+json;q=0", None),
        (b"*/*;q=0.1, application/graphql-response+json;q=0.1", GRAPHQL),
        (b"*/*, application/graphql-response+json", GRAPHQL),
        (b"application/*;q=0.2, application/json;q=0.1", GRAPHQL),
        (b"application/graphql-response+json, application/graphql+json, application/json, text/event-stream", GRAPHQL),
        (b"application/json, multipart/mixed;deferSpec=20220824", JSON),
        (b"multipart/mixed;boundary=graphql;subscriptionSpec=1.0,application/json", JSON),
        (BROWSER, JSON),
        (b"text/html", None),
        (b"text/*", None),
        (b"application/jsonx", None),
        (b"application/json;q=2", None),
        (b"application/json;q=x, application/graphql-response+json", GRAPHQL),
        (b", ,;q=1,application/json", JSON),
        (b"\xff\xfe, application/json", JSON),
    ],
)
def test_negotiation(accept: bytes | None, media: Media | None) -> None:
    assert negotiate(accept) is media


@given(st.binary(max_size=200) | st.text("ap*/licationjsongrh+;q=01., ", max_size=80).map(str.encode))
def test_nothing_breaks_it(accept: bytes) -> None:
    assert negotiate(accept) in (JSON, GRAPHQL, None)
    assert prefers_page(accept) in (True, False)


@pytest.mark.parametrize(
    ("accept", "page"),
    [
        (BROWSER, True),
        (b"text/html", True),
        (b"text/html, application/json", True),
        (b"application/json, text/html", False),
        (b"text/html;q=0.5, application/json", False),
        (b"*/*", False),
        (b"application/json", False),
        (None, False),
    ],
)
def test_pages_are_for_browsers(accept: bytes | None, page: bool) -> None:
    assert prefers_page(accept) is page
