"""Samples as tables that people read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from bench import fanout, queries

Result: TypeAlias = queries.Result | fanout.Result
Figures: TypeAlias = Mapping[str, tuple[str, str]]
"""By name: the head of the column, and the form of its numbers."""

FIGURES = {
    "requests": ("requests/s", ".0f"),
    "p50": ("p50 ms", ".2f"),
    "p99": ("p99 ms", ".2f"),
    "server": ("server CPU ms", ".3f"),
    "database": ("database CPU ms", ".3f"),
    "processor": ("both CPU ms", ".3f"),
}
LIVE_FIGURES = {
    "answered": ("answered ms", ".1f"),
    "last": ("last frame ms", ".1f"),
    "server": ("server CPU µs", ".1f"),
    "database": ("database CPU µs", ".1f"),
    "memory": ("KB each", ".1f"),
    "load": ("load CPU µs", ".1f"),
}
FEWEST_WEIGHED = 1000
"""Subscriptions. Fewer fit into what a server has set free since it started."""
HIGHER_IS_BETTER = {"requests"}


def table(results: Sequence[queries.Result], rows: int) -> str:
    """Medians of one size, and the ratios of the first contestant to the others."""
    chosen = [result for result in results if result.rows == rows]
    title = f"{{ tickets(limit: {rows}) {{ 5 fields }} }}, medians of {len(chosen[0].samples)} rounds"
    return compared(title, chosen, FIGURES, "requests")


def live_table(results: Sequence[fanout.Result]) -> str:
    """The same of one scenario of live queries. The limit, if it is among them, is last and no rival."""
    title = f"{results[0].scenario.title}, medians of {len(results[0].samples)} rounds, CPU for each frame"
    figures = dict(LIVE_FIGURES)
    if results[0].scenario.subscribers < FEWEST_WEIGHED:
        del figures["memory"]
    return compared(title, results, figures, "server", limit="C writer")


def compared(title: str, chosen: Sequence[Result], figures: Figures, spread: str, limit: str = "") -> str:
    width = max(len(result.contestant) for result in chosen) + 2
    columns = {figure: max(len(title), 8) + 2 for figure, (title, _) in figures.items()}
    heads = "".join(figures[figure][0].rjust(columns[figure]) for figure in figures)
    lines = [title, " " * width + heads + f"   spread of {figures[spread][0]}"]
    for result in chosen:
        cells = [f"{result.median(figure):{form}}".rjust(columns[figure]) for figure, (_, form) in figures.items()]
        taken = sorted(getattr(sample, spread) for sample in result.samples)
        lines.append(result.contestant.ljust(width) + "".join(cells) + f"   {taken[0]:.0f} to {taken[-1]:.0f}")
    first, *others = chosen
    if others:
        lines.append(f"{first.contestant.split()[0]} divided by")
        for other in others:
            cells = [ratio(first, other, figure).rjust(columns[figure]) for figure in figures]
            name = other.contestant if other.contestant == limit else other.contestant.split()[0]
            lines.append(f"  {name}".ljust(width) + "".join(cells))
    rivals = [other for other in others if other.contestant != limit]
    if rivals:
        cells = [ratio(first, best_of(rivals, figure), figure).rjust(columns[figure]) for figure in figures]
        lines.append("  the best for each".ljust(width) + "".join(cells))
    return "\n".join(lines)


def ratio(one: Result, other: Result, figure: str) -> str:
    return f"x {one.median(figure) / other.median(figure):.2f}" if other.median(figure) else "-"


def best_of(results: Sequence[Result], figure: str) -> Result:
    choose = max if figure in HIGHER_IS_BETTER else min
    return choose(results, key=lambda result: result.median(figure))
