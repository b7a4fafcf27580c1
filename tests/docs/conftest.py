"""One process that all commands of the documentation begin in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.commands import commands


@pytest.fixture(scope="session")
def tidegate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder for the PATH, in which `tidegate` begins at once."""
    with commands(tmp_path_factory.mktemp("tidegate")) as folder:
        yield folder
