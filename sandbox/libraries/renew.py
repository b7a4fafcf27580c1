"""Takes the libraries from npm again: `python -m tidegate.sandbox.libraries.renew`, in a clone, with Node.

Versions are changed in `versions.json` by hand; this writes the scripts, their hashes and LICENSES.txt. Uuid stays at
8, the last that is a script for browsers; sucrase is bundled by esbuild.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

HERE: Final = Path(__file__).parent
VERSIONS: Final = HERE / "versions.json"
LICENCES: Final = HERE / "LICENSES.txt"
ESBUILD: Final = "0.28.2"

_ENTRY: Final = """
export { transform } from "sucrase";
export { parse } from "sucrase/dist/esm/parser/index.js";
export { TokenType } from "sucrase/dist/esm/parser/tokenizer/types.js";
"""
_BUNDLE: Final = (
    "--bundle",
    "--minify",
    "--format=cjs",
    "--platform=neutral",
    "--main-fields=module,main",
    "--target=es2022",
    "--legal-comments=none",
    "--metafile=meta.json",
    "--outfile=sucrase.js",
)
_MAP: Final = re.compile(r"\n?//# sourceMappingURL=.*\s*$")


def renew() -> None:
    libraries = json.loads(VERSIONS.read_text())
    with TemporaryDirectory() as name:
        folder = Path(name)
        wanted = [f"{library}@{entry['version']}" for library, entry in libraries.items()]
        (folder / "package.json").write_text("{}")
        _run(folder, "npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", f"esbuild@{ESBUILD}", *wanted)
        (folder / "entry.mjs").write_text(_ENTRY)
        _run(folder, "npx", "esbuild", "entry.mjs", *_BUNDLE)
        for library, entry in libraries.items():
            path = folder / "node_modules" / library / entry["source"] if entry["source"] else folder / f"{library}.js"
            script = _MAP.sub("", path.read_text()).rstrip("\n") + "\n"
            (HERE / f"{library}.js").write_text(script)
            entry["sha256"] = sha256(script.encode()).hexdigest()
        bundled = re.findall(r'"node_modules/((?:@[^/"]+/)?[^/"]+)/', (folder / "meta.json").read_text())
        LICENCES.write_text("\n".join(_licences(folder / "node_modules", sorted({*libraries, *bundled}))))
    VERSIONS.write_text(json.dumps(libraries, indent=2) + "\n")


def _licences(modules: Path, names: Iterable[str]) -> Iterable[str]:
    yield "What this folder holds of other people's work, and under which terms.\n"
    for name in names:
        version = json.loads((modules / name / "package.json").read_text())["version"]
        for path in sorted((modules / name).glob("LICEN[CS]E*")):
            text = "\n".join(line.rstrip() for line in path.read_text().strip().splitlines())
            yield f"{'=' * 80}\n{name} {version} ({path.name})\n{'=' * 80}\n{text}\n"


def _run(folder: Path, *command: str) -> None:
    subprocess.run(command, cwd=folder, check=True)


if __name__ == "__main__":
    renew()
