"""Built pages, as a browser would see them: what each loads, where its links lead, and which anchors it has."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

LOADED: Final = {"src", "srcset", "poster", "data", "action", "formaction", "background"}
"""Attributes by which a page asks for something by itself, or sends something."""
LINKED: Final = {"prev", "next", "canonical", "alternate"}
"""Kinds of <link> by which nothing is loaded."""


@dataclass
class Page(HTMLParser):
    file: Path
    loads: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    anchors: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        super().__init__()
        text = self.file.read_text(encoding="utf-8")
        self.feed(text)
        self.loads += re.findall(r"url\(['\"]?(?!data:)([^)'\"]+)", text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.anchors |= {values[name] for name in ("id", "name") if name in values}
        self.loads += [value for name, value in values.items() if name in LOADED and value]
        if tag == "link" and not LINKED & set(values.get("rel", "").split()):
            self.loads.append(values["href"])
        elif tag in ("a", "area") and "href" in values:
            self.links.append(values["href"])


def pages(site: Path) -> dict[Path, Page]:
    """By their files. The page for what is not there is served at any address: its links begin at the root."""
    return {file: Page(file) for file in sorted(site.rglob("*.html")) if file.name != "404.html"}


def is_ours(address: str) -> bool:
    parts = urlsplit(address)
    return not parts.scheme and not parts.netloc


def nowhere(found: dict[Path, Page]) -> list[str]:
    """What pages of this site want of it, and is not there: files, and anchors in pages."""
    wrong = []
    for file, page in found.items():
        for address in filter(is_ours, page.links + page.loads):
            parts = urlsplit(address)
            target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
            target = target / "index.html" if target.is_dir() else target
            anchor = unquote(parts.fragment)
            if not target.is_file() or (anchor and target in found and anchor not in found[target].anchors):
                wrong.append(f"{file.name}: {address}")
    return wrong
