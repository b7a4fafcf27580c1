"""Documents made to be expensive. What is checked is the work, in calls of Python functions, not the time."""

from __future__ import annotations

from cProfile import Profile

import pytest

from tidegate.schema.api import Api
from tidegate.schema.document import compile_document
from tidegate.schema.request_errors import DocumentError, ErrorEntry


def many(count: int, text: str) -> str:
    return " ".join(text.format(i=index, next=index + 1) for index in range(count))


HOSTILE = {
    "10,000 fragments": "{count} " + many(10_000, "fragment f{i} on Query{{count}}"),
    "unused fragments": "{count} " + many(560, "fragment f{i} on Query{{count}}"),
    "10,000 operations": many(10_000, "query q{i}{{count}}"),
    "operations": many(790, "query q{i}{{count}}"),
    "10,000 variables": f"query({many(10_000, '$v{i}:Int')}){{count}}",
    "variables": f"query({many(990, '$v{i}:Int')}){{count}}",
    "variables used": f"query({many(600, '$v{i}:Int')}){{count(data:[{many(600, '$v{i}')}])}}",
    "variables undefined": f"{{count(data:[{many(1900, '$v{i}')}])}}",
    "operations and undefined variables": many(250, "query q{i}{{...f}}")
    + " fragment f on Query{count(data:["
    + "$a " * 1100
    + "])}",
    "operations times fragments": many(400, "query q{i}{{...f}}")
    + " fragment f on Query{"
    + many(18, "...g{i}")
    + "}"
    + many(18, "fragment g{i} on Query{{count}} "),
    "a chain of fragments": many(300, "query q{i}{{...f0}}")
    + many(90, " fragment f{i} on Query{{...f{next}}}")
    + " fragment f90 on Query{count}",
    "a long chain of fragments": "{...f0}" + many(400, "fragment f{i} on Query{{...f{next}}}"),
    "operations times fields": many(300, "query q{i}{{...f}}") + " fragment f on Query{tickets{" + "id " * 900 + "}}",
    "one name": "{tickets{" + "id " * 990 + "}}",
    "one name with arguments": "{tickets{" + "comments(limit:1){id} " * 180 + "}}",
    "one name, different arguments": "{tickets{" + many(180, "comments(limit:{i}){{id}}") + "}}",
    "one name, long arguments": "{" + "count(data:[" + "1 " * 3000 + "]) " + "count " * 18 + "}",
    "doubling": "{tickets{...f0}}"
    + many(40, "fragment f{i} on Ticket{{parent{{...f{next} ...f{next}}}}}")
    + "fragment f40 on Ticket{id}",
    "doubling without depth": "{tickets{...f0}}"
    + many(90, "fragment f{i} on Ticket{{...f{next} ...f{next}}}")
    + "fragment f90 on Ticket{id}",
    "doubling nothing": "{tickets{id ...f0}}"
    + many(90, "fragment f{i} on Ticket{{...f{next} ...f{next}}}")
    + "fragment f90 on Ticket{...f0}",
    "a fragment in itself": "{tickets{...f}} fragment f on Ticket{comments{ticket{...f ...f}}}",
    "fragments in each other": "{tickets{...f0}}"
    + "".join(f" fragment f{index} on Ticket{{{many(40, '...f{i}')}}}" for index in range(40)),
    "a ring of fragments": "{tickets{...f0}}"
    + "".join(f" fragment f{index} on Ticket{{...f{(index + 1) % 90}}}" for index in range(90)),
    "all fragments forward": "{tickets{...f0}}"
    + "".join(
        f" fragment f{index} on Ticket{{id {' '.join(f'...f{later}' for later in range(index + 1, 50))}}}"
        for index in range(50)
    ),
    "nested fields": "{" + "ticket(id:1){" * 190 + "id" + "}" * 191,
    "nested inline fragments": "{" + "...{" * 190 + "count" + "}" * 191,
    "half a million braces": "{a" * 500_000,
    "half a million brackets": "{count(data:" + "[" * 500_000,
    "nested lists": "{count(data:" + "[" * 190 + "]" * 190 + ")}",
    "nested objects": "{tickets(where:" + "{and:" * 190 + "null" + "}" * 190 + "){id}}",
    "nested types": "query($a:" + "[" * 190 + "Int" + "]" * 190 + "){count}",
    "a wide filter": "{tickets(where:{and:[" + "{ids:[1]}" * 550 + "]}){id}}",
    "directives": "{count " + "@skip(if:true) " * 500 + "}",
    "unknown directives": "{count " + "@x " * 1900 + "}",
    "aliases": "{" + many(1300, "a{i}:count") + "}",
    "unknown fields": "{tickets{" + many(980, "x{i}") + "}}",
    "unknown arguments": "{count(" + many(1300, "x{i}:1") + ")}",
    "one argument again and again": "{count(" + "data:1 " * 1300 + ")}",
    "one input field again and again": "{tickets(where:{" + 'from:"a" ' * 1300 + "}){id}}",
    "unknown types": "{" + many(18, "...on T{i}{{id}}") + "}",
    "type definitions": "type A{a:Int} " * 500,
    "introspection in width": "{__schema{" + many(90, "t{i}:types{{name fields{{name}}}}") + "}}",
    "introspection in depth": "{__schema{types{fields{type{fields{type{fields{name}}}}}}}}",
    "a long name": "{" + "a" * 1_000_000 + "}",
    "a long string": '{count(data:"' + "x" * 1_000_000 + '")}',
    "a long number": "{count(data:" + "9" * 1_000_000 + ")}",
    "a long block string": '{count(data:"""' + "x\n" * 500_000 + '""")}',
    "escapes": '{count(data:"' + "\\u0041" * 160_000 + '")}',
    "comments": "#\n" * 500_000 + "{count}",
    "spaces": " " * 1_000_000 + "{count}",
    "too long": " " * 2_000_000 + "{count}",
}

MOST_CALLS = 1_500_000
"""Of Python functions, for one document: about a tenth of a second without a profiler."""


@pytest.mark.parametrize("name", HOSTILE)
def test_work_is_bounded(api: Api, name: str) -> None:
    errors: tuple[ErrorEntry, ...] = ()
    with Profile(builtins=False, subcalls=False) as profile:
        try:
            compile_document(api, HOSTILE[name], None)
        except DocumentError as error:
            errors = error.errors
    calls = sum(entry.callcount for entry in profile.getstats())
    assert calls < MOST_CALLS
    assert len(errors) <= 20
    assert {str(entry["extensions"]) for entry in errors} <= {
        str({"code": code}) for code in ("LIMIT", "BAD_USER_INPUT", "GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED")
    }
