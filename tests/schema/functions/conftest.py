from __future__ import annotations

from pathlib import Path

import pytest

from tests.schema.functions.world import project


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    return project(tmp_path)
