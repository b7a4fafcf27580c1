"""What is due, and when."""

from __future__ import annotations

from tidegate.realtime.deadlines import Deadlines


def test_in_the_order_in_which_they_were_set() -> None:
    deadlines: Deadlines[str] = Deadlines(10)
    for name, now in (("a", 0), ("b", 1), ("c", 2), ("d", 3)):
        deadlines.set(name, now)
    deadlines.set("a", 4)
    deadlines.drop("c")
    deadlines.drop("nobody")
    assert deadlines.due(11) == ()
    assert deadlines.due(14) == ("b", "d")
    assert deadlines.due(14) == ()
    assert deadlines.due(15) == ("a",)
