"""Samples as tables that people read."""

from __future__ import annotations

from collections.abc import Sequence

from bench.queries import Result

FIGURES = {
    "requests": ("requests/s", ".0f"),
    "p50": ("p50 ms", ".2f"),
    "p99": ("p99 ms", ".2f"),
    "server": ("server CPU ms", ".3f"),
    "database": ("database CPU ms", ".3f"),
    "processor": ("both CPU ms", ".3f"),
}
HIGHER_IS_BETTER = {"requests"}


def table(results: Sequence[Result], rows: int) -> str:
    """Medians of one size, and the ratios of the first contestant to the others."""
    chosen = [result for result in results if result.rows == rows]
    width = max(len(result.contestant) for result in chosen) + 2
    columns = {figure: max(len(title), 8) + 2 for figure, (title, _) in FIGURES.items()}
    lines = [
        f"{{ tickets(limit: {rows}) {{ 5 fields }} }}, medians of {len(chosen[0].samples)} rounds",
        " " * width
        + "".join(FIGURES[figure][0].rjust(columns[figure]) for figure in FIGURES)
        + "   spread of requests/s",
    ]
    for result in chosen:
        cells = [f"{result.median(figure):{form}}".rjust(columns[figure]) for figure, (_, form) in FIGURES.items()]
        taken = sorted(sample.requests for sample in result.samples)
        lines.append(result.contestant.ljust(width) + "".join(cells) + f"   {taken[0]:.0f} to {taken[-1]:.0f}")
    first, *others = chosen
    if others:
        lines.append(f"{first.contestant.split()[0]} divided by")
        for other in others:
            cells = [ratio(first, other, figure).rjust(columns[figure]) for figure in FIGURES]
            lines.append(f"  {other.contestant.split()[0]}".ljust(width) + "".join(cells))
        cells = [ratio(first, best_of(others, figure), figure).rjust(columns[figure]) for figure in FIGURES]
        lines.append("  the best for each".ljust(width) + "".join(cells))
    return "\n".join(lines)


def ratio(one: Result, other: Result, figure: str) -> str:
    return f"x {one.median(figure) / other.median(figure):.2f}" if other.median(figure) else "-"


def best_of(results: Sequence[Result], figure: str) -> Result:
    choose = max if figure in HIGHER_IS_BETTER else min
    return choose(results, key=lambda result: result.median(figure))
