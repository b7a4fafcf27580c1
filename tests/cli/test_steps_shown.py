"""The steps of a run, as a person reads them while they happen."""

from __future__ import annotations

import asyncio

from rich.text import Text

from tests.runs.made import made
from tidegate.cli.steps_shown import StepsShown
from tidegate.core.runs import Failure, RunLine, StepRun


class Scene:
    """A run, told step by step."""

    def __init__(self, patience: float | None = None) -> None:
        self.lines: list[str] = []
        self.told = asyncio.Event()
        self.shown = StepsShown(self._show, patience)
        self.run = made()
        self.count = 0
        self.shown.begun(self.run)

    def _show(self, line: Text) -> None:
        self.lines.append(line.plain)
        self.told.set()

    def begin(self, label: str, within: StepRun | None = None, kind: str = "value") -> StepRun:
        self.count += 1
        step = StepRun(self.count, within.number if within else 0, kind, label, f"a.yaml:{self.count}:5", 0.0)
        self.shown.step_begun(self.run, step)
        return step

    def end(self, step: StepRun, seconds: float = 0.001, failure: Failure | None = None) -> None:
        step.seconds, step.failure = seconds, failure
        step.size = 2048 if failure is None else None
        self.shown.step_ended(self.run, step)

    def say(self, step: StepRun | None, text: str, level: str = "log") -> None:
        self.shown.wrote(self.run, RunLine(step.number if step else 0, "a.js", level, text))


def test_steps_that_run_at_the_same_time_say_where_they_belong() -> None:
    scene = Scene()
    parallel = scene.begin("parallel", kind="parallel")
    left, right = (scene.begin(f"call {name}", parallel, "invoke") for name in ("left", "right"))
    one, two = scene.begin("one", left), scene.begin("two", right)
    scene.end(two, 1.5)
    scene.end(one, 75)
    scene.end(right)
    scene.end(left)
    scene.end(parallel)
    scene.end(scene.begin("after"))
    assert scene.lines == [
        "   1  ▸ parallel",
        "   2    ▸ call left",
        "   3    ▸ call right in 1",
        "   5      ✓ two (value)  1.50 s  2.0 KiB",
        "   4      ✓ one (value) in 2  1 min 15 s  2.0 KiB",
        "   3    ✓ call right in 1  1.0 ms  2.0 KiB",
        "   2    ✓ call left  1.0 ms  2.0 KiB",
        "   1  ✓ parallel  1.0 ms  2.0 KiB",
        "   6  ✓ after (value)  1.0 ms  2.0 KiB",
    ]


def test_lines_stand_under_their_step() -> None:
    scene = Scene()
    one, two = scene.begin("one"), scene.begin("two")
    scene.say(one, "from one")
    scene.say(two, "from two")
    scene.say(one, "more\nthan a line")
    scene.end(one)
    scene.end(two)
    scene.say(None, "from nowhere")
    assert scene.lines == [
        "   1  ▸ one (value)",
        "        │ from one",
        "   2  ▸ two (value)",
        "        │ from two",
        "   1  ▸ one (value)",
        "        │ more\n          than a line",
        "   1  ✓ one (value)  1.0 ms  2.0 KiB",
        "   2  ✓ two (value)  1.0 ms  2.0 KiB",
        "      │ from nowhere",
    ]


def test_a_failure_is_told_once() -> None:
    scene = Scene()
    failure = Failure("ACTION_FAILED", "No.", "judge.js:3:9")
    outer = scene.begin("try", kind="attempt")
    inner = scene.begin("judge", outer, "run")
    scene.say(inner, "careful", "error")
    scene.say(inner, "No. at judge.js:3:9", "error")
    scene.end(inner, failure=failure)
    scene.end(outer, failure=failure)
    scene.end(scene.begin("other", kind="run"), failure=Failure("TIMEOUT", "Too long."))
    assert scene.lines == [
        "   1  ▸ try",
        "   2    ▸ judge (code)",
        "          │ careful",
        "   2    ✗ judge (code)  1.0 ms  ACTION_FAILED: No.  judge.js:3:9",
        "   1  ✗ try  1.0 ms  ACTION_FAILED",
        "   3  ✗ other (code)  1.0 ms  TIMEOUT: Too long.  a.yaml:3:5",
    ]


def test_what_others_wrote_has_no_power_over_a_terminal() -> None:
    scene = Scene()
    step = scene.begin("one\x1b[2J")
    scene.say(step, "a\x1b[31m\x9b\rb")
    scene.end(step, failure=Failure("ACTION_FAILED", "\x1b]0;x\x07"))
    assert not any(character in line for line in scene.lines for character in "\x1b\x9b\r\x07")


async def test_what_takes_long_is_told_before_its_end() -> None:
    scene = Scene(patience=0.0)
    step = scene.begin("wait 5s", kind="wait")
    await scene.told.wait()
    scene.end(step, 5)
    scene.end(scene.begin("quick", kind="value"))
    for _ in range(10):
        await asyncio.sleep(0)
    assert scene.lines == [
        "   1  ▸ wait 5s",
        "   1  ✓ wait 5s  5.00 s  2.0 KiB",
        "   2  ✓ quick (value)  1.0 ms  2.0 KiB",
    ]
