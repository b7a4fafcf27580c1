"""`tidegate` as a command that begins at once: one process has read all the modules, and each command is a fork of it.

Terminals run it by its name, as what `pip install` puts there; it has their folder, their environment, their input and
output, and their Ctrl+C. `python -m tests.docs.commands SOCKET` is the process, until its input ends.
"""

from __future__ import annotations

import json
import os
import select
import socket
import subprocess
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NoReturn, TextIO, cast

LARGEST: Final = 128 * 1024
READY: Final = b"ready\n"
READ: Final = ("tidegate.app", "tidegate.web.server", "tidegate.web.frontend", "tidegate.logs")
"""Besides what a first look at a project takes."""
SCRIPT: Final = """#!{python} -IS
import json, os, signal, socket, sys

asked = json.dumps({{"words": sys.argv[1:], "folder": os.getcwd(), "environment": dict(os.environ)}})
place = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
place.connect("{place}")
socket.send_fds(place, [asked.encode()], [0, 1, 2])
command = int(place.recv(32))
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, lambda number, _: os.kill(command, number))
sys.exit(int(place.recv(32) or 70))
"""


@contextmanager
def commands(folder: Path) -> Iterator[Path]:
    """A folder for the PATH, in which `tidegate` is."""
    place, script = folder / "socket", folder / "bin" / "tidegate"
    begun = [sys.executable, "-m", "tests.docs.commands", str(place)]
    # Of a folder of its own: what is tested is the checkout, wherever the tests are begun.
    with subprocess.Popen(
        begun, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == READY
        script.parent.mkdir()
        script.write_text(SCRIPT.format(python=sys.executable, place=place), encoding="utf-8")
        script.chmod(0o755)
        try:
            yield script.parent
        finally:
            process.stdin.close()


def warm() -> None:
    """Reads what commands read when they are first needed."""
    from click.testing import CliRunner

    from tidegate.cli.group import COMMANDS, main

    for name in (*READ, *(f"tidegate.cli.{name}" for name in COMMANDS)):
        import_module(name)
    with TemporaryDirectory() as folder:
        for command in ("init", "check", "schema"):
            CliRunner().invoke(main, [command, f"{folder}/desk"], catch_exceptions=False)


def wait(place: str) -> None:
    warm()
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(place)
        listener.listen()
        os.write(1, READY)
        while True:
            heard, _, _ = select.select([listener.fileno(), 0], [], [])
            if 0 in heard:
                return bury()
            bury()
            connection, _ = listener.accept()
            if os.fork() == 0:
                listener.close()
                perform(connection)
            connection.close()


def bury() -> None:
    """What is left of commands that have ended."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass


def opened(file: int, mode: str) -> TextIO:
    return cast(TextIO, os.fdopen(file, mode, buffering=1, encoding="utf-8", closefd=False))


def perform(connection: socket.socket) -> NoReturn:
    """Is the command from here on."""
    from tidegate.cli import main

    code = 70
    try:
        asked, files, _, _ = socket.recv_fds(connection, LARGEST, 3)
        given = json.loads(asked)
        for wanted, file in enumerate(files):
            os.dup2(file, wanted)
            os.close(file)
        sys.stdin, sys.stdout, sys.stderr = opened(0, "r"), opened(1, "w"), opened(2, "w")
        os.chdir(given["folder"])
        os.environ.clear()
        os.environ.update(given["environment"])
        sys.argv = ["tidegate", *given["words"]]
        connection.send(str(os.getpid()).encode())
        try:
            main(prog_name="tidegate")
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        sys.stdout.flush()
        sys.stderr.flush()
        connection.send(str(code).encode())
    except BaseException:  # noqa: BLE001
        # Nobody else would tell: no exception may leave, or there were two that wait.
        traceback.print_exc()
    finally:
        os._exit(code)


if __name__ == "__main__":
    wait(sys.argv[1])
