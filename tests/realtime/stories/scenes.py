"""Stories, and the scenes they are made of: steps that belong together, and that chance would seldom bring together."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import Any

from hypothesis import strategies as st

from tests.realtime.stories.desk import CONDITIONS, Either, Project
from tests.realtime.stories.drawing import (
    LARGE,
    STATUSES,
    TITLES,
    bursts,
    emails,
    ids,
    outside,
    questions,
    seats,
    selections,
    statuses,
    teams,
    writes,
)
from tests.realtime.stories.oracle import Question
from tests.realtime.stories.steps import (
    Act,
    Drop,
    Expire,
    Hold,
    Pause,
    Reload,
    Renew,
    Resume,
    Settle,
    Step,
    Stop,
    Story,
    Subscribe,
    Unsubscribe,
    Write,
)

Scene = tuple[Step, ...]
EQUALS = ((0, 3), (1, 4), (2, 3), (1, 2), (0, 4), (1, 3))
"""Seats of two customers, whose names and teams are all that differs."""
SOCKETS = (1, 3, 5)
PLAIN = {"id": None, "title": None, "status": None, "email": None}

_subscribe = st.builds(Subscribe, seats, questions())


_SHARED = (
    *("mine", "people", "found", "me", "page", "sqlMine", "byAssignee", "tally", "said"),
    *("fnMine", "fnTalks", "fnWho"),
)


@st.composite
def _shared(draw: st.DrawFn) -> Question:
    """What customers may ask, and what has no argument that tells them apart."""
    name = draw(st.sampled_from(_SHARED))
    match name:
        case "fnMine" | "fnTalks" | "fnWho":
            return Question(name, {}, {})
        case "sqlMine":
            return Question(name, {"status": draw(statuses)}, {})
        case "byAssignee" | "tally":
            return Question(name, {}, {})
        case "people" | "me":
            return Question(name, {}, draw(selections("users")))
        case "said":
            return Question(name, {"where": {}}, draw(selections("comments")))
        case _:
            return Question(name, {}, draw(selections("tickets")))


@st.composite
def twins(draw: st.DrawFn) -> Scene:
    """Two customers ask the same, and perhaps somebody who may see more."""
    question = draw(_shared())
    more = draw(st.lists(seats, max_size=1))
    return (*(Subscribe(seat, question) for seat in (*draw(st.sampled_from(EQUALS)), *more)), Settle())


@st.composite
def overtaken(draw: st.DrawFn) -> Scene:
    """A row is written again while those who watch it are being told of the first time."""
    id, seat = draw(ids), draw(st.sampled_from((5, 6, 7, 0, 3)))
    question = draw(st.sampled_from((Question("ticket", {"id": id}, PLAIN), Question("found", {}, PLAIN))))
    name, values = draw(st.sampled_from((("retitle", TITLES), ("setStatus", STATUSES))))
    first, second = draw(st.permutations(values))[:2]
    column = {"retitle": "title", "setStatus": "status"}[name]
    newcomer = draw(st.lists(st.builds(Subscribe, seats, st.just(question)), max_size=1))
    return (
        Subscribe(seat, question),
        draw(_subscribe),
        Settle(),
        Hold(),
        Write("kim", name, {"id": id, column: first}, (("tickets", id, {column: first}),)),
        Pause(0.02),
        *newcomer,
        Write("kim", name, {"id": id, column: second}, (("tickets", id, {column: second}),)),
        Settle(),
    )


@st.composite
def moved(draw: st.DrawFn) -> Scene:
    """A row leaves whoever had it."""
    id = draw(ids)
    match draw(st.sampled_from(("give", "setStatus", "carry"))):
        case "give":
            to = draw(emails)
            asked = [Question("mine", {}, PLAIN)] * 2
            write = Write("kim", "give", {"id": id, "to": to}, (("tickets", id, {"email": to}),))
            asking: Iterable[int] = draw(st.sampled_from(EQUALS))
        case "setStatus":
            status = draw(statuses)
            asked = [Question("tally", {"status": each}, {}) for each in STATUSES]
            write = Write("kim", "setStatus", {"id": id, "status": status}, (("tickets", id, {"status": status}),))
            asking = (5, 6, 5)
        case _:
            to = draw(ids)
            asked = [Question("talk", {"ticketId": each}, {"id": None, "ticketId": None}) for each in ("1", "2", "3")]
            write = Write("kim", "carry", {"id": id, "to": to}, (("comments", id, {"ticketId": to}),))
            asking = (5, 6, 5)
    return (
        *(Subscribe(seat, question) for seat, question in zip(asking, asked, strict=True)),
        Settle(),
        write,
        Settle(),
    )


@st.composite
def followed(draw: st.DrawFn) -> Scene:
    """What a function reads by the value of an earlier step is written."""
    id, seat = draw(ids), draw(st.sampled_from((5, 6, 5, 0)))
    question = draw(st.sampled_from(("fnTicket", "fnTalks", "fnPick")))
    watched = {
        "fnTicket": [Question("fnTicket", {"id": each}, {}) for each in ("1", "2", "3")],
        "fnPick": [Question("fnPick", {"status": each}, {}) for each in STATUSES],
        "fnTalks": [Question("fnTalks", {}, {})],
    }[question]
    user, team = draw(st.sampled_from(("1", "2", "3"))), draw(st.sampled_from(("umbrella", "initech")))
    write = Write("kim", "move", {"id": user, "team": team}, (("users", user, {"team": team}),))
    if question == "fnTalks":
        seat, write = 0, Write("kim", "comment", {"ticketId": id, "text": "So?", "internal": False})
    return (*(Subscribe(seat, each) for each in watched), Settle(), write, Settle())


@st.composite
def renewed(draw: st.DrawFn) -> Scene:
    """Somebody becomes somebody else, and what they watch with them: twice."""
    seat, question = draw(seats), draw(_shared())
    first = Renew(seat, draw(st.sampled_from(("customer", "support"))), draw(st.none() | teams))
    second = Renew(seat, draw(st.sampled_from(("support", "customer"))), draw(st.none() | teams))
    between: list[Step] = draw(st.lists(st.one_of(writes(), st.just(Settle())), max_size=2))
    return (Subscribe(seat, question), Settle(), first, *between, second, Settle())


@st.composite
def expired(draw: st.DrawFn) -> Scene:
    """Tokens end in the same second, and one of these people comes back."""
    ending = draw(st.lists(seats, min_size=2, max_size=3, unique=True))
    asked = [Subscribe(seat, draw(questions())) for seat in ending]
    return (*asked, *(Expire(seat) for seat in ending), draw(writes()), Settle(), asked[0])


@st.composite
def slow(draw: st.DrawFn) -> Scene:
    """A reader stops until more has been written than fits the sockets."""
    seat = draw(st.sampled_from(SOCKETS))
    row = {"title": draw(st.sampled_from(TITLES)), "description": LARGE, "email": draw(emails)}
    filed = {**row, "status": "Todo", "priority": "NORMAL", "assigneeEmail": None, "internalNote": None}
    write = Write("kim", "file", row, (("tickets", None, filed),))
    question = Question("found", {}, {"id": None, "description": None})
    return (Subscribe(seat, question), Settle(), Stop(seat), write, draw(writes()), write, Resume(seat), Settle())


def _alone(steps: st.SearchStrategy[Any]) -> st.SearchStrategy[Scene]:
    return steps.map(lambda step: (step,))


def _chances(*each: tuple[int, st.SearchStrategy[Scene]]) -> st.SearchStrategy[Scene]:
    """By number, for `one_of` would make them equally likely."""
    places = [scene for often, scene in each for _ in range(often)]
    return st.integers(0, len(places) - 1).flatmap(lambda number: places[number])


_often = (
    (16, _alone(_subscribe)),
    (30, _alone(writes())),
    (6, _alone(bursts)),
    (4, _alone(st.builds(Unsubscribe, st.integers(0, 9)))),
    (6, _alone(st.just(Settle()))),
    (3, _alone(st.builds(Pause, st.sampled_from((0.001, 0.01, 0.06))))),
    (3, _alone(st.builds(Renew, seats, st.sampled_from(("customer", "support")), st.none() | teams))),
    (2, _alone(st.just(Hold()))),
    (2, _alone(st.builds(Drop, seats))),
    (2, _alone(st.builds(Stop, seats))),
    (2, _alone(st.builds(Resume, seats))),
    (1, _alone(st.just(Reload()))),
    (6, twins()),
    (5, overtaken()),
    (5, moved()),
    (5, followed()),
    (5, renewed()),
    (2, expired()),
    (2, slow()),
)
_inside = _chances(*_often)
_watched = _chances(*_often, (16, _alone(outside)))


def _rules(table: str) -> st.SearchStrategy[Either]:
    names = [name for name in CONDITIONS[table] if name != "properties"]
    # Those are asked for, too, which makes everything slower.
    seldom = st.integers(0, 11).flatmap(lambda chance: st.sampled_from(["properties"] if chance == 11 else names))
    all_of = st.lists(seldom, min_size=1, max_size=2, unique=True).map(tuple)
    return st.one_of(*[st.lists(all_of, min_size=1, max_size=2, unique=True).map(tuple)] * 4, st.just(()))


projects = st.builds(
    Project,
    _rules("tickets"),
    _rules("comments"),
    _rules("users"),
    st.sampled_from(((), (("open",),), (("free",), ("handled",)))),
    st.booleans(),
    st.sampled_from(("", "{ throttle: 1ms }", "{ throttle: 200ms }")),
    # Workers are to be started for it.
    st.integers(0, 7).map(lambda chance: chance == 7),
)
lags = st.sampled_from((0.0, 0.0, 0.003, 0.02))


@st.composite
def acts(draw: st.DrawFn, scenes: st.SearchStrategy[Scene]) -> Act:
    opening = (*draw(twins()), *draw(st.lists(_subscribe, min_size=1, max_size=5)))
    rest = draw(st.lists(scenes, min_size=4, max_size=16))
    return Act((*opening, *chain.from_iterable(rest)), draw(lags))


@st.composite
def stories(draw: st.DrawFn) -> Story:
    project = draw(projects)
    return Story(project, tuple(draw(st.lists(acts(_watched if project.watch else _inside), min_size=1, max_size=4))))
