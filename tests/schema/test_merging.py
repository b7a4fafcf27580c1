from __future__ import annotations

from random import Random

import pytest
from graphql import DocumentNode, parse, validate
from graphql.validation import OverlappingFieldsCanBeMergedRule
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.schema.api import Api
from tidegate.schema.merging import find_conflicts


def conflicting(random: Random) -> DocumentNode:
    """A document whose response names clash now and then; fragments spread only later ones."""

    def fields(type: str, level: int, fragment: int) -> str:
        chosen = []
        for _ in range(random.randint(1, 4)):
            roll = random.random()
            if roll < 0.2 and fragment < 3:
                chosen.append(f"...{type}{random.randint(fragment + 1, 3)}")
            elif roll < 0.3:
                chosen.append(f"... {{ {fields(type, level, fragment)} }}")
            else:
                chosen.append(field(type, level, fragment))
        return " ".join(chosen)

    def field(type: str, level: int, fragment: int) -> str:
        alias = random.choice(["", "", "a: ", "b: ", "id: "])
        if level > 1 or random.random() < 0.4:
            return alias + random.choice({"T": ["id", "title", "status"], "C": ["id", "text"]}[type])
        if type == "C":
            return f"{alias}ticket {{ {fields('T', level + 1, fragment)} }}"
        limit = random.choice(
            [
                "",
                "(limit: 1)",
                "(limit: 2)",
                "(limit: $v)",
                "(where: { ids: [1], from: null })",
                "(where: { from: null, ids: [1] })",
                "(limit: 1, offset: 2)",
                "(offset: 2, limit: 1)",
            ]
        )
        return f"{alias}comments{limit} {{ {fields('C', level + 1, fragment)} }}"

    parts = {"": f"query($v: Int) {{ tickets {{ {fields('T', 0, 0)} }} tickets {{ {fields('T', 0, 0)} }} }}"}
    for index in range(1, 4):
        parts[f"T{index}"] = f"fragment T{index} on Ticket {{ {fields('T', 1, index)} }}"
        parts[f"C{index}"] = f"fragment C{index} on Comment {{ {fields('C', 1, index)} }}"
    # Fragments that the operation does not reach are an error of another rule.
    reached, new = [""], [""]
    while new:
        new = [name for name in parts if name not in reached and any(f"...{name} " in parts[known] for known in new)]
        reached += new
    return parse("\n".join(parts[name] for name in reached))


@settings(max_examples=200, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_conflicts_are_found_where_graphql_core_finds_them(api: Api, seed: int) -> None:
    document = conflicting(Random(seed))
    expected = validate(api.graphql, document, [OverlappingFieldsCanBeMergedRule])
    found = find_conflicts(document, 20)
    assert bool(found) == bool(expected)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{ name name: count }", "Fields 'name' conflict because 'name' and 'count' are different fields."),
        ("{ a: ticket(id: 1) { id } a: ticket(id: 2) { id } }", "Fields 'a' conflict because they have differing"),
        ("{ ticket(id: 1) { a: id } ... { ticket(id: 1) { a: title } } }", "'id' and 'title' are different fields"),
    ],
)
def test_a_conflict_says_why_and_where(text: str, reason: str) -> None:
    (error,) = find_conflicts(parse(text), 20)
    assert reason in error.message
    assert len(error.locations or []) == 2


def test_conflicts_are_counted_up_to_the_limit() -> None:
    text = "{" + " ".join(f"a{index}: name a{index}: count" for index in range(50)) + "}"
    assert len(find_conflicts(parse(text), 20)) == 20
