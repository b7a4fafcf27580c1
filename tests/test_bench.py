"""`make bench` does not rot: the run itself, small, without the peers from npm."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_a_small_run(tmp_path: Path) -> None:
    samples = tmp_path / "samples.json"
    options = ["--quick", "--only", "tidegate", "strawberry", "--rows", "1", "20", "--rounds", "1", "--seconds", "0.2"]
    command = [sys.executable, "-m", "bench", *options, "--json", str(samples)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "{ tickets(limit: 20) { 5 fields } }" in done.stdout
    results = json.loads(samples.read_text())
    assert [(result["contestant"].split()[0], result["rows"]) for result in results] == [
        ("Tidegate", 1),
        ("strawberry", 1),
        ("Tidegate", 20),
        ("strawberry", 20),
    ]
    assert all(sample["requests"] > 0 for result in results for sample in result["samples"])


def test_a_small_run_of_the_sandbox() -> None:
    command = [sys.executable, "-m", "bench.sandbox", "--quick"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ten host calls" in done.stdout
