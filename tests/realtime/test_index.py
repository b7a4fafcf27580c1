"""The index comes to what `judge` says of each read and touch, and looks at few of them."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.core.change import Change
from tidegate.core.footprint import Key, Read, Touch, Verdict, judge
from tidegate.realtime.index import Index


@dataclass(eq=False)
class Query:
    name: str
    reads: tuple[Read, ...]


@dataclass(eq=False)
class Shy(Query):
    """Notes each time that somebody looks at what it reads."""

    looked_at: list[Query] = field(default_factory=list)

    def __getattribute__(self, name: str) -> object:
        if name == "reads":
            super().__getattribute__("looked_at").append(self)
        return super().__getattribute__(name)


# True and 1 are equal, to `judge` as to a dict.
VALUES: st.SearchStrategy[Hashable] = st.sampled_from([None, 0, 1, True, 2, "a", "b"])
KEPT: st.SearchStrategy[Hashable] = st.sampled_from([0, 1, True, 2, "a", "b"])
SOURCES = st.sampled_from(["main", "other"])
TABLES = st.sampled_from([None, "t", "t", "u"])
COLUMNS = st.sampled_from(["a", "b", "c"])
SOME_COLUMNS = st.none() | st.frozensets(COLUMNS, max_size=2)
KEYS = st.lists(st.builds(Key, COLUMNS, st.frozensets(KEPT, max_size=3)), max_size=3).map(tuple)
IMAGES = st.none() | st.lists(st.dictionaries(COLUMNS, VALUES, max_size=3), max_size=3).map(tuple)
READS = st.builds(Read, SOURCES, TABLES, SOME_COLUMNS, KEYS)
TOUCHES = st.builds(Touch, SOURCES, TABLES, SOME_COLUMNS, IMAGES)
NAMES = st.sampled_from(["one", "two", "three"])
QUERIES = st.builds(Query, NAMES, st.lists(READS, max_size=3).map(tuple))
CHANGES = st.builds(Change, st.just("test"), st.lists(TOUCHES, max_size=3).map(tuple), st.frozensets(NAMES, max_size=1))


def concerned(query: Query, change: Change) -> bool:
    if query.name in change.queries:
        return True
    return any(judge(read, touch) is Verdict.CONCERNED for read in query.reads for touch in change.touches)


@settings(max_examples=200, deadline=None)
@given(st.lists(QUERIES, max_size=12), st.lists(st.integers(0, 11)), st.lists(CHANGES, min_size=1, max_size=4))
def test_it_agrees_with_judge(queries: list[Query], removed: list[int], changes: list[Change]) -> None:
    index: Index[Query] = Index()
    held: dict[Query, None] = {}
    for query in queries:
        index.add(query)
        held[query] = None
    for place in removed:
        if place < len(queries):
            index.remove(queries[place])
            held.pop(queries[place], None)
    for change in changes:
        found = index.find(change)
        assert set(found) == {query for query in held if concerned(query, change)}
        for query, reason in found.items():
            if isinstance(reason, str):
                assert reason in change.queries
            else:
                read, touch = reason
                assert read in query.reads
                assert touch in change.touches
                assert judge(read, touch) is Verdict.CONCERNED


@settings(max_examples=100, deadline=None)
@given(st.lists(QUERIES, max_size=12), st.randoms(use_true_random=False))
def test_nothing_stays_of_what_was_removed(queries: list[Query], random: object) -> None:
    index: Index[Query] = Index()
    for query in queries:
        index.add(query)
    for query in reversed(queries):
        index.remove(query)
        index.remove(query)
    assert vars(index) == vars(Index())


def test_a_keyed_touch_looks_at_what_it_wakes() -> None:
    """The key that tells most apart is the one they are filed under, wherever it stands."""
    index: Index[Query] = Index()
    looked_at: list[Query] = []
    status = Key("status", frozenset({"open"}))
    for number in range(10_000):
        keys = (status, Key("id", frozenset({number})))
        index.add(Shy("row", (Read("main", "t", None, keys),), looked_at))
    looked_at.clear()
    found = index.find(Change("test", (Touch("main", "t", None, ({"id": 77, "status": "open"},)),)))
    assert len(found) == 1
    # The first of all was filed before anything was known.
    assert len(looked_at) <= 2
