"""One run as the gateway sees it: what a worker asks goes to the host, what it answers is held against the limits."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from logging import getLogger
from typing import Any, Final

from tidegate.core.limits import Limits
from tidegate.core.program import Asked, Fault, Host, HostRefused, Outcome, ProgramFailed
from tidegate.sandbox.frames import CPU_EXIT, MEMORY_EXIT, Kind
from tidegate.sandbox.hygiene import TooDeep, Unfit, clean_text, decode, encode
from tidegate.sandbox.link import Garbled, Gone, Link
from tidegate.sandbox.run import shown_size

log = getLogger(__name__)

MESSAGE: Final = 4096
STACK: Final = 16 * 1024
"""Characters of what a program throws."""
MARGIN: Final = 4096
"""Bytes that a frame has around what is limited."""
LAST_WORD: Final = 1.0
"""Seconds between being told that time is up and being killed, in which a worker may say where it is. It takes a
thousandth of one, unless it is in native code: which its computing time would have ended."""
LAST_FRAMES: Final = 100
"""How many frames may come before that word."""

OBITUARY: Final = 2.0
"""Seconds in which the zygote tells how a worker ended."""

_QUESTIONS: Final = frozenset(Asked)
_FAULTS: Final = frozenset(Fault)
_LEVELS: Final = frozenset({"log", "warn", "error"})


@dataclass(frozen=True, slots=True)
class Subject:
    """What an error names. `name` as in `core.program.Program`."""

    name: str
    file: str

    def __str__(self) -> str:
        return self.name[:1].upper() + self.name[1:]


class Broken(Exception):
    """The worker did what none of ours does. The text is for the log."""


def largest_frame(limits: Limits) -> int:
    """Bytes: an answer has the value and the input."""
    return max(2 * limits.scriptData, limits.scriptLog, 6 * (MESSAGE + STACK)) + MARGIN


class Conversation:
    """`until` is on the event loop's clock. `hurry`: what the time is called that ends there, for an error."""

    def __init__(self, link: Link, subject: Subject, limits: Limits, until: float, hurry: str) -> None:
        self._link = link
        self._subject = subject
        self._limits = limits
        self._until = until
        self._hurry = hurry
        self._calls = 0
        self._emits = 0
        self._lines = 0
        self._logged = 0
        self._place = ""

    async def converse(self, kind: Kind, job: bytes, host: Host | None) -> Mapping[str, Any]:
        """What the engine answers, not looked into. Raises `ProgramFailed`; then, and when it is cancelled, the worker
        is to be killed."""
        # Any: JSON, which `Answer` looks into.
        self._link.send(kind, job)
        try:
            async with asyncio.timeout_at(self._until) as patience:
                # The host is not waited for on behalf of a worker that is gone.
                self._link.lost = lambda _: None if patience.expired() else patience.reschedule(0)
                try:
                    return await self._listen(host)
                finally:
                    self._link.lost = None
        except TimeoutError:
            if self._link.gone:
                raise await self._explain() from None
            await self._hear_last_word()
            raise self._limit(self._hurry) from None
        except Gone:
            raise await self._explain() from None
        except (Broken, Garbled) as broken:
            raise self.broken(str(broken)) from None

    def answer(self, given: Mapping[str, Any]) -> Outcome:
        """Of a run. Raises `ProgramFailed`."""
        match given:
            case {"value": value, "input": dict(written), **rest} if not rest:
                return Outcome(value, written)
            case {"failure": dict(failure), **rest} if not rest:
                raise self._failure(failure)
            case _:
                raise self.broken("an answer that is none")

    def broken(self, why: str) -> ProgramFailed:
        log.error("%s broke the process it ran in: %s.", self._subject, why)
        return ProgramFailed(Fault.BROKEN, f"{self._subject} could not be run to its end.", self._place)

    async def _listen(self, host: Host | None) -> Mapping[str, Any]:
        while True:
            kind, payload = await self._link.receive()
            match kind:
                case Kind.ASK if host is not None:
                    self._link.send(Kind.ANSWER, await self._ask(host, payload))
                case Kind.LOG if host is not None:
                    self._log(host, payload)
                case Kind.DONE:
                    return self._read_answer(payload)
                case Kind.STOPPED:
                    raise self._stopped(payload)
                case Kind.CONFUSED:
                    raise Broken(f"its engine failed with {payload[:MESSAGE]!r}")
                case _:
                    raise Broken(f"a frame of the kind {kind}")

    def _read_answer(self, payload: bytes) -> Mapping[str, Any]:
        limits = self._limits
        try:
            # Two levels are the answer's own.
            given = decode(payload, limits.scriptDepth + 1)
        except TooDeep:
            raise self._limit(f"answered values nested deeper than {limits.scriptDepth}") from None
        except Unfit as unfit:
            raise Broken(f"its answer is {unfit}") from None
        if not isinstance(given, dict):
            raise Broken("its answer is no mapping")
        if len(payload) > limits.scriptData and "value" in given:
            # Each of the two may have as much. Encoded again only here, where it may matter.
            for name, what in (("value", "answered"), ("input", "left an input of")):
                if len(encode(given.get(name))) > limits.scriptData:
                    raise self._limit(f"{what} more than {shown_size(limits.scriptData)}")
        return given

    async def _ask(self, host: Host, payload: bytes) -> bytes:
        limits = self._limits
        if len(payload) > limits.scriptData + MARGIN:
            raise self._limit(f"asked for something with more than {shown_size(limits.scriptData)}")
        try:
            request = decode(payload, limits.scriptDepth + 2)
        except TooDeep:
            raise self._limit(f"asked for something nested deeper than {limits.scriptDepth}") from None
        except Unfit as unfit:
            raise Broken(f"a question that is {unfit}") from None
        match request:
            case {"what": str(what), "arguments": list(arguments), **rest} if not rest and what in _QUESTIONS:
                asked = Asked(what)
            case _:
                raise Broken("a question that nobody asks")
        self._count(asked)
        try:
            value = await host.ask(asked, arguments)
            answer = encode({"value": value})
        except HostRefused as refused:
            return _refusal(refused)
        except Exception:
            log.exception("%s asked for %s, which failed.", self._subject, asked)
            raise Broken(f"what it asked for failed ({asked})") from None
        if asked is not Asked.HTTP and len(answer) > limits.scriptData:
            return _refusal(HostRefused(f"The answer has more than {shown_size(limits.scriptData)}.", "RangeError"))
        return answer

    def _count(self, asked: Asked) -> None:
        if asked is Asked.EMIT:
            self._emits += 1
            if self._emits > self._limits.scriptEmits:
                raise self._limit(f"emitted more than {_count(self._limits.scriptEmits, 'event')}")
        else:
            self._calls += 1
            if self._calls > self._limits.scriptCalls:
                raise self._limit(f"asked more than {_count(self._limits.scriptCalls, 'time')} for something")

    def _log(self, host: Host, payload: bytes) -> None:
        limits = self._limits
        level, _, text = payload.partition(b"\0")
        self._lines += 1
        self._logged += len(text)
        if self._lines > limits.scriptLines:
            raise self._limit(f"wrote more than {_count(limits.scriptLines, 'line')} to the console")
        if self._logged > limits.scriptLog:
            raise self._limit(f"wrote more than {shown_size(limits.scriptLog)} to the console")
        try:
            word, words = level.decode("ascii"), text.decode("utf-8")
        except UnicodeDecodeError:
            raise Broken("a line of the console that is no text") from None
        if word not in _LEVELS:
            raise Broken("a line of the console of no level")
        host.log(word, clean_text(words))

    def _stopped(self, payload: bytes) -> ProgramFailed:
        word, _, place = payload.partition(b"\0")
        self._place = clean_text(place.decode("utf-8", "replace"))[:MESSAGE]
        match word:
            case b"cpu":
                return self._limit(self._computed())
            case b"memory":
                return self._limit(self._took())
            case _:
                return self._limit(self._hurry)

    async def _hear_last_word(self) -> None:
        """Where it was when its time was up, if it still says so."""
        self._link.signal(signal.SIGUSR1)
        try:
            async with asyncio.timeout(LAST_WORD):
                for _ in range(LAST_FRAMES):
                    kind, payload = await self._link.receive()
                    if kind == Kind.STOPPED:
                        self._stopped(payload)
                        return
        except (TimeoutError, Gone, Garbled):
            return

    async def _explain(self) -> ProgramFailed:
        """Why the worker is gone, of which its parent tells."""
        try:
            async with asyncio.timeout(OBITUARY):
                code = await asyncio.shield(self._link.death)
        except (TimeoutError, asyncio.CancelledError):
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            return self.broken("it ended")
        if code in (CPU_EXIT, -signal.SIGPROF, -signal.SIGXCPU, -signal.SIGVTALRM):
            return self._limit(self._computed())
        if code == -signal.SIGALRM:
            return self._limit(self._hurry)
        if code == MEMORY_EXIT:
            return self._limit(self._took())
        if code == -signal.SIGSYS:
            return self.broken("it was ended by the kernel for a system call that programs have no need of")
        return self.broken(f"it ended with {code}")

    def _failure(self, failure: Mapping[str, Any]) -> ProgramFailed:
        texts = [failure.get(name) for name in ("fault", "message", "place", "stack")]
        if not all(isinstance(text, str) for text in texts):
            return self.broken("a failure that is none")
        fault, message, place, stack = map(str, texts)
        if fault not in _FAULTS:
            return self.broken("a failure of no kind")
        name = failure.get("name")
        told = name[:MESSAGE] if isinstance(name, str) else ""
        return ProgramFailed(Fault(fault), message[:MESSAGE], place[:MESSAGE], stack[:STACK], told)

    def _computed(self) -> str:
        return f"computed for more than {shown_time(self._limits.scriptCpu)}"

    def _took(self) -> str:
        return f"took more than {shown_size(self._limits.scriptMemory)} of memory"

    def _limit(self, what: str) -> ProgramFailed:
        return ProgramFailed(Fault.LIMIT, f"{self._subject} {what}.", self._place or self._subject.file)


def _refusal(refused: HostRefused) -> bytes:
    name, message = clean_text(refused.name), clean_text(refused.message)
    return encode({"error": {"name": name, "message": message, "status": refused.status}})


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def shown_time(seconds: float) -> str:
    return f"{seconds:g} s" if seconds >= 1 else f"{seconds * 1000:g} ms"
