"""Settings: what the environment may say, and that the documentation says the same."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from tidegate.settings import Console, Environment, Isolation, LogFormat, LogLevel, Settings, SettingsError, variable

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "settings.md"


def test_nothing_set() -> None:
    assert Settings.read({}) == Settings()
    assert Settings.read({variable(setting.name): "" for setting in fields(Settings)}) == Settings()


def test_everything_set() -> None:
    environ = {
        "TIDEGATE_HOST": "0.0.0.0",
        "TIDEGATE_PORT": "80",
        "TIDEGATE_ENVIRONMENT": "Development",
        "TIDEGATE_LOG_LEVEL": "debug",
        "TIDEGATE_LOG_FORMAT": "json",
        "TIDEGATE_ACCESS_LOG": "TRUE",
        "TIDEGATE_TRUSTED_PROXIES": "10.0.0.0/8, ::1",
        "TIDEGATE_MAX_CONNECTIONS": "10",
        "TIDEGATE_MAX_HEAD": "8KiB",
        "TIDEGATE_KEEP_ALIVE": "2m",
        "TIDEGATE_SHUTDOWN_TIMEOUT": "500ms",
        "TIDEGATE_SANDBOX": "weak",
        "TIDEGATE_RUNS": "postgresql://me@db/runs",
        "TIDEGATE_CONSOLE": "admins",
        "TIDEGATE_STATIC": "web/dist",
        "TIDEGATE_STATIC_POLICY": "default-src 'self'",
        "PATH": "/bin",
    }
    assert Settings.read(environ) == Settings(
        host="0.0.0.0",
        port=80,
        environment=Environment.DEVELOPMENT,
        log_level=LogLevel.DEBUG,
        log_format=LogFormat.JSON,
        access_log=True,
        trusted_proxies=("10.0.0.0/8", "::1"),
        max_connections=10,
        max_head=8192,
        keep_alive=120.0,
        shutdown_timeout=0.5,
        sandbox=Isolation.WEAK,
        runs="postgresql://me@db/runs",
        console=Console.ADMINS,
        static="web/dist",
        static_policy="default-src 'self'",
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HOST", " x"),
        ("HOST", "a\nb"),
        ("PORT", "65536"),
        ("PORT", "-1"),
        ("PORT", "80.0"),
        ("PORT", "٨٠"),
        ("ENVIRONMENT", "prod"),
        ("LOG_LEVEL", "loud"),
        ("LOG_FORMAT", "xml"),
        ("ACCESS_LOG", "1"),
        ("TRUSTED_PROXIES", "proxy.example"),
        ("TRUSTED_PROXIES", "10.0.0.0/99"),
        ("MAX_CONNECTIONS", "0"),
        ("MAX_HEAD", "32768"),
        ("MAX_HEAD", "0KiB"),
        ("KEEP_ALIVE", "30"),
        ("KEEP_ALIVE", "0s"),
        ("SHUTDOWN_TIMEOUT", "soon"),
        ("SANDBOX", "off"),
        ("RUNS", "mysql://me@db/runs"),
        ("RUNS", "runs.db "),
    ],
)
def test_what_means_nothing_is_refused(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.read({f"TIDEGATE_{name}": value})
    (problem,) = caught.value.problems
    assert problem.startswith(f"TIDEGATE_{name} is ")
    assert problem.endswith(".")


def test_everything_wrong_is_told_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.read({"TIDEGATE_PORT": "x", "TIDEGATE_KEEP_ALIVE": "x"})
    assert len(caught.value.problems) == 2


def test_the_page_lists_every_setting() -> None:
    rows = re.findall(r"^\| `(TIDEGATE_\w+)` \| (.*?) \| (.*) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    listed = {name: (default, meaning) for name, default, meaning in rows}
    assert listed == {
        variable(setting.name): (
            "none" if setting.metadata["shown"] == "none" else f"`{setting.metadata['shown']}`",
            setting.metadata["meaning"],
        )
        for setting in fields(Settings)
    }


def test_the_defaults_shown_are_the_defaults() -> None:
    for setting in fields(Settings):
        if setting.metadata["shown"] != "none":
            assert setting.metadata["read"](setting.metadata["shown"]) == setting.default


def test_a_password_is_not_told() -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.read({"TIDEGATE_RUNS": "mysql://me:hush@db/runs"})
    assert caught.value.problems[0].startswith("TIDEGATE_RUNS is 'mysql://…@db/runs', and must be a file, off, or ")
