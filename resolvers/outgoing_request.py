"""What a program wants to have asked of another server, checked: where, how, and with what."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlencode

import httpx

from tidegate.core.json import Json
from tidegate.core.program import HostRefused

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
LONGEST_URL: Final = 8192
MOST_HEADERS: Final = 64
LARGEST_HEADERS: Final = 16 * 1024

_DEFAULTS: Final = {"accept": "application/json, text/plain, */*", "user-agent": "Tidegate"}
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE: Final = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_HOST: Final = re.compile(r"[a-z0-9_.-]+|[0-9a-f:.]+", re.IGNORECASE)
_OURS: Final = frozenset(
    {
        *("host", "connection", "content-length", "transfer-encoding", "te", "trailer", "upgrade", "keep-alive"),
        *("expect", "accept-encoding", "proxy-authorization", "proxy-connection", "proxy-authenticate"),
    }
)
"""Headers that are the connection's and not the program's."""
_PRIVATE: Final = frozenset({"authorization", "cookie"})
"""Headers that are for the origin that they were written for."""


@dataclass(frozen=True, slots=True)
class OutgoingRequest:
    method: str
    url: httpx.URL
    headers: Mapping[str, str]
    body: bytes

    @property
    def host(self) -> str:
        return self.url.raw_host.decode()

    @property
    def port(self) -> int:
        return self.url.port if self.url.port is not None else 443 if self.url.scheme == "https" else 80


def read_request(request: Mapping[str, Json]) -> OutgoingRequest:
    """{method, url, params, data, headers}, hostile. Raises `HostRefused`."""
    method, data = request.get("method", "GET"), request.get("data")
    if not isinstance(method, str) or method.upper() not in METHODS:
        raise HostRefused(f"$http knows these methods: {', '.join(sorted(METHODS))}.", "TypeError")
    if data is not None and not isinstance(data, str):
        raise HostRefused("The data of a request is a text.", "TypeError")
    url = _with_params(_read_url(request.get("url")), request.get("params"))
    headers = _read_headers(request.get("headers"))
    return OutgoingRequest(method.upper(), url, headers, (data or "").encode("utf-8", "replace"))


def redirect(asked: OutgoingRequest, status: int, location: str) -> OutgoingRequest:
    """What is asked next. Raises `HostRefused`."""
    try:
        url = _read_url(str(asked.url.join(location)))
    except (httpx.InvalidURL, ValueError, HostRefused):
        raise HostRefused("$http was redirected to what is no address.", "RedirectError") from None
    headers, method, body = dict(asked.headers), asked.method, asked.body
    if (url.scheme, url.host, url.port) != (asked.url.scheme, asked.url.host, asked.url.port):
        headers = {name: value for name, value in headers.items() if name.lower() not in _PRIVATE}
    if status == 303 or (status in (301, 302) and method == "POST"):
        method, body = ("HEAD" if method == "HEAD" else "GET"), b""
        headers = {name: value for name, value in headers.items() if name.lower() != "content-type"}
    return OutgoingRequest(method, url, headers, body)


def _read_url(given: Json) -> httpx.URL:
    if not isinstance(given, str) or len(given) > LONGEST_URL:
        raise HostRefused(f"The url of a request is a text of at most {LONGEST_URL} characters.", "TypeError")
    try:
        url = httpx.URL(given)
        host = url.raw_host.decode()
    except (httpx.InvalidURL, ValueError):
        raise HostRefused("This is not an address.", "TypeError") from None
    if url.scheme not in ("http", "https") or not host:
        raise HostRefused("An address begins with http:// or https:// and a host.", "TypeError")
    if url.userinfo:
        raise HostRefused("An address holds no password: write an Authorization header.", "TypeError")
    if not _HOST.fullmatch(host) or (url.port is not None and not 0 < url.port < 65536):
        raise HostRefused("This is not an address.", "TypeError")
    return url


def _with_params(url: httpx.URL, params: Json) -> httpx.URL:
    """Added to the end of the query, which stays as it is written."""
    if not isinstance(params, Mapping) or not params:
        return url
    try:
        added = urlencode({name: _text(value) for name, value in params.items()}, quote_via=quote)
    except UnicodeError:
        raise HostRefused("The params of a request are texts.", "TypeError") from None
    query = url.query.decode() + ("&" if url.query else "") + added
    if len(query) > LONGEST_URL:
        raise HostRefused(f"An address has {LONGEST_URL} characters at most.", "RangeError")
    return url.copy_with(query=query.encode())


def _read_headers(given: Json) -> Mapping[str, str]:
    headers: dict[str, str] = {}
    names: set[str] = set()
    size = 0
    for name, value in given.items() if isinstance(given, Mapping) else ():
        text = _text(value).strip(" \t")
        if not _TOKEN.fullmatch(name) or not _VALUE.fullmatch(text) or name.lower() in names:
            raise HostRefused("A header is a name, once, and one line of text.", "TypeError")
        names.add(name.lower())
        if name.lower() not in _OURS:
            headers[name] = text
            size += len(name) + len(text)
    if len(headers) > MOST_HEADERS or size > LARGEST_HEADERS:
        raise HostRefused("These are too many headers.", "RangeError")
    return {**{name: text for name, text in _DEFAULTS.items() if name not in names}, **headers}


def _text(value: Json) -> str:
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case None:
            return ""
    raise HostRefused("The params and headers of a request are texts.", "TypeError")
