"""A real MariaDB for tests. It ends with the last process that asked for it, however that ends:

    pytest (any number of processes)   a shared lock on FOLDER.users, for as long as they live
    python tests/mariadb.py FOLDER     the server's keeper: waits for the lock alone, stops the server, deletes FOLDER
    mariadbd                           dies with its keeper

It forgets what it should keep: no fsync.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

PATIENCE: Final = 120.0
"""Seconds for making and starting a server on a machine that does other things besides."""

USER, PASSWORD = "tide", "gate"

_PLACES: Final = (os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin", "/usr/local/bin", "/usr/libexec")

_QUICK: Final = (
    "--innodb-log-file-size=16M",
    "--innodb-buffer-pool-size=64M",
    "--innodb-flush-method=nosync",
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-doublewrite=0",
    "--aria-pagecache-buffer-size=2M",
    "--key-buffer-size=1M",
    "--skip-log-bin",
    "--skip-name-resolve",
    "--max-connections=400",
    "--character-set-server=utf8mb4",
)

_SETUP: Final = f"""
create user if not exists {USER}@'%' identified by '{PASSWORD}';
create user if not exists {USER}@localhost identified by '{PASSWORD}';
grant all on *.* to {USER}@'%' with grant option;
grant all on *.* to {USER}@localhost with grant option;
create database if not exists test;
"""
"""Whoever `USER` is may do anything."""

_ROOT: Final = ("--user=root",) if os.geteuid() == 0 else ()

_PR_SET_PDEATHSIG: Final = 1


class Missing(Exception):
    """MariaDB is not installed."""


def program(*names: str) -> str:
    """The first of `names` that is installed. Raises `Missing`."""
    path = os.pathsep.join(_PLACES)
    for name in names:
        if found := shutil.which(name, path=path):
            return found
    raise Missing(f"{names[0]} is not installed: apt-get install mariadb-server (`make test` does it where it may).")


class Server:
    """A server whose data is `folder`, whose name must be short; with a `port`, also on 127.0.0.1. Tests that kill,
    stop and start a server have one of their own, which they `remove`. It dies with the thread that started it."""

    def __init__(self, folder: Path, port: int = 0, *options: str) -> None:
        self.folder = folder
        self.port = port
        self.socket = folder / "socket"
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Of the database `test`, on the Unix socket."""
        return f"mysql://{USER}:{PASSWORD}@localhost/test?socket={self.socket}"

    @property
    def address(self) -> str:
        """The same by TCP."""
        return f"mysql://{USER}:{PASSWORD}@127.0.0.1:{self.port}/test"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def make(self) -> None:
        self.folder.mkdir(parents=True)
        (self.folder / "setup.sql").write_text(_SETUP)
        install = program("mariadb-install-db", "mysql_install_db")
        self._run_quietly(
            install, "--no-defaults", *_ROOT, f"--datadir={self.folder / 'data'}",
            "--auth-root-authentication-method=normal", "--skip-test-db", f"--tmpdir={self.folder}", *_QUICK[:1],
        )  # fmt: skip

    def start(self) -> None:
        network = (f"--port={self.port}", "--bind-address=127.0.0.1") if self.port else ("--skip-networking",)
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    program("mariadbd", "mysqld"), "--no-defaults", *_ROOT, f"--datadir={self.folder / 'data'}",
                    f"--socket={self.socket}", f"--pid-file={self.folder / 'pid'}", f"--tmpdir={self.folder}",
                    *network, *_QUICK,
                    f"--init-file={self.folder / 'setup.sql'}", *self._options,
                ],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=_die_with_parent,  # noqa: PLW1509
            )  # fmt: skip
        until = time.monotonic() + PATIENCE
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > until:
                self.kill()
                raise RuntimeError(f"mariadbd did not start:\n{self._last_words()}")
            time.sleep(0.02)

    def ask(self, *statements: str, database: str = "") -> str:
        """What the statements answer, as `mariadb --batch` writes it without headers: fields between tabs."""
        found = subprocess.run(
            [program("mariadb", "mysql"), "--no-defaults", "-N", "--batch", "--default-character-set=utf8mb4",
             f"--socket={self.socket}", f"--user={USER}", f"--password={PASSWORD}", database],
            input=";\n".join(statements), capture_output=True, text=True, check=False,
        )  # fmt: skip
        if found.returncode:
            raise RuntimeError(found.stderr)
        return found.stdout

    def stop(self) -> None:
        """In an orderly way."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(PATIENCE)

    def kill(self) -> None:
        """As a power cut does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(PATIENCE)

    def pause(self) -> None:
        """Until `resume`: it takes connections, and says nothing."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def remove(self) -> None:
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _answers(self) -> bool:
        """Whether it greets whoever comes."""
        try:
            with socket.socket(socket.AF_UNIX) as peer:
                peer.settimeout(PATIENCE)
                peer.connect(str(self.socket))
                return len(peer.recv(5)) == 5
        except OSError:
            return False

    def _run_quietly(self, *command: str) -> None:
        found = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if found.returncode:
            raise RuntimeError(f"{command[0]} failed:\n{found.stdout[-2000:]}{found.stderr[-2000:]}")

    def _last_words(self) -> str:
        return (self.folder / "log").read_text(errors="replace")[-3000:]


def share(folder: Path) -> Server:
    """A running server that all who name the same folder have together, until the last of them has ended."""
    program("mariadbd", "mysqld")
    users = folder.with_name(f"{folder.name}.users")
    while True:
        # Kept open, and so locked, until the process ends.
        held = os.open(users, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(held, fcntl.LOCK_SH)
        if _is_same(held, users):
            break
        # The keeper of a server that nobody used any more was just leaving.
        os.close(held)
    ready = folder.with_name(f"{folder.name}.ready")
    with folder.with_name(f"{folder.name}.starting").open("w") as starting:
        fcntl.flock(starting, fcntl.LOCK_EX)
        if not ready.exists():
            keeper = subprocess.Popen(
                [sys.executable, __file__, str(folder)],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
            assert keeper.stdout is not None
            with keeper.stdout:
                told = keeper.stdout.read().decode(errors="replace")
            # It outlives whoever started it: nobody waits for it.
            keeper.returncode = 0
            if not ready.exists():
                raise RuntimeError(told)
    return Server(folder)


def keep(folder: Path) -> None:
    """The keeper's life. Says nothing where all is well; what it prints ends where its standard output is closed."""
    users, ready, starting = (folder.with_name(f"{folder.name}.{end}") for end in ("users", "ready", "starting"))
    shutil.rmtree(folder, ignore_errors=True)
    server = Server(folder)
    try:
        server.make()
        server.start()
        ready.touch()
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in (1, 2):
            os.dup2(nowhere, stream)
        with users.open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            server.remove()
            for file in (ready, starting, users):
                file.unlink(missing_ok=True)
    finally:
        server.remove()


def _is_same(opened: int, file: Path) -> bool:
    try:
        return os.fstat(opened).st_ino == file.stat().st_ino
    except FileNotFoundError:
        return False


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    keep(Path(sys.argv[1]))
