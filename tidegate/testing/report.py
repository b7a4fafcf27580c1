"""What became of each promise: kept, broken, or not looked at."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Promise:
    """One of those in `tidegate.core.integration`. `name` is stable; `sentence` says it."""

    name: str
    sentence: str


@dataclass(slots=True)
class Report:
    """`broken`: what was seen, for each promise that is not kept. `untested`: why nothing can be said of a promise."""

    kept: list[Promise] = field(default_factory=list)
    broken: dict[Promise, list[str]] = field(default_factory=dict)
    untested: dict[Promise, str] = field(default_factory=dict)

    def __str__(self) -> str:
        total = len(self.kept) + len(self.broken) + len(self.untested)
        lines = [f"{len(self.broken)} of {total} promises of an integration are broken."]
        for promise, complaints in self.broken.items():
            lines += ["", f"BROKEN {promise.name}: {promise.sentence}"]
            shown = complaints[:MOST_SHOWN]
            lines += ["  - " + complaint.replace("\n", "\n    ") for complaint in shown]
            if len(complaints) > len(shown):
                lines.append(f"  - and {len(complaints) - len(shown)} more")
        if self.kept:
            lines += ["", f"Kept: {', '.join(promise.name for promise in self.kept)}."]
        lines += [f"Not tested: {promise.name}: {why}." for promise, why in self.untested.items()]
        return "\n".join(lines)


MOST_SHOWN = 5


class BrokenPromises(AssertionError):
    """An integration does not keep what it has to. The text is the report."""

    def __init__(self, report: Report) -> None:
        super().__init__(str(report))
        self.report = report


class Untested(Exception):
    """A promise cannot be looked at with what the test has given; the text says why."""
