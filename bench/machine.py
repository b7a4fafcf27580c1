"""Cores, processor time and versions of the machine that measures."""

from __future__ import annotations

import os
import platform
import socket
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import randbelow

import psutil


@dataclass(frozen=True, slots=True)
class Cores:
    """Which core each side runs on. The server that is measured shares its core with nobody of ours, where there are
    two cores; the load shares the database's unless there are three."""

    server: int
    database: int
    load: int

    @classmethod
    def share_out(cls) -> Cores:
        cores = sorted(os.sched_getaffinity(0))
        return cls(server=cores[0], database=cores[min(1, len(cores) - 1)], load=cores[min(2, len(cores) - 1)])


def processor_seconds(roots: Iterable[int]) -> float:
    """User and system time that these processes and all below them have used, to the nanosecond where the kernel keeps
    it (schedstat): a clock tick is as long as ten requests."""
    processes: dict[int, psutil.Process] = {}
    for root in roots:
        process = psutil.Process(root)
        processes |= {each.pid: each for each in (process, *process.children(recursive=True))}
    return sum(_seconds_of(process) for process in processes.values())


def _seconds_of(process: psutil.Process) -> float:
    try:
        threads = list(Path(f"/proc/{process.pid}/task").iterdir())
        return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads) / 1e9
    except (FileNotFoundError, ProcessLookupError):
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            return float(times.user + times.system)
        return 0.0


def pin_tree(root: int, core: int) -> None:
    """Keeps a process, and what it starts from now on, on one core."""
    process = psutil.Process(root)
    for each in (process, *process.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            each.cpu_affinity([core])


def free_port() -> int:
    """Below those that the system gives to whoever asks for any: nobody takes it before the server that it is for."""
    first = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    while True:
        port = first - 1 - randbelow(first // 2)
        with socket.socket() as listener:
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port


def describe(cores: Cores) -> str:
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    return (
        f"{model}, {os.cpu_count()} cores (server on {cores.server}, database on {cores.database}, "
        f"load on {cores.load}), Linux {platform.release()}, load average {os.getloadavg()[0]:.1f}"
    )


def resident_bytes(root: int) -> int:
    """Memory of a process and all below it."""
    process = psutil.Process(root)
    total = 0
    for each in (process, *process.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            total += each.memory_info().rss
    return total
