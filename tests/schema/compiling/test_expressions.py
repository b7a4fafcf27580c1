"""References, holes and literals."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.core.expressions import Expression, Items, Literal, Record, Reference, Text
from tidegate.core.location import Location
from tidegate.core.problems import Problems
from tidegate.core.types import Argument, InputType, Named, NonNull
from tidegate.schema.expressions import build_expression
from tidegate.schema.reading import read_yaml
from tidegate.schema.scope import ROOTS, Scope
from tidegate.schema.tree import MapNode, ScalarNode

AT = Location("types.graphql")
SCOPE = Scope(
    arguments={
        "q": Argument("q", Named("String"), AT),
        "data": Argument("data", Named("JSON"), AT),
        "draft": Argument("draft", NonNull(Named("Draft")), AT),
    },
    current_user=frozenset({"id", "email"}),
    properties=frozenset({"level"}),
    config={"hours": 24, "words": {"greeting": "Hello"}, "list": ["a", "b"]},
    types={"Draft": InputType("Draft", {"title": Argument("title", Named("String"), AT)}, AT)},
)


def build(text: str, scope: Scope = SCOPE) -> tuple[Expression, list[str]]:
    problems = Problems()
    tree = read_yaml(f"v: {text}\n", "f.yaml", problems)
    assert isinstance(tree, MapNode), problems.found
    built = build_expression(tree.entries["v"], scope, problems)
    return built, [f"{problem.at.column}: {problem.sentence}" for problem in problems.found]


def at(column: int) -> Location:
    return Location("f.yaml", 1, column)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", Literal("plain", at(4))),
        ("5", Literal(5, at(4))),
        ("null", Literal(None, at(4))),
        ("$args.q", Reference("args", ("q",), at(4))),
        ('"$args.q"', Reference("args", ("q",), at(5))),
        ("$args.draft.title", Reference("args", ("draft", "title"), at(4))),
        ("$args.data.anything.below", Reference("args", ("data", "anything", "below"), at(4))),
        ("$currentUser.email", Reference("currentUser", ("email",), at(4))),
        ("$currentUser.properties.level", Reference("currentUser", ("properties", "level"), at(4))),
        ("$config.hours", Literal(24, at(4))),
        ("$config.words.greeting", Literal("Hello", at(4))),
        ("$config.list", Items((Literal("a", at(4)), Literal("b", at(4))), at(4))),
        ("$$args.q", Literal("$args.q", at(4))),
        ("$$5", Literal("$5", at(4))),
        ("costs $5", Literal("costs $5", at(4))),
        ("say {{ args.q }}!", Text(("say ", Reference("args", ("q",), at(11)), "!"), at(4))),
        ("'{{args.q}}'", Text((Reference("args", ("q",), at(7)),), at(4))),
        ("a {{{{ b }}", Literal("a {{ b }}", at(4))),
        ("{ a: $args.q }", Record({"a": Reference("args", ("q",), at(9))}, {"a": at(6)}, at(4))),
        ("[1, $args.q]", Items((Literal(1, at(5)), Reference("args", ("q",), at(8))), at(4))),
    ],
)
def test_expressions(text: str, expected: Expression) -> None:
    assert build(text) == (expected, [])


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("$args", '5: "args" alone is not a value.'),
        ("$args.", '9: "args." is not a reference.'),
        ("$args.q.", '11: "args.q." is not a reference.'),
        ("$args.x", '10: There is no argument "x".'),
        ("$args.q.x", '12: String has no field "x".'),
        ("$args.draft.x", '16: Draft has no field "x".'),
        ("$5", '4: "$5" is not a reference.'),
        ("$", '4: "$" is not a reference.'),
        ("$arg.q", '5: "arg" is nothing that a reference can begin with.'),
        ("$variables.q", '5: "variables" is nothing that a reference can begin with.'),
        ("$row.id", '5: "row" is not available here.'),
        ("$currentUser.email.lower()", "23: currentUser cannot be used like this: currentUser.email.lower()."),
        ("""'$currentUser["a"]'""", '17: currentUser cannot be used like this: currentUser["a"].'),
        ("$currentUser.emial", '17: currentUser has no field "emial".'),
        ("$currentUser.email.x", "23: currentUser cannot be used like this: currentUser.email.x."),
        ("$currentUser.properties", "17: One name follows currentUser.properties."),
        ("$currentUser.properties.x", '28: currentUser.properties has no field "x".'),
        ("$currentUser.properties.level.x", "34: One name follows currentUser.properties."),
        ("$config.minutes", '12: There is no "minutes" in config.'),
        ("$args.q || 'x'", "12: References and holes have no operators."),
        ("$args.q.upper()", "17: A reference has no calls: names and dots only."),
        ("$args.q[0]", "11: A reference has no brackets: names and dots only."),
        ("x {{ args.q | upper }}", "16: References and holes have no operators."),
        ("x {{ }}", "8: This hole is empty."),
        ("x {{ args.q", "6: This hole is not closed."),
        ("x {{ $args.q }}", "9: Inside a hole there is no $."),
        ("x {{ 1 + 1 }}", '9: "1 + 1" is not a reference.'),
        ("x $args.q", "6: A $reference is a value of its own; inside a text it is a hole."),
        (
            '"${SECRET}"',
            "5: ${SECRET} cannot be read here: the environment is for integrations and auth only.",
        ),
    ],
)
def test_mistakes(text: str, problem: str) -> None:
    assert build(text)[1] == [problem]


NAMES = st.text("abcdefghijklmnopqrstuvwxyzABC_0123456789", min_size=1, max_size=10)


@given(st.sampled_from(ROOTS), st.lists(NAMES, max_size=4))
def test_a_reference_names_something_or_is_a_problem(root: str, path: list[str]) -> None:
    problems = Problems()
    text = "$" + ".".join((root, *path))
    built = build_expression(ScalarNode(text, at(4), text), SCOPE, problems)
    if not problems.found:
        assert isinstance(built, Reference | Literal | Items | Record)
        assert root in SCOPE.roots
    else:
        assert len(problems.found) == 1
        assert 4 <= problems.found[0].at.column <= 4 + len(text)


@given(st.text(max_size=40))
def test_any_text_is_an_expression_or_a_problem(text: str) -> None:
    problems = Problems()
    built = build_expression(ScalarNode(text, at(4), text), SCOPE, problems)
    if not problems.found and not text.startswith("$") and "{{" not in text:
        assert built == Literal(text, at(4))


@given(st.text("ab$ ", max_size=10), st.text("ab} ", max_size=10))
def test_escapes_say_what_they_stand_for(before: str, after: str) -> None:
    problems = Problems()
    text = f"$${before}{{{{{{{{{after}"
    built = build_expression(ScalarNode(text, at(4), text), SCOPE, problems)
    assert built == Literal(f"${before}{{{{{after}", at(4))
    assert not problems.found
