"""What is remembered of the requests of other systems."""

from __future__ import annotations

from collections.abc import Iterator

from tidegate.web.deliveries import AGE, REMEMBERED, Deliveries, Known


def test_deliveries_are_bounded() -> None:
    clock: Iterator[float] = iter(range(10**9))
    deliveries = Deliveries(lambda: float(next(clock)) / REMEMBERED)
    assert deliveries.begin(0) is None
    assert deliveries.begin(0) is Known.UNDER_WAY
    deliveries.end(0, done=True)
    assert deliveries.begin(0) is Known.DONE
    for number in range(1, REMEMBERED + 1):
        assert deliveries.begin(number) is None
    assert deliveries.begin(0) is None
    assert len(deliveries._known) <= REMEMBERED


def test_deliveries_are_forgotten_in_time() -> None:
    times = [0.0]
    deliveries = Deliveries(lambda: times[0])
    assert deliveries.begin("a") is None
    deliveries.end("a", done=True)
    times[0] = AGE - 1
    assert deliveries.begin("a") is Known.DONE
    times[0] = AGE
    assert deliveries.begin("a") is None
