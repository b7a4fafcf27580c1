"""`make bench-events` does not rot: the run itself, small, without the peer from npm."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_a_small_run(tmp_path: Path) -> None:
    samples = tmp_path / "samples.json"
    options = ["--quick", "--only", "tidegate", "python", "--clients", "20", "--rounds", "1", "--json", str(samples)]
    command = [sys.executable, "-m", "bench.events", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "A room of 20 websockets" in done.stdout
    results = json.loads(samples.read_text())
    assert [result["contestant"].split()[0] for result in results] == ["Tidegate", "python-socketio"]
    assert all(sample["server"] > 0 for result in results for sample in result["samples"])
