"""Other people's JavaScript that is loaded into the sandbox: what programs find there, and what strips TypeScript.

`python -m tidegate.sandbox.libraries.renew FOLDER` takes newer builds from an npm installation; hashes and versions are
in `versions.json`, held by `tests/sandbox/test_libraries.py`.
"""

from __future__ import annotations

import os
from typing import Final

LIBRARIES: Final = {
    "_": "lodash.js",
    "Papa": "papaparse.js",
    "dayjs": "dayjs.js",
    "moment": "moment.js",
    "numbro": "numbro.js",
    "uuid": "uuid.js",
}
"""The name that programs know each by, and its file."""

SUCRASE: Final = "sucrase.js"

_HERE: Final = os.path.dirname(__file__)  # noqa: PTH120 - a process that starts in milliseconds does not import pathlib

# As a CommonJS module, which all of them can be: what the script comes to is what it exports. No line is added before.
_BEFORE: Final = "(() => { const module = { exports: {} }, exports = module.exports, define = undefined; "
_AFTER: Final = "\n; return module.exports; })()"


def read_library(file: str) -> str:
    """A script that comes to what the library exports."""
    with open(os.path.join(_HERE, file), encoding="utf-8") as source:  # noqa: PTH118, PTH123
        return _BEFORE + source.read() + _AFTER
