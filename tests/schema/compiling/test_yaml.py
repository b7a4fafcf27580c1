"""YAML as projects are written in it: values by YAML 1.2, places exact."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tidegate.core.json import Json
from tidegate.core.location import Location
from tidegate.core.problems import Problems
from tidegate.schema.reading import read_yaml
from tidegate.schema.tree import ListNode, MapNode, Node, ScalarNode, as_json
from tidegate.schema.yaml_scalars import resolve_plain


def read(text: str) -> Node:
    problems = Problems()
    node = read_yaml(text, "f.yaml", problems)
    assert not problems.found
    assert node is not None
    return node


@pytest.mark.parametrize(
    "text", ["yes", "no", "on", "off", "y", "12:30", "0b1", "1_000", "2026-11-21", "=", "<", "0o8"]
)
def test_what_yaml_1_1_took_for_something_else_is_text(text: str) -> None:
    assert resolve_plain(text) == text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *(("", None), ("~", None), ("null", None), ("Null", None), ("NULL", None)),
        *(("true", True), ("True", True), ("FALSE", False)),
        *(("0", 0), ("-12", -12), ("+3", 3), ("012", 12), ("0o17", 15), ("0x1F", 31)),
        *(("1.5", 1.5), ("-.5", -0.5), ("1e3", 1000.0), ("1.", 1.0)),
    ],
)
def test_the_core_schema(text: str, value: Json) -> None:
    found = resolve_plain(text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("text", [".inf", "-.Inf", ".NaN", "1e999", "9" * 2000])
def test_numbers_that_json_cannot_say(text: str) -> None:
    with pytest.raises(ValueError, match=r"^"):
        resolve_plain(text)


@given(st.integers(-(10**30), 10**30))
def test_integers(number: int) -> None:
    assert resolve_plain(str(number)) == number


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats(number: float) -> None:
    assert resolve_plain(repr(number)) == number


@given(st.text())
def test_any_plain_text_is_a_value_or_refused(text: str) -> None:
    try:
        assert isinstance(resolve_plain(text), bool | int | float | str | None)
    except ValueError:
        assert any(character in "0123456789fFnN" for character in text)


keys = st.text("abcxyz_", min_size=1, max_size=8)
values: st.SearchStrategy[Json] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\u2028\u2029\ufeff\ufffe\uffff")),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(keys, values, min_size=1, max_size=4), st.booleans())
def test_what_json_says_yaml_says_too(value: dict[str, Json], unicode: bool) -> None:
    from json import dumps

    assert as_json(read(dumps(value, ensure_ascii=not unicode))) == value


def nodes(node: Node) -> list[Node]:
    match node:
        case MapNode(entries=entries):
            return [node, *(inner for entry in entries.values() for inner in nodes(entry))]
        case ListNode(items=items):
            return [node, *(inner for item in items for inner in nodes(item))]
    return [node]


@given(st.dictionaries(keys, values, min_size=1, max_size=4), st.booleans())
def test_every_scalar_stands_where_it_says(value: dict[str, Json], flow: bool) -> None:
    text = yaml.safe_dump(value, default_flow_style=flow, allow_unicode=True)
    problems = Problems()
    tree = read_yaml(text, "f.yaml", problems)
    if tree is None:
        return
    lines = text.split("\n")
    for node in nodes(tree):
        if isinstance(node, ScalarNode):
            rest = "\n".join([lines[node.at.line - 1][node.at.column - 1 :], *lines[node.at.line :]])
            assert rest.startswith(node.raw)


@given(st.text())
def test_any_text_is_a_tree_or_problems(text: str) -> None:
    problems = Problems()
    node = read_yaml(text, "f.yaml", problems)
    assert node is not None or problems.found
    for problem in problems.found:
        assert 1 <= problem.at.line <= text.count("\n") + 2


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("a: say {{x}}\n", 1, 8),
        ('a: "say {{x}}"\n', 1, 9),
        ("a: 'it''s {{x}}'\n", 1, 11),
        ('a: "\\n {{x}}"\n', 1, 8),
        ("a: |\n  one\n  two {{x}}\n", 3, 7),
        ("a: |\n\n  one\n\n  {{x}}\n", 5, 3),
        ("a: >\n  one\n  two {{x}}\n", 3, 7),
        ("a: one\n  two {{x}}\n", 2, 7),
        ("a: {{{{ {{x}}\n".replace("a: {", "a: .{"), 1, 10),
    ],
)
def test_the_place_inside_a_text(text: str, line: int, column: int) -> None:
    tree = read(text)
    assert isinstance(tree, MapNode)
    node = tree.entries["a"]
    assert isinstance(node, ScalarNode)
    assert isinstance(node.value, str)
    assert node.place(node.value.index("{{x}}")) == Location("f.yaml", line, column)
