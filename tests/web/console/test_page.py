"""The page and its files: nothing of the project, nothing from elsewhere, nothing inline."""

from __future__ import annotations

import re
from pathlib import Path

from tests.web.console.conftest import Console

STATIC = Path(__file__).parents[3] / "tidegate" / "web" / "static" / "console"


async def test_the_page_is_anybodys_and_says_nothing(operator: Console) -> None:
    del operator.client.headers["x-tidegate-console"]
    first, second = [await operator.client.get(path) for path in ("/console", "/console/")]
    assert first.status_code == second.status_code == 200
    nonces = [re.findall('nonce="([^"]+)"', each.text) for each in (first, second)]
    assert len({*nonces[0]}) == len({*nonces[1]}) == 1
    assert nonces[0] != nonces[1]
    policy = first.headers["content-security-policy"].split("; ")
    assert f"script-src 'nonce-{nonces[0][0]}'" in policy
    assert f"style-src 'nonce-{nonces[0][0]}'" in policy
    assert {"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'"} <= {*policy}
    assert {"connect-src 'self'", "require-trusted-types-for 'script'", "trusted-types 'none'"} <= {*policy}
    assert first.headers["x-frame-options"] == "DENY"
    assert first.headers["cross-origin-opener-policy"] == "same-origin"
    assert first.headers["cache-control"] == "no-store"
    assert "servicedesk" not in first.text


async def test_files(operator: Console) -> None:
    for name, kind in (("main.js", "text/javascript"), ("console.css", "text/css"), ("icon.svg", "image/svg+xml")):
        answer = await operator.client.get(f"/console/{name}")
        assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (200, kind)
        assert answer.headers["x-content-type-options"] == "nosniff"
        again = await operator.client.get(f"/console/{name}", headers={"if-none-match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
    for name in ("console.html", "__init__.py", "../graphiql.js", "%2e%2e/graphiql.js", "x/main.js", "nothing.js"):
        assert (await operator.client.get(f"/console/{name}")).status_code == 404, name
    assert (await operator.client.post("/console/main.js")).status_code == 405


def test_every_module_is_there_and_none_is_unused() -> None:
    modules = {path.name: path.read_text(encoding="utf-8") for path in STATIC.glob("*.js")}
    imported = {name for text in modules.values() for name in re.findall(r'from "\./([\w.]+)"', text)}
    assert imported | {"main.js"} == {*modules}


def test_nothing_is_asked_of_others_and_no_text_becomes_markup() -> None:
    for path in sorted(STATIC.iterdir()):
        if path.suffix in (".js", ".css", ".html"):
            text = path.read_text(encoding="utf-8")
            assert set(re.findall(r"https?://[\w./]+", text)) <= {"http://www.w3.org/2000/svg"}, path.name
            assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(|new Function|style=", text)
            assert not re.search(r"localStorage\.setItem\((?!THEME)", text), path.name
    page = (STATIC / "console.html").read_text(encoding="utf-8")
    assert not re.search(r"<style|<script>|\son\w+=", page)
