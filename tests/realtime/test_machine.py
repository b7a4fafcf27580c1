"""The machine against a small model: rows with all the values they ever had, and watchers with all that they got."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.realtime.world import encode, question, read_of, runnable, touch_of
from tidegate.core.change import Change
from tidegate.core.footprint import Read
from tidegate.core.live import Question, Result
from tidegate.realtime.machine import NEWCOMER, Ask, Effect, LiveQuery, Machine, Send, State, Wake

ROWS = (0, 1, 2)
ALL = 3
"""The question for every row."""
ERRORS = (b"!TIMEOUT", b"!FORBIDDEN")

ASKED = runnable()
QUESTIONS: list[Question] = [
    *(question(ASKED, row, read_of(row)) for row in ROWS),
    question(ASKED, ALL, Read("main", "t", frozenset({"n"}))),
]
KEYS = st.sampled_from([*ROWS, ALL])
WATCHERS = st.sampled_from("abcd")


@dataclass
class Watching:
    """`since` is the number of writes there had been."""

    since: int
    got: list[bytes] = field(default_factory=list)


@dataclass
class Asking:
    """`throttle` is the smallest of all watchers; `joined` says whether somebody came since `started`."""

    throttle: float
    started: float | None = None
    joined: bool = True


class Worlds(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.machine: Machine[str] = Machine()
        self.now = 1000.0
        self.history = [(0, 0, 0)]
        self.watching: dict[tuple[int, str], Watching] = {}
        self.asking: dict[int, Asking] = {}
        self.asks: deque[LiveQuery[str]] = deque()
        self.running: dict[int, tuple[LiveQuery[str], bytes]] = {}
        self.sends: deque[tuple[LiveQuery[str], str]] = deque()
        self.wakes: list[float] = []

    # What happens.

    @rule(key=KEYS, watcher=WATCHERS, throttle=st.sampled_from([0.0, 0.05, 1.0, 60.0]))
    def watch(self, key: int, watcher: str, throttle: float) -> None:
        if (key, watcher) not in self.watching:
            self.watching[key, watcher] = Watching(len(self.history) - 1)
            asking = self.asking.setdefault(key, Asking(throttle))
            asking.throttle = min(asking.throttle, throttle) if self.watched(key) > 1 else throttle
            asking.joined = True
        else:
            self.asking[key].throttle = min(self.asking[key].throttle, throttle)
        # An equal question, not the same.
        asked = Question(ASKED, ((key,),), QUESTIONS[key].reads, QUESTIONS[key].key)
        self.perform(self.machine.watch(asked, encode, throttle, watcher, self.now))

    @rule(key=KEYS, watcher=WATCHERS)
    def unwatch(self, key: int, watcher: str) -> None:
        self.watching.pop((key, watcher), None)
        self.machine.unwatch(QUESTIONS[key], watcher)
        self.forget(key)

    @rule(rows=st.sets(st.sampled_from(ROWS), min_size=1), number=st.integers(0, 2))
    def write(self, rows: set[int], number: int) -> None:
        """Often what was there before."""
        before = self.history[-1]
        self.history.append(tuple(number if row in rows else before[row] for row in ROWS))  # type: ignore[arg-type]
        self.publish(Change("write", (touch_of(*sorted(rows)),)))

    @rule()
    def rumour(self) -> None:
        """Anything may have changed, and nothing has."""
        self.publish(Change("outside: main", (), frozenset({"ticket"})))

    @precondition(lambda self: self.asks)
    @rule()
    def begin(self) -> None:
        query = self.asks.popleft()
        key = self.key_of(query)
        if not self.machine.begun(query, self.now):
            return
        assert key not in self.running, "asked twice at once"
        asking = self.asking[key]
        if asking.started is not None:
            least = min(asking.throttle, NEWCOMER) if asking.joined else asking.throttle
            assert self.now >= asking.started + least
        asking.started, asking.joined = self.now, False
        self.running[key] = (query, self.fresh(key))

    @precondition(lambda self: self.running)
    @rule(late=st.booleans(), error=st.sampled_from([None, None, None, *ERRORS]))
    def answer(self, late: bool, error: bytes | None) -> None:
        """With what was there when it was asked, or is now."""
        key = next(iter(self.running))
        query, early = self.running.pop(key)
        body = error or (self.fresh(key) if late else early)
        self.perform(self.machine.answered(query, Result(body, transient=body == ERRORS[0]), self.now))
        self.forget(key)

    @precondition(lambda self: self.sends)
    @rule()
    def deliver(self) -> None:
        query, watcher = self.sends.popleft()
        result = query.owed(watcher)
        if result is None:
            return
        key = self.key_of(query)
        watching = self.watching[key, watcher]
        assert [result.body] != watching.got[-1:], "two equal results in a row"
        if result.body not in ERRORS:
            true = [self.body(key, rows) for rows in self.history[watching.since :]]
            assert result.body in true, "older than the watcher"
        watching.got.append(result.body)

    @rule(seconds=st.sampled_from([0.01, 0.05, 0.25, 1.0, 40.0]))
    def wait(self, seconds: float) -> None:
        until = self.now + seconds
        while self.wakes and min(self.wakes) <= until:
            self.now = max(self.now, min(self.wakes))
            self.wakes = [at for at in self.wakes if at > self.now]
            self.perform(self.machine.due(self.now))
        self.now = until

    @rule()
    def settle(self) -> None:
        """Until nothing is left to do: then everybody has what a fresh answer says."""
        for _ in range(100):
            while self.asks or self.running or self.sends:
                if self.asks:
                    self.begin()
                if self.running:
                    self.answer(late=False, error=None)
                if self.sends:
                    self.deliver()
            if not self.wakes:
                break
            self.wait(min(self.wakes) - self.now)
        assert not self.wakes
        for query in self.machine.queries.values():
            key = self.key_of(query)
            bodies = {watching.got[-1] for (watched, _), watching in self.watching.items() if watched == key}
            # An error that does not pass by itself stays until something is written.
            assert bodies in ({self.fresh(key)}, {ERRORS[1]})
            assert query.state is State.IDLE
            assert not query.newcomers

    @invariant()
    def it_holds_what_is_watched(self) -> None:
        held = {self.key_of(query) for query in self.machine.queries.values()}
        assert held == {key for key, _ in self.watching} | set(self.running)
        assert self.machine.watchers == len(self.watching)

    def teardown(self) -> None:
        self.settle()

    # What the model knows.

    def perform(self, effects: list[Effect[str]]) -> None:
        for effect in effects:
            match effect:
                case Ask(query):
                    self.asks.append(query)
                case Send(query, watchers):
                    self.sends.extend((query, watcher) for watcher in watchers)
                case Wake(at):
                    self.wakes.append(at)

    def publish(self, change: Change) -> None:
        self.perform(self.machine.touched(self.machine.index.find(change), self.now))

    def forget(self, key: int) -> None:
        if not self.watched(key) and key not in self.running:
            self.asking.pop(key, None)

    def watched(self, key: int) -> int:
        return sum(watched == key for watched, _ in self.watching)

    def fresh(self, key: int) -> bytes:
        return self.body(key, self.history[-1])

    def body(self, key: int, rows: tuple[int, ...]) -> bytes:
        return repr(rows if key == ALL else rows[key]).encode()

    def key_of(self, query: LiveQuery[str]) -> int:
        return QUESTIONS.index(next(asked for asked in QUESTIONS if asked.key == query.question.key))


def test_there_and_back_again_is_nothing_new() -> None:
    """Two results that come before the first of them was delivered, the second like what was there."""
    machine: Machine[str] = Machine()
    (effect,) = machine.watch(QUESTIONS[0], encode, 0.0, "a", 0.0)
    assert isinstance(effect, Ask)
    owed: list[Result | None] = []
    for body in (b"0", b"1", b"0"):
        machine.touched([effect.query], 0.0)
        machine.begun(effect.query, 0.0)
        machine.answered(effect.query, Result(body), 0.0)
        if not owed:
            owed.append(effect.query.owed("a"))
    assert [result and result.body for result in (*owed, effect.query.owed("a"))] == [b"0", None]


def polled(seconds: float) -> Question:
    asked = QUESTIONS[0]
    return Question(asked.runnable, asked.values, (replace(read_of(0), poll=seconds),), "polled")


def ask_of(effects: list[Effect[str]]) -> LiveQuery[str]:
    return next(effect.query for effect in effects if isinstance(effect, Ask))


def test_what_nobody_tells_of_is_asked_again_while_somebody_watches() -> None:
    machine: Machine[str] = Machine()
    query = ask_of(machine.watch(polled(30.0), encode, 0.0, "a", 0.0))
    machine.watch(polled(30.0), encode, 0.0, "b", 0.0)
    for turn in range(3):
        now = 31.0 * turn
        assert machine.begun(query, now)
        assert Wake(now + 31.0) in machine.answered(query, Result(b"0"), now + 1.0)
        assert machine.due(now + 30.9) == [Wake(now + 31.0)]
        assert ask_of(machine.due(now + 31.0)) is query


def test_a_touch_comes_before_the_poll_and_begins_it_anew() -> None:
    machine: Machine[str] = Machine()
    query = ask_of(machine.watch(polled(30.0), encode, 0.0, "a", 0.0))
    machine.begun(query, 0.0)
    machine.answered(query, Result(b"0"), 0.0)
    assert ask_of(machine.touched([query], 10.0)) is query
    machine.begun(query, 10.0)
    assert Wake(40.0) in machine.answered(query, Result(b"1"), 10.0)
    assert machine.due(30.0) == [Wake(40.0)]
    assert ask_of(machine.due(40.0)) is query


def test_nobody_polls_for_those_who_have_left() -> None:
    machine: Machine[str] = Machine()
    query = ask_of(machine.watch(polled(30.0), encode, 0.0, "a", 0.0))
    machine.begun(query, 0.0)
    machine.answered(query, Result(b"0"), 0.0)
    machine.unwatch(polled(30.0), "a")
    assert machine.due(1000.0) == []


TestMachine = Worlds.TestCase
TestMachine.settings = settings(max_examples=200, stateful_step_count=60, deadline=None)
