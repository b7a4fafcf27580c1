"""GraphiQL: in development, for browsers, from here."""

from __future__ import annotations

import re
from importlib.resources import files

from tests.web.conftest import Serving
from tidegate.settings import Environment

BROWSER = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


async def test_browsers_get_the_page_in_development(serving: Serving) -> None:
    site = await serving(environment=Environment.DEVELOPMENT)
    page = await site.client.get("/graphql?query=mutation{write}", headers=BROWSER)
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert site.gateway.written == 0
    assert "<strong>fake &lt;project&gt;</strong>" in page.text
    assert page.headers["x-frame-options"] == "DENY"
    assert page.headers["cache-control"] == "no-store"
    assert (await site.client.get("/graphql?query={hello}")).json() == {"data": {"hello": "world"}}


async def test_the_page_needs_nothing_from_elsewhere(serving: Serving) -> None:
    site = await serving(environment=Environment.DEVELOPMENT)
    page = await site.client.get("/graphql", headers=BROWSER)
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self' 'nonce-")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "http:" not in page.text
    assert "https:" not in page.text
    assert not re.search(r"<script(?![^>]* src=)|<style| on[a-z]+=| style=", page.text)
    nonce = re.search(r"'nonce-([^']+)'", policy)
    assert nonce is not None
    assert f'nonce="{nonce[1]}"' in page.text
    assert page.text != (await site.client.get("/graphql", headers=BROWSER)).text
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(addresses) == 7
    for address in addresses:
        response = await site.client.get(address)
        assert response.status_code == 200
        assert response.headers["x-content-type-options"] == "nosniff"
        assert "sourceMappingURL" not in response.text
        again = await site.client.get(address, headers={"if-none-match": response.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert (await site.client.post(address)).status_code == 405


async def test_style_sheets_load_nothing_from_elsewhere(serving: Serving) -> None:
    site = await serving(environment=Environment.DEVELOPMENT)
    for name in ("graphiql.css", "page.css"):
        text = (await site.client.get(f"/graphiql/{name}")).text
        assert not re.search(r"url\((?!\"?data:)|@import", text)


async def test_files_are_found_by_name_only(serving: Serving) -> None:
    site = await serving(environment=Environment.DEVELOPMENT)
    for name in (
        "",
        "__init__.py",
        "../graphiql.py",
        "..%2f..%2fsettings.py",
        "graphiql.html",
        "x.js",
        "%00",
        "a/b.js",
    ):
        assert (await site.client.get(f"/graphiql/{name}")).status_code == 404


async def test_there_is_none_in_production(serving: Serving) -> None:
    site = await serving()
    response = await site.client.get("/graphql", headers=BROWSER)
    assert (response.status_code, response.headers["content-type"]) == (400, "application/json; charset=utf-8")
    assert (await site.client.get("/graphiql/graphiql.js")).status_code == 404


def test_every_bundled_package_has_its_licence() -> None:
    text = files("tidegate.web.static").joinpath("LICENSES.txt").read_text(encoding="utf-8")
    for name in ("graphiql 4.1.2", "react 18.3.1", "react-dom 18.3.1", "codemirror 5.", "graphql 16."):
        assert f"\n{name}" in text
