"""What is wrong with the author's files: collected, and told all at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from tidegate.core.location import Location


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake. `sentence` says what is wrong and ends with a full stop; `hint` says what to do."""

    at: Location
    sentence: str
    hint: str = ""

    def __str__(self) -> str:
        return f"{self.at}: {self.sentence}" + (f" {self.hint}" if self.hint else "")


class ProjectError(Exception):
    """The author's files are wrong. Carries every problem found, in the order of the files."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(sorted(set(problems)))
        super().__init__("\n".join(map(str, self.problems)))


class Problems:
    """Collects mistakes so that one run of `tidegate check` shows them all."""

    def __init__(self) -> None:
        self.found: list[Problem] = []

    def __bool__(self) -> bool:
        return bool(self.found)

    def add(self, at: Location, sentence: str, hint: str = "") -> None:
        self.found.append(Problem(at, sentence, hint))

    def extend(self, problems: Iterable[Problem]) -> None:
        self.found.extend(problems)

    def raise_any(self) -> None:
        """Raises `ProjectError` if anything was found."""
        if self.found:
            raise ProjectError(self.found)


def did_you_mean(word: str, options: Iterable[str]) -> str:
    """A hint that names the nearest of `options`, or all of them if they are few, or nothing."""
    known = sorted(set(options))
    near = _nearest(word, known)
    if near:
        return f'Did you mean "{near}"?'
    if 0 < len(known) <= 12:
        return f"Known here: {', '.join(known)}."
    return ""


def _nearest(word: str, options: Sequence[str]) -> str | None:
    folded = {option.lower(): option for option in options}
    found = get_close_matches(word.lower(), list(folded), n=1, cutoff=0.6)
    return folded[found[0]] if found else None
