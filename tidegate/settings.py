"""What the operator decides, as opposed to the project's author: where to listen, how to log. Read from the
environment; `docs/reference/settings.md` lists the same names."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from ipaddress import ip_network
from typing import Any, Final

PREFIX: Final = "TIDEGATE_"


class Environment(StrEnum):
    """Development shows GraphiQL to browsers."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


class LogFormat(StrEnum):
    TEXT = "text"
    JSON = "json"


class LogLevel(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Isolation(StrEnum):
    """Whether programs of the project run where the machine cannot keep them apart from the server."""

    STRICT = "strict"
    WEAK = "weak"


class Console(StrEnum):
    """Who may look into the gateway at `/console`, besides authors in development."""

    OFF = "off"
    ADMINS = "admins"


class SettingsError(Exception):
    """The environment holds values that mean nothing. `problems` are sentences, one for each."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(problems))


class _Wrong(Exception):
    """What the value should have been."""


def _text(value: str) -> str:
    if not value or value != value.strip() or not value.isprintable():
        raise _Wrong("a text without blanks at its ends")
    return value


def _whole(lowest: int, highest: int) -> Callable[[str], int]:
    def read(value: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", value) or not lowest <= int(value) <= highest:
            raise _Wrong(f"a whole number from {lowest} to {highest}")
        return int(value)

    return read


def _one_of(kind: type[StrEnum]) -> Callable[[str], StrEnum]:
    def read(value: str) -> StrEnum:
        try:
            return kind(value.lower())
        except ValueError:
            raise _Wrong(f"one of {', '.join(kind)}") from None

    return read


def _boolean(value: str) -> bool:
    if value.lower() not in ("true", "false"):
        raise _Wrong("true or false")
    return value.lower() == "true"


_DURATION: Final = re.compile(r"([0-9]{1,6})(ms|s|m|h)")
_SECONDS: Final[Mapping[str, float]] = {"ms": 0.001, "s": 1, "m": 60, "h": 3600}


def _duration(value: str) -> float:
    match = _DURATION.fullmatch(value)
    if match is None or int(match[1]) == 0:
        raise _Wrong("a time with its unit, as 500ms, 30s, 5m or 1h")
    return int(match[1]) * _SECONDS[match[2]]


_SIZE: Final = re.compile(r"([0-9]{1,6})(B|KiB|MiB)")
_BYTES: Final[Mapping[str, int]] = {"B": 1, "KiB": 1024, "MiB": 1024 * 1024}


def _size(value: str) -> int:
    match = _SIZE.fullmatch(value)
    if match is None or int(match[1]) == 0:
        raise _Wrong("a size with its unit, as 512B, 32KiB or 1MiB")
    return int(match[1]) * _BYTES[match[2]]


def _networks(value: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in value.split(",") if name.strip())
    try:
        for name in names:
            if name != "*":
                ip_network(name, strict=False)
    except ValueError:
        raise _Wrong("addresses or networks with commas between them, as 10.0.0.0/8, or *") from None
    return names


def _runs(value: str) -> str:
    if "://" in value and not value.startswith(("postgresql://", "postgres://")):
        raise _Wrong("a file, off, or the postgresql://… of a database")
    return _text(value)


_PASSWORD: Final = re.compile(r"(?<=://)[^/]*@")


# Any: each field's value is of its own type.
def _setting(default: Any, read: Callable[[str], Any], shown: str, meaning: str) -> Any:
    return field(default=default, metadata={"read": read, "shown": shown, "meaning": meaning})


@dataclass(frozen=True, slots=True)
class Settings:
    # ruff: noqa: RUF009 - `_setting` is `dataclasses.field` with our metadata
    """Times in seconds, sizes in bytes. Each field is the variable `TIDEGATE_` and its name in capitals."""

    host: str = _setting("127.0.0.1", _text, "127.0.0.1", "The address to listen at. `0.0.0.0` is every one.")
    port: int = _setting(8000, _whole(0, 65535), "8000", "The port to listen at. `0` takes a free one.")
    environment: Environment = _setting(
        Environment.PRODUCTION,
        _one_of(Environment),
        "production",
        "`development` or `production`. In development browsers that open `/graphql` get GraphiQL.",
    )
    log_level: LogLevel = _setting(
        LogLevel.INFO,
        _one_of(LogLevel),
        "info",
        "The least important messages shown: `debug`, `info`, `warning`, `error`.",
    )
    log_format: LogFormat = _setting(
        LogFormat.TEXT, _one_of(LogFormat), "text", "`text` for people, `json` for machines: one object on each line."
    )
    access_log: bool = _setting(False, _boolean, "false", "Whether every request is logged.")
    trusted_proxies: tuple[str, ...] = _setting(
        (),
        _networks,
        "none",
        "Whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed: addresses or networks with commas between "
        "them, or `*`.",
    )
    max_connections: int = _setting(
        4096, _whole(1, 1_000_000), "4096", "Connections and requests under way at once. More are answered 503."
    )
    max_head: int = _setting(
        32 * 1024, _size, "32KiB", "The size of a request's first line and headers. More is answered 431."
    )
    keep_alive: float = _setting(
        30.0, _duration, "30s", "How long a connection may be idle between an answer and the next request."
    )
    shutdown_timeout: float = _setting(
        10.0,
        _duration,
        "10s",
        "How long requests under way may take to end when the server is told to stop, and after them what goes on "
        "behind an early answer (`respond`). Then they are cut off.",
    )

    sandbox: Isolation = _setting(
        Isolation.STRICT,
        _one_of(Isolation),
        "strict",
        "`strict` or `weak`. With `weak` the project's programs run also where this machine cannot keep them apart "
        "from the server.",
    )
    runs: str = _setting(
        ".tidegate/runs.db",
        _runs,
        ".tidegate/runs.db",
        "Where the history of runs of functions is kept: a file, as seen from the project's folder; the "
        "`postgresql://…` of a database that several gateways share; or `off`.",
    )
    console: Console = _setting(
        Console.OFF,
        _one_of(Console),
        "off",
        "`off` or `admins`. With `admins` whoever has the highest role may use `/console`. In development it is there "
        "in any case.",
    )
    static: str = _setting(
        "",
        _text,
        "none",
        "A folder with an `index.html`, such as what a frontend's build made, to be served at every address that is "
        "not the gateway's own.",
    )
    static_policy: str = _setting(
        "",
        _text,
        "none",
        "The `Content-Security-Policy` of its pages, in place of the one that lets them load from here and nowhere "
        "else.",
    )

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Settings:
        """Raises `SettingsError` with everything that is wrong. An empty variable is as good as none."""
        # Any: as above.
        values: dict[str, Any] = {}
        problems = []
        for setting in fields(cls):
            name = variable(setting.name)
            given = environ.get(name, "")
            if not given:
                continue
            try:
                values[setting.name] = setting.metadata["read"](given)
            except _Wrong as wrong:
                problems.append(f"{name} is {_PASSWORD.sub('…@', given)!r}, and must be {wrong}.")
        if problems:
            raise SettingsError(problems)
        return cls(**values)


def variable(name: str) -> str:
    """The environment variable of a field."""
    return PREFIX + name.upper()
