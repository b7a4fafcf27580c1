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
    """Medians of one size, and the ratio of the first contestant to the best of the others for each figure."""
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
    if len(chosen) > 1:
        lines.append(ratios(chosen, width, columns))
    return "\n".join(lines)


def ratios(chosen: Sequence[Result], width: int, columns: dict[str, int]) -> str:
    first, *others = chosen
    cells, best_names = [], []
    for figure in FIGURES:
        choose = max if figure in HIGHER_IS_BETTER else min
        best = choose(others, key=lambda result: result.median(figure))
        cells.append(f"x {first.median(figure) / max(best.median(figure), 1e-9):.2f}".rjust(columns[figure]))
        best_names.append(best.contestant.split()[0])
    named = "".join(name.rjust(columns[figure]) for name, figure in zip(best_names, FIGURES, strict=True))
    title = f"{first.contestant.split()[0]} / best peer"
    return title.ljust(width) + "".join(cells) + "\n" + "  best peer".ljust(width) + named
