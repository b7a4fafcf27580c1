from io import StringIO

import pytest
from dotenv import dotenv_values
from graphql import FieldDefinitionNode, ObjectTypeDefinitionNode, parse
from hypothesis import given
from hypothesis import strategies as st

from tidegate.core.problems import Problems
from tidegate.scaffold.insertion import NoSuchType, add_definition, add_to_type
from tidegate.scaffold.project import environment_text
from tidegate.scaffold.text import Yaml, description, flow
from tidegate.schema.reading import read_yaml
from tidegate.schema.tree import as_json

PRINTABLE = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Zl", "Zp"]))
VALUES = st.recursive(
    PRINTABLE,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(PRINTABLE, inner, max_size=4),
    max_leaves=8,
)


@given(VALUES)
def test_what_is_written_as_yaml_is_read_back(value: Yaml) -> None:
    problems = Problems()
    node = read_yaml(f"it: {flow(value)}\n", "x.yaml", problems)
    assert not problems.found
    assert node is not None
    assert as_json(node) == {"it": value}


@pytest.mark.parametrize(
    "word", ["null", "true", "No", "on", "~", "12", "1e3", "", " a", "a: b", "#a", "[a", "PG-13", "$args.id"]
)
def test_words_that_yaml_could_take_for_something_else(word: str) -> None:
    node = read_yaml(f"{{ {flow(word)}: {flow(word)} }}\n", "x.yaml", Problems())
    assert node is not None
    assert as_json(node) == {word: word}


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cs"])))
def test_any_comment_can_be_a_description(comment: str) -> None:
    (made,) = parse(f"type T {{\n{description(comment, 2)}  id: ID\n}}").definitions
    assert isinstance(made, ObjectTypeDefinitionNode)
    (field,) = made.fields or ()
    assert isinstance(field, FieldDefinitionNode)
    assert (field.description is None) == (not description(comment))


def test_descriptions() -> None:
    assert description("Where people live.") == '"""Where people live."""\n'
    assert description('The "best"', 2) == '  """\n  The "best"\n  """\n'
    assert description('One """ two\nthree ') == '"""\nOne \\""" two\nthree\n"""\n'
    assert description(" \x00 ") == ""


@given(st.dictionaries(st.sampled_from(["A", "B", "DATABASE_URL"]), PRINTABLE))
def test_environment_files_are_read_back(values: dict[str, str]) -> None:
    assert dotenv_values(stream=StringIO(environment_text(values)), interpolate=False) == values


WRITTEN = '''# type Film { no }
"""type Film { nor this }"""
type Movie { id: ID! }   # one line

"A } brace"
type Film {
  """How { it } is called"""
  title: String!  # keep me

}

enum Mood { sad }
'''


def test_lines_are_added_where_the_type_ends_and_nothing_else_changes() -> None:
    changed = add_to_type(WRITTEN, "Film", "  length: Int\n")
    assert changed == WRITTEN.replace("keep me\n\n}", "keep me\n  length: Int\n}")
    assert "type Movie { id: ID!\n  name: String\n}" in add_to_type(WRITTEN, "Movie", "  name: String\n")
    assert "enum Mood { sad\n  happy\n}" in add_to_type(WRITTEN, "Mood", "  happy\n")
    parse(add_to_type(changed, "Mood", "  happy\n"))


def test_a_type_that_is_not_there() -> None:
    with pytest.raises(NoSuchType):
        add_to_type(WRITTEN, "Actor", "  id: ID\n")


def test_definitions_go_to_the_end() -> None:
    assert add_definition("", "type A { id: ID }\n") == "type A { id: ID }\n"
    assert add_definition("type A { id: ID }\n\n", "enum B { c }\n") == "type A { id: ID }\n\nenum B { c }\n"
