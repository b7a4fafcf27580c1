"""Where a zygote begins: run by path, by `python -I -S` with an empty environment and one argument, JSON.

`packages` names folders: a process without site-packages and without Tidegate's own `__init__` imports a few modules of
`tidegate.sandbox` from them, and an engine of somebody else's likewise.
"""

from __future__ import annotations

import json
import sys
from types import ModuleType


def boot(argument: str) -> None:
    settings = json.loads(argument)
    for name, folders in settings["packages"].items():
        package = ModuleType(name)
        package.__path__ = folders
        sys.modules[name] = package
    from tidegate.sandbox.zygote import Zygote

    Zygote(settings).serve()


if __name__ == "__main__":
    boot(sys.argv[1])
