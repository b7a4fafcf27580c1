"""The reference of `kind: http` is what there is, and its example a project in order."""

from __future__ import annotations

import re
from pathlib import Path

from tidegate.kinds import installed_kinds
from tidegate.resolvers.integrations.http.request import KEYS
from tidegate.schema.compile import compile_project

PAGE = (Path(__file__).parents[4] / "docs/reference/integrations-http.md").read_text()


def test_keys_of_requests() -> None:
    section = PAGE.split("## Requests\n", 1)[1].split("\n## ", 1)[0]
    assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == list(KEYS)


def test_the_example(tmp_path: Path) -> None:
    for name, text in re.findall(r"```(?:yaml|graphql)\n# (\S+)\n(.*?)```", PAGE, re.DOTALL):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        head = "name: x\nroles: [anonymous, support]\n" if name == "tidegate.yaml" else ""
        path.write_text(head + text)
    catalog = compile_project(tmp_path, installed_kinds(), {"CRM_TOKEN": "x"})
    assert list(catalog.operations) == ["customer", "customers", "addCustomer"]
