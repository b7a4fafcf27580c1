"""Which names are known where: blocks of any shape, held against a model of the rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.schema.functions.world import function, problems, project
from tidegate.core.json import Json

NAMES = ("a", "b", "c", "d")


@dataclass
class Model:
    """Says of every step what it names, and keeps whether that is known."""

    wrong: list[str] = field(default_factory=list)

    def block(self, steps: Sequence[Json], known: set[str]) -> None:
        for step in steps:
            assert isinstance(step, dict)
            given = self.step(step, known)
            known |= given
            if "as" in step:
                known.add(str(step["as"]))

    def step(self, step: dict[str, Json], known: set[str]) -> set[str]:
        """The names that it adds."""
        match step:
            case {"value": str(reference)}:
                if reference[1:] not in known:
                    self.wrong.append(reference[1:])
            case {"if": _, "then": list(then), "else": list(otherwise)}:
                return self.inner(then, known) | self.inner(otherwise, known)
            case {"each": _, "do": list(do)}:
                self.inner(do, known | {"value", "index"})
            case {"try": list(tried), "catch": list(catch), "finally": list(last)}:
                given = self.inner(tried, known)
                given |= self.inner(catch, known | given | {"error"}) - {"error"}
                return given | self.inner(last, known | given)
            case {"transaction": _, "do": list(do)}:
                return self.inner(do, known)
        return set()

    def inner(self, steps: Sequence[Json], known: set[str]) -> set[str]:
        within = set(known)
        self.block(steps, within)
        return within - known


references = st.sampled_from([f"${name}" for name in (*NAMES, "value", "index", "error")])
named = st.fixed_dictionaries({"value": references}, optional={"as": st.sampled_from(NAMES)})


def holding(steps: st.SearchStrategy[list[Json]]) -> st.SearchStrategy[dict[str, Json]]:
    kinds: list[dict[str, st.SearchStrategy[Json]]] = [
        {"if": st.just("$currentUser.id"), "then": steps, "else": steps},
        {"each": st.just([1, 2]), "do": steps},
        {"try": steps, "catch": steps, "finally": steps},
        {"transaction": st.just("db"), "do": steps},
    ]
    return st.one_of([st.fixed_dictionaries(kind, optional={"as": st.sampled_from(NAMES)}) for kind in kinds])


def several(step: st.SearchStrategy[Json]) -> st.SearchStrategy[list[Json]]:
    return st.lists(step, min_size=1, max_size=4)


blocks = several(st.recursive(named, lambda inner: holding(several(inner)), max_leaves=8))


def written(steps: Json) -> str:
    """In YAML's flow style, which is JSON here."""
    match steps:
        case dict():
            return "{ " + ", ".join(f"{name}: {written(value)}" for name, value in steps.items()) + " }"
        case list():
            return "[" + ", ".join(map(written, steps)) + "]"
        case _:
            return str(steps)


@settings(max_examples=30, deadline=None)
@given(blocks)
def test_names_are_known_where_the_rules_say_so(steps: list[Json]) -> None:
    model = Model()
    model.block(steps, set())
    with TemporaryDirectory() as folder:
        told = problems(project(Path(folder)), "".join(f"    - {written(step)}\n" for step in steps))
    about = sorted(sentence.split('"')[1] for sentence in told)
    assert about == sorted(model.wrong), function(written(steps))
