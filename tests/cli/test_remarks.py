"""Functions that refuse whoever they are for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.schema.functions.world import compiled, project
from tidegate.cli.remarks import remarks

CALL = "{ call: setPriority, with: { id: $args.id, priority: URGENT } }"
HEAD = "f:\n  kind: mutation\n  minRole: customer\n  args: { id: ID! }\n  returns: JSON\n  steps:\n    - wait: 1s\n"
CERTAIN = {
    CALL: 7,
    f"{{ transaction: db, do: [{CALL}] }}": 31,
    f"{{ try: [{CALL}], catch: [{{ value: 1 }}] }}": 15,
    f"{{ parallel: [{{ value: 1 }}, {CALL}] }}": 34,
    f"{{ each: [1], do: [{CALL}] }}": 25,
}
NOT_CERTAIN = (
    f"{{ if: $args.id, then: [{CALL}] }}",
    f"{{ try: [{{ value: 1 }}], catch: [{CALL}] }}",
    f"{{ if: {{ $currentUser.role: customer }}, then: [{{ return: 1 }}] }}\n    - {CALL}",
    f"{{ if: {{ $currentUser.role: customer }}, then: [{{ refuse: No. }}] }}\n    - {CALL}",
    "{ call: me }",
)


@pytest.mark.parametrize("step", [*CERTAIN, *NOT_CERTAIN])
def test_a_call_that_needs_a_higher_role(tmp_path: Path, step: str) -> None:
    catalog = compiled(project(tmp_path), {"operations/f.yaml": f"{HEAD}    - {step}\n"})
    found = list(remarks(catalog))
    if step not in CERTAIN:
        assert found == []
        return
    told = (
        f'operations/f.yaml:8:{CERTAIN[step]}: f is for the role "customer", and calls setPriority, which needs '
        '"support": lower ones are always refused. Raise minRole, or call it in an if.'
    )
    assert found == [told]
