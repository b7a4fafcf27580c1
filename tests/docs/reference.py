"""What the tests of the reference have in common: its blocks, and a command line in this process."""

from __future__ import annotations

import re
import shlex
from typing import Final

from click.testing import CliRunner, Result

from tests.docs.blocks import Block, blocks
from tidegate.cli import main

PATIENCE: Final = 60.0
SECRET: Final = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ENVIRONMENT: Final = {
    **dict.fromkeys(("JWT_SECRET", "STRIPE_SECRET", "TOUCH_SECRET", "CRM_TOKEN", "DESK2_SECRET"), SECRET),
    "SMTP_URL": "smtp://127.0.0.1:9",
    "ZAPIER_HOOK": "https://hooks.zapier.example/hooks/catch/1",
    "DATABASE_URL": "mysql://shop:secret@127.0.0.1:9/shop",
    "TIDEGATE_SANDBOX": "weak",
    "TIDEGATE_RUNS": ".tidegate/runs.db",
}
ABSENT: Final = dict.fromkeys(("TIDEGATE_ENVIRONMENT", "TIDEGATE_TOKEN", "NO_COLOR"))


def of(page: str, *languages: str) -> list[Block]:
    found = [block for block in blocks(page) if block.language in languages]
    assert found, (page, languages)
    return found


def tidegate(*words: str) -> Result:
    return CliRunner().invoke(main, words, prog_name="tidegate", env={**ABSENT, **ENVIRONMENT})


def commands_of(block: Block) -> list[list[str]]:
    """The arguments of each `tidegate` in it; what its output is handed to is left out."""
    lines = re.sub(r"\$\(.*?\)|\$[A-Z_]+", "made", block.text).splitlines()
    words = [shlex.split(re.split(r" [|>] ", line)[0]) for line in lines]
    assert all(each[0] == "tidegate" for each in words), block
    return [each[1:] for each in words]
