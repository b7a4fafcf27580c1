"""The keys of a step, and what each means: in the editor, in the reference, and for the reader of steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

WORKS: Final[Mapping[str, tuple[str, ...]]] = {
    "use": ("missing",),
    "js": ("with",),
    "python": ("with", "runtime"),
    "call": ("with", "missing"),
    "if": ("then", "elif", "else"),
    "each": ("do", "mode", "size", "delay"),
    "filter": ("if", "do"),
    "join": ("fields",),
    "parallel": (),
    "try": ("catch", "finally"),
    "transaction": ("do",),
    "emitUsers": ("users", "data"),
    "emitRole": ("role", "data"),
    "emitAll": ("data",),
    "value": (),
    "return": (),
    "respond": (),
    "refuse": (),
    "wait": (),
}
"""The keys that say what a step does, and what may stand beside each; beside any, those of
`step_settings.COMMON`. `use` has its verb too."""

MEANINGS: Final[Mapping[str, str]] = {
    "use": (
        "asks: the row or null, the rows, how many; of `delete`, whether there was one; of an `aggregate` with "
        "groups a list, without one row; of `sql`, the rows with every column by its name, or how many were "
        "written"
    ),
    "js": "runs a file of JavaScript or TypeScript: what `run(input, context)` returns; `input` is what `with` says",
    "python": "runs a file of Python; the same",
    "call": "another operation, as the same user: its result; of objects, every field that is not an object",
    "if": "the steps of the first condition that holds: what the last of them gave, null where none holds",
    "each": (
        "the steps once for each item of a list, which is `$value`, with its `$index`: a list of what they gave, "
        "in the order of the items"
    ),
    "filter": "the items for which the condition holds, or for which the steps give something true",
    "join": "rows, or one: each with what other queries give for it, as fields of its own",
    "parallel": (
        "a list of which each item is a step or a list of steps, all at the same time: a list of what each gave"
    ),
    "try": (
        "the steps; where one fails, those of `catch`, with `$error`; in any case those of `finally`, which give "
        "nothing"
    ),
    "transaction": "the name of an integration: what the steps write there is committed together, or not at all",
    "emitUsers": "an event, by its name, for a user or a list of users; gives null",
    "emitRole": "the same, for everybody of a role",
    "emitAll": "the same, for everybody",
    "value": "any JSON, with references in it",
    "return": "ends the function; this is the answer. `return: null` answers null",
    "respond": "answers now, and goes on. Its `timeout` is what all that follows may take",
    "refuse": "ends the function with REFUSED and this text for the client. No `try` and no `onError` catches it",
    "wait": "a duration to wait; gives null",
}
"""What a step with this key does, and gives."""

BESIDE: Final[Mapping[str, str]] = {
    "missing": "the text of the NOT_FOUND that ends the function where there is nothing; it may have holes",
    "with": "what it is given: a mapping of names to values with references in them",
    "runtime": "what runs the Python: `monty` (the default) or `cpython`",
    "then": "the steps that are done where the condition holds",
    "elif": "a list of further conditions, each with its own `then`; the first that holds counts",
    "else": "the steps that are done where no condition holds",
    "do": "the steps: of `each` and `filter` for every item, of `transaction` all within it",
    "mode": "`sequential` (the default), `parallel` or `batch`",
    "size": "how many items at the same time, or in a batch. Default: `limits.parallel`, and never more",
    "delay": "the time between two items, or between two batches. Default: none",
    "if": "of `filter`: the condition that an item has to meet, instead of `do`",
    "fields": "a mapping of new fields to the queries that give them",
    "catch": "the steps that are done where one failed; they know `$error`",
    "finally": "the steps that are done in any case; they give nothing",
    "users": "whom: a value of the field that `events: user` names, or a list of them",
    "role": "whom: everybody whose role is exactly this one",
    "data": "what they are told: any JSON. Default: null",
}
"""What stands beside those keys."""
