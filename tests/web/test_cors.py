"""Which pages may call."""

from __future__ import annotations

import pytest

from tests.web.conftest import Serving
from tidegate.core.catalog import Cors

ASK = {"access-control-request-method": "POST", "access-control-request-headers": "content-type,authorization"}


def allowed(headers: object) -> dict[str, str]:
    assert hasattr(headers, "items")
    return {name: value for name, value in headers.items() if name.startswith("access-control")}


async def test_nobody_by_default(serving: Serving) -> None:
    site = await serving()
    response = await site.ask("{ hello }", origin="https://page.example")
    assert (response.status_code, allowed(response.headers)) == (200, {})
    response = await site.client.options("/graphql", headers={"origin": "https://page.example", **ASK})
    assert (response.status_code, allowed(response.headers)) == (403, {})


async def test_listed_origins(serving: Serving) -> None:
    site = await serving(cors=Cors(("https://page.example", "http://localhost:3000"), credentials=True, max_age=5))
    for origin in ("https://page.example", "http://localhost:3000"):
        response = await site.ask("{ hello }", origin=origin)
        assert allowed(response.headers) == {
            "access-control-allow-origin": origin,
            "access-control-allow-credentials": "true",
            "access-control-expose-headers": "www-authenticate",
        }
        assert response.headers["vary"] == "accept, origin"
        response = await site.client.options("/graphql", headers={"origin": origin, **ASK})
        assert (response.status_code, response.content) == (204, b"")
        assert "content-length" not in response.headers
        assert allowed(response.headers) == {
            "access-control-allow-origin": origin,
            "access-control-allow-credentials": "true",
            "access-control-allow-methods": "GET, HEAD, POST",
            "access-control-allow-headers": "content-type,authorization",
            "access-control-max-age": "5",
        }
    assert (await site.ask("{ hello }")).headers["vary"] == "accept, origin"


@pytest.mark.parametrize(
    "origin",
    [
        "http://page.example",
        "https://page.example.evil.example",
        "https://evil.example/https://page.example",
        "https://sub.page.example",
        "https://page.example:8443",
        "null",
        "*",
        "",
    ],
)
async def test_other_origins(serving: Serving, origin: str) -> None:
    site = await serving(cors=Cors(("https://page.example",), credentials=True))
    response = await site.ask("{ hello }", origin=origin)
    assert allowed(response.headers) == {}
    assert response.headers["vary"] == "accept, origin"
    response = await site.client.options("/graphql", headers={"origin": origin, **ASK})
    assert (response.status_code, allowed(response.headers)) == (403, {})


async def test_everybody_never_has_credentials(serving: Serving) -> None:
    site = await serving(cors=Cors(("*",), credentials=True))
    response = await site.ask("{ hello }", origin="https://anybody.example")
    assert response.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in response.headers


async def test_refusals_can_be_read_by_listed_pages(serving: Serving) -> None:
    site = await serving(cors=Cors(("https://page.example",)))
    headers = {"origin": "https://page.example", "authorization": "Bearer x"}
    for response in (
        await site.client.post("/graphql", json={"query": "{ hello }"}, headers=headers),
        await site.client.put("/graphql", headers=headers),
        await site.client.get("/graphql", headers=headers),
    ):
        assert response.status_code >= 400
        assert response.headers["access-control-allow-origin"] == "https://page.example"


async def test_strange_header_names_are_not_echoed(serving: Serving) -> None:
    site = await serving(cors=Cors(("https://page.example",)))
    asked = {"origin": "https://page.example", **ASK, "access-control-request-headers": "x, a b; c: d"}
    response = await site.client.options("/graphql", headers=asked)
    assert response.headers["access-control-allow-headers"] == "content-type, authorization"


async def test_options_without_a_browser(serving: Serving) -> None:
    site = await serving()
    response = await site.client.options("/graphql")
    assert (response.status_code, response.headers["allow"]) == (204, "GET, HEAD, POST, OPTIONS")
