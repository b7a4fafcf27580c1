"""Layers that this machine does not have: programs are refused, unless the operator says otherwise, and it is told."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tidegate.sandbox.filter import AARCH64, MACHINES, X86_64, assemble
from tidegate.sandbox.selftest import EXPLAINED, Findings
from tidegate.sandbox.zygote import LAYERS

ROOT = Path(__file__).parents[2]

# A gateway whose system lacks something: its own process has given it up before it starts. `prctl(PR_SET_SECCOMP)`
# and the calls of Landlock are refused by a filter that is put on by the other way to put one on.
GATEWAY = """
import asyncio, ctypes, logging, os, struct, sys
from tests.sandbox.processes import alive, eventually, workers, zygotes
from tests.sandbox.world import Recorder, World, open_sandbox
from tidegate.core.program import SandboxUnavailable

libc = ctypes.CDLL(None, use_errno=True)

def refuse(*tests):
    lines = [(0x20, 0, 0, 0)]
    for number, argument in tests:
        lines += [(0x15, 0, 4, number), (0x20, 0, 0, 16), (0x15, 0, 1, argument)]
        lines += [(0x06, 0, 0, 0x50001), (0x20, 0, 0, 0)]
    lines.append((0x06, 0, 0, 0x7FFF0000))
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *line) for line in lines))
    program = struct.pack("@HP", len(lines), ctypes.addressof(code))
    assert libc.prctl(22, 2, ctypes.c_char_p(program), 0, 0) == 0, ctypes.get_errno()

def drop_rights():
    for right in range(64):
        libc.prctl(24, right, 0, 0, 0)
    forget_rights()

def forget_rights():
    assert libc.capset(struct.pack("=Ii", 0x20080522, 0), bytes(24)) == 0

hung = asyncio.Event()

async def hang(what, arguments):
    hung.set()
    await asyncio.sleep(60)

async def main(weak):
    world = World(open_sandbox(weak=weak))
    try:
        await world.load()
        busy = asyncio.ensure_future(world.run("ask('http')\\nos.read(SOCKET, 1)", host=Recorder(hang)))
        await hung.wait()
        before = {worker.pid for worker in workers()}
        busy.cancel()
        await asyncio.wait([busy])
        await eventually(lambda: not all(map(alive, before)))
        print("runs", (await world.run("result = 1")).value)
        before = [process.pid for process in (*workers(), *zygotes())]
        await world.sandbox.close()
        await eventually(lambda: not any(map(alive, before)))
        print("still there:", sum(map(alive, before)))
    except SandboxUnavailable as unavailable:
        print("refuses:", unavailable)
    finally:
        await world.sandbox.close()
    print(*(world.sandbox.findings or [world.sandbox.findings]).layers if world.sandbox.findings else [])

logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(levelname)s %(message)s")
"""
X86 = "prctl, landlock = 157, 444\n"
ARM = "prctl, landlock = 167, 444\n"


def start(lacking: str, weak: bool = False) -> str:
    import platform

    table = X86 if MACHINES[platform.machine().lower()] is X86_64 else ARM
    code = f"{GATEWAY}{table}{lacking}\nasyncio.run(main({weak}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_without_seccomp_programs_are_refused() -> None:
    said = start("refuse((prctl, 22))")
    assert "refuses: Programs cannot be run" in said
    assert "without seccomp" in said
    assert "TIDEGATE_SANDBOX=weak" in said


def test_the_weak_mode_runs_them_and_says_what_is_missing() -> None:
    said = start("refuse((prctl, 22))", weak=True)
    assert "runs 1" in said
    (warning,) = [line for line in said.splitlines() if line.startswith("WARNING")]
    assert "NOT kept apart" in warning
    assert "seccomp" in warning
    assert "make memory executable" in warning
    assert said.splitlines()[-1] == "user privileges files resources"


def test_without_landlock_a_user_of_their_own_is_enough() -> None:
    said = start("refuse((landlock, 0))")
    assert "runs 1" in said
    assert said.splitlines()[-1] == "user privileges resources calls"


def test_a_gateway_without_rights_has_landlock() -> None:
    """Root in a container that has dropped every capability, or any user."""
    said = start("drop_rights()")
    assert "runs 1" in said
    assert said.splitlines()[-1] == "privileges files resources calls"


def test_a_gateway_that_may_not_signal_its_workers_has_them_signalled() -> None:
    """The zygote gets the rights of root again when it starts, and drops to another user, whom the gateway may not
    kill."""
    said = start("forget_rights()")
    assert "runs 1" in said
    assert "still there: 0" in said


PYTHON = """
from tidegate.core.limits import Limits
from tidegate.core.program import Language, Program
from tidegate.sandbox.sandbox import LocalSandbox

async def main(weak):
    sandbox = LocalSandbox(weak=weak)
    try:
        await sandbox.load([Program("judge", Language.PYTHON, "judge.py", "def run(): pass")], Limits())
        print(*sandbox.findings.layers)
    except SandboxUnavailable as unavailable:
        print("refuses:", unavailable)
    finally:
        await sandbox.close()

seccomp = 317 if prctl == 157 else 277
"""


def test_a_process_beside_a_worker_is_held_by_all_layers() -> None:
    assert start(PYTHON).splitlines()[-1] == "user privileges files resources calls"


def test_a_process_beside_a_worker_whose_beginning_cannot_be_watched() -> None:
    """It would have to be left more than a worker has."""
    said = start(f"{PYTHON}refuse((seccomp, 1))")
    assert "refuses: Programs cannot be run" in said
    assert "without seccomp" in said
    assert start(f"{PYTHON}refuse((seccomp, 1))", weak=True).splitlines()[-1] == "user privileges files resources"


def test_a_process_beside_a_worker_of_a_gateway_without_rights() -> None:
    assert start(f"{PYTHON}drop_rights()").splitlines()[-1] == "privileges files resources calls"


def test_a_process_beside_a_worker_without_landlock() -> None:
    assert start(f"{PYTHON}refuse((landlock, 0))").splitlines()[-1] == "user privileges resources calls"


def test_with_neither_programs_are_refused() -> None:
    said = start("refuse((landlock, 0))\ndrop_rights()")
    assert "refuses: Programs cannot be run" in said
    assert "Landlock" in said


@pytest.mark.parametrize(
    ("layers", "escapes", "enough"),
    [
        (LAYERS, (), True),
        (LAYERS, ("open a file",), False),
        (("user", "privileges", "calls"), (), True),
        (("privileges", "files", "calls"), (), True),
        (("privileges", "calls"), (), False),
        (("user", "files", "calls"), (), False),
        (("user", "privileges", "files", "resources"), (), False),
        ((), (), False),
    ],
)
def test_what_is_enough(layers: tuple[str, ...], escapes: tuple[str, ...], enough: bool) -> None:
    findings = Findings(layers, escapes)
    assert findings.enough is enough
    assert all(EXPLAINED[layer] in str(findings) for layer in findings.missing)
    assert all(escape in str(findings) for escape in escapes)


@pytest.mark.parametrize("machine", [X86_64, AARCH64])
def test_the_filter_has_an_answer_for_each_call_it_names(machine: object) -> None:
    assert machine in (X86_64, AARCH64)
    of = X86_64 if machine is X86_64 else AARCH64
    numbers = [*of.allowed.values(), *of.guarded.values(), *of.refused.values()]
    assert len(set(numbers)) == len(numbers)
    assert run_filter(assemble(of), of.arch, 10_000) == "kill"
    assert run_filter(assemble(of), 0x40000003, of.allowed["read"]) == "kill"
    for number in of.allowed.values():
        assert run_filter(assemble(of), of.arch, number) == "allow"
    for number in of.refused.values():
        assert run_filter(assemble(of), of.arch, number) == "refuse"
    for number in of.guarded.values():
        assert run_filter(assemble(of), of.arch, number, protection=3) == "allow"
        for protection in (4, 5, 7, 0x1000004):
            assert run_filter(assemble(of), of.arch, number, protection) == "kill"
    if of.upper:
        assert run_filter(assemble(of), of.arch, of.upper | of.allowed["read"]) == "kill"


def run_filter(code: bytes, arch: int, number: int, protection: int = 0) -> str:
    """What the kernel would answer: its virtual machine, of which the filter uses five instructions."""
    import struct

    lines = [struct.unpack_from("=HBBI", code, start) for start in range(0, len(code), 8)]
    data = struct.pack("<IIQ6Q", number, arch, 0, 0, 0, protection, 0, 0, 0)
    at = word = 0
    while True:
        operation, yes, no, value = lines[at]
        at += 1
        if operation == 0x20:
            (word,) = struct.unpack_from("<I", data, value)
        elif operation == 0x06:
            return {0x7FFF0000: "allow", 0x80000000: "kill", 0x00050001: "refuse"}[value]
        else:
            holds = {0x15: word == value, 0x35: word >= value, 0x45: bool(word & value)}[operation]
            at += yes if holds else no
