"""What any step may say of itself: how long it may take, and how often it is tried."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tidegate.core.flow import Retry
from tidegate.core.problems import Problems
from tidegate.core.units import parse_duration
from tidegate.schema.form import Form
from tidegate.schema.tree import MapNode, ScalarNode

COMMON: Final[Mapping[str, str]] = {
    "as": "the name of what it gives, for the steps after it",
    "timeout": "how long each attempt may take",
    "retry": "how often it is tried again where it fails: a number, or a mapping",
}
RETRY_KEYS: Final[Mapping[str, str]] = {
    "times": "how many more attempts; required, at most 100",
    "interval": "before the first of them. Default: `100ms`",
    "factor": "each next gap is so many times the one before, 1 to 100. Default: 1",
    "maxInterval": "no gap is longer. Default: `60s`",
    "jitter": "up to this part of a gap, 0 to 1, is left out by chance. Default: 0",
}
MOST_RETRIES: Final = 100
LONGEST: Final = 86400.0
"""Seconds that a gap, a delay or a wait may have."""

_UNSAID: Final = Retry(1)


def read_duration(form: Form, key: str, *, most: float | None = None, nothing: bool = False) -> float | None:
    """The duration under `key`, in seconds. `nothing`: it may be zero."""
    node = form.node_of(key)
    if node is None:
        return None
    text = node.value if isinstance(node, ScalarNode) and isinstance(node.value, str) else ""
    seconds = parse_duration(text)
    if seconds is None or (seconds == 0 and not nothing):
        form.wrong(key, node, "a duration with its unit", "Write it like 500ms or 5s.")
        return None
    if most is not None and seconds > most:
        form.problems.add(node.at, f'"{key}" of {form.noun} is at most {most:g}s.')
        return None
    return seconds


def read_retry(form: Form, problems: Problems) -> Retry | None:
    node = form.node_of("retry")
    if node is None:
        return None
    if not isinstance(node, MapNode):
        times = form.count("retry")
        return Retry(_bounded(form, "retry", times, problems)) if times is not None else None
    inner = Form(node, f"retry of {form.noun}", RETRY_KEYS, problems)
    inner.required("times", hints={"times": "How many more attempts?"})
    times = inner.count("times")
    interval = read_duration(inner, "interval", most=LONGEST, nothing=True)
    most = read_duration(inner, "maxInterval", most=LONGEST)
    return Retry(
        times=_bounded(inner, "times", times or 1, problems),
        interval=_UNSAID.interval if interval is None else interval,
        factor=read_number(inner, "factor", 1, 100, _UNSAID.factor),
        most=most or max(_UNSAID.most, interval or 0.0),
        jitter=read_number(inner, "jitter", 0, 1, _UNSAID.jitter),
    )


def read_number(form: Form, key: str, least: int, most: int, default: float) -> float:
    node = form.node_of(key)
    if node is None:
        return default
    value = node.value if isinstance(node, ScalarNode) else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        form.wrong(key, node, f"a number from {least} to {most}")
        return default
    return float(value)


def _bounded(form: Form, key: str, times: int, problems: Problems) -> int:
    if times > MOST_RETRIES:
        at = form.node.entries[key].at
        problems.add(at, f"A step is tried again {MOST_RETRIES} times at most.", "Let it fail, and call it later.")
    return times
