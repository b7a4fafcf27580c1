from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tidegate.cli import main

EXAMPLE = Path(__file__).parents[2] / "examples" / "servicedesk"
SECRET = "a secret of the tests, long enough for HS256"


BARE = dict.fromkeys(("JWT_SECRET", "DATABASE_URL", "TIDEGATE_ENVIRONMENT", "NO_COLOR"))
"""What the machine that runs the tests has set is not what they are about."""


@pytest.fixture(scope="session")
def tidegate() -> Callable[..., Result]:
    """Runs a command line in this process. What it prints to standard error is in `stderr`."""

    def run(*arguments: str | Path, **environment: str) -> Result:
        words = [str(argument) for argument in arguments]
        return CliRunner().invoke(main, words, prog_name="tidegate", env={**BARE, **environment})

    return run


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """The example, with a secret in its `.env`."""
    ignored = shutil.ignore_patterns("*.db", "*.db-*", ".env", ".tidegate")
    folder = Path(shutil.copytree(EXAMPLE, tmp_path / "desk", ignore=ignored))
    (folder / ".env").write_text(f"JWT_SECRET='{SECRET}'\n")
    return folder
