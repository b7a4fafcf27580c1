"""`serve --static`: the files of a folder at every address that is not the gateway's own."""

from __future__ import annotations

import gzip
from base64 import b64encode
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path

import pytest

from tests.web.conftest import Running, make_gateway, running
from tidegate.settings import Environment, Settings
from tidegate.web.frontend import Frontend, Unservable, is_hashed

SCRIPT = "document.title = 'x'"
PAGE = (
    f"<!doctype html><script>{SCRIPT}</script><style>p {{ margin: 0 }}</style><script src=/a.js></script>" + "." * 600
)
BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
"""Of a page that somebody opens."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = {
        "site/index.html": PAGE,
        "site/docs/index.html": "<p>docs</p>",
        "site/assets/index-B6kq3_xZ.js": "let a = 1;" * 100,
        "site/assets/logo.svg": "<svg/>",
        "site/photo.bin": "x" * 2000,
        "site/.env": "SECRET=1",
        "site/.git/config": "secret",
        "secret.txt": "outside",
    }
    for name, text in made.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "site/leak.txt").symlink_to(tmp_path / "secret.txt")
    (tmp_path / "site/same.svg").symlink_to(tmp_path / "site/assets/logo.svg")
    return tmp_path / "site"


@pytest.fixture
async def site(folder: Path) -> AsyncIterator[Running]:
    settings = Settings(port=0, environment=Environment.DEVELOPMENT)
    async with running(make_gateway(), settings, frontend=Frontend(folder)) as served:
        served.client.headers["accept-encoding"] = "identity"
        yield served


async def test_files_are_served_by_their_names(site: Running) -> None:
    script = await site.client.get("/assets/index-B6kq3_xZ.js")
    assert (script.status_code, script.headers["content-type"]) == (200, "text/javascript; charset=utf-8")
    assert script.headers["cache-control"] == "public, max-age=31536000, immutable"
    logo = await site.client.get("/assets/logo.svg")
    assert (logo.text, logo.headers["content-type"], logo.headers["cache-control"]) == (
        "<svg/>",
        "image/svg+xml",
        "no-cache",
    )
    assert (await site.client.get("/same.svg")).text == "<svg/>"
    assert (await site.client.get("/photo.bin")).headers["content-type"] == "application/octet-stream"
    assert (await site.client.get("/docs/")).text == "<p>docs</p>"
    for page in (await site.client.get("/"), await site.client.get("/index.html")):
        assert (page.text, page.headers["cache-control"]) == (PAGE, "no-cache")
        assert page.headers["x-content-type-options"] == "nosniff"


async def test_addresses_that_a_page_made_up_get_the_first_page(site: Running) -> None:
    assert (await site.client.get("/tickets/5", headers=BROWSER)).text == PAGE
    assert (await site.client.head("/tickets/5", headers=BROWSER)).status_code == 200
    for path, headers in (("/tickets/5", {}), ("/missing.js", BROWSER), ("/assets/old-B6kq3_xZ.js", BROWSER)):
        missing = await site.client.get(path, headers=headers)
        assert (missing.status_code, missing.json()["errors"][0]["extensions"]["code"]) == (404, "NOT_FOUND"), path


async def test_the_gateways_own_addresses_come_first(site: Running, folder: Path) -> None:
    assert (await site.client.get("/healthz", headers=BROWSER)).json() == {"status": "ok"}
    assert (await site.ask("{ hello }")).json() == {"data": {"hello": "world"}}
    assert "graphiql" in (await site.client.get("/graphql", headers=BROWSER)).text.lower()
    assert (await site.client.get("/graphiql/nothing.js", headers=BROWSER)).status_code == 404
    assert (await site.client.get("/webhooks/nothing", headers=BROWSER)).status_code != 200
    assert (await site.client.post("/demo/session", json={})).status_code == 404


async def test_nothing_outside_of_the_folder_and_nothing_hidden(site: Running) -> None:
    for path in (
        "/../secret.txt",
        "/..%2fsecret.txt",
        "/assets/..%2f..%2fsecret.txt",
        "/%2e%2e/secret.txt",
        "/..%5csecret.txt",
        "//secret.txt",
        "/assets//logo.svg",
        "/leak.txt",
        "/.env",
        "/.git/config",
        "/assets/%00logo.svg",
        "/assets",
    ):
        request = f"GET {path} HTTP/1.1\r\nhost: desk\r\nconnection: close\r\n\r\n"
        head, _, body = (await site.raw(request.encode())).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 404 "), path
        assert b"SECRET" not in body
        assert b"outside" not in body


async def test_files_can_only_be_read(site: Running) -> None:
    refused = await site.client.post("/assets/logo.svg")
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD")
    head = await site.client.head("/assets/logo.svg")
    assert (head.status_code, head.headers["content-length"], head.content) == (200, "6", b"")


async def test_what_a_browser_has_is_not_sent_again(site: Running) -> None:
    tag = (await site.client.get("/assets/logo.svg")).headers["etag"]
    for known in (tag, f'"x", W/{tag}', "*"):
        again = await site.client.get("/assets/logo.svg", headers={"if-none-match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        assert again.headers["cache-control"] == "no-cache"
    assert (await site.client.get("/assets/logo.svg", headers={"if-none-match": '"other"'})).status_code == 200


async def test_texts_are_compressed_for_whoever_takes_it(site: Running) -> None:
    path = "/assets/index-B6kq3_xZ.js"
    plain = await site.client.get(path)
    packed = await site.client.get(path, headers={"accept-encoding": "br, gzip;q=0.8"})
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.text == plain.text
    assert int(packed.headers["content-length"]) == len(gzip.compress(plain.content, 9, mtime=0))
    assert plain.headers["vary"] == packed.headers["vary"] == "accept-encoding"
    assert plain.headers["etag"] != packed.headers["etag"]
    again = await site.client.get(path, headers={"if-none-match": packed.headers["etag"], "accept-encoding": "gzip"})
    assert (again.status_code, again.headers["etag"]) == (304, packed.headers["etag"])
    for refused in ("gzip;q=0", "identity", "br"):
        asked = await site.client.get(path, headers={"accept-encoding": refused})
        assert "content-encoding" not in asked.headers
    binary = await site.client.get("/photo.bin", headers={"accept-encoding": "gzip"})
    assert "content-encoding" not in binary.headers


async def test_pages_load_nothing_from_elsewhere(site: Running, folder: Path) -> None:
    page = await site.client.get("/")
    policy = page.headers["content-security-policy"]
    script = b64encode(sha256(SCRIPT.encode()).digest()).decode()
    assert f"script-src 'self' 'sha256-{script}';" in policy
    assert "style-src 'self' 'sha256-" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert page.headers["x-frame-options"] == "DENY"
    assert "content-security-policy" not in (await site.client.get("/assets/logo.svg")).headers
    own = Frontend(folder, "default-src https://cdn.example").reply("GET", "/", {})
    assert (b"content-security-policy", b"default-src https://cdn.example") in own.headers


@pytest.mark.parametrize(
    ("name", "hashed"),
    [
        ("index-B6kq3_xZ.js", True),
        ("index-B6kq3_xZ.js.map", True),
        ("my-page-Bd-Yw_fa.css", True),
        ("main.3f2a9b1c.css", True),
        ("chunk.0a1b2c3d4e5f60718293.js", True),
        ("index.js", False),
        ("my-original.png", False),
        ("report-20240101.pdf", False),
        ("side-by-side-component.js", False),
        ("icon-180x180.png", False),
        ("my-Original.png", False),
    ],
)
def test_only_names_made_from_the_content_are_kept(name: str, hashed: bool) -> None:
    assert is_hashed(name) is hashed


def test_folders_that_cannot_be_served(tmp_path: Path) -> None:
    for folder in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(Unservable):
            Frontend(folder)
