"""The secret of a demonstration: made once and kept, so that its tokens are still good after a restart."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from tidegate.scaffold.project import new_secret

SECRET_FILE: Final = Path(".tidegate") / "demo-secret"


def kept_secret(folder: Path) -> str:
    """The secret of the project in `folder`; a new one for this process where none can be kept."""
    file = folder / SECRET_FILE
    try:
        kept = file.read_text(encoding="utf-8").strip()
        if len(kept) >= len(new_secret()):
            return kept
    except (OSError, UnicodeDecodeError):
        pass
    secret = new_secret()
    try:
        file.parent.mkdir(exist_ok=True)
        file.unlink(missing_ok=True)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as opened:
            opened.write(f"{secret}\n")
    except OSError:
        pass
    return secret
