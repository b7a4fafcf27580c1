"""What one request may cost. Every limit has a default; `limits:` in tidegate.yaml changes it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


# Any: each limit is of its own type.
def _limit(default: Any, meaning: str) -> Any:
    """`meaning` is what editors and the reference say: what it is a limit of."""
    return field(default=default, metadata={"meaning": meaning})


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes in bytes, times in seconds, everything else a count."""

    body: int = _limit(1024 * 1024, "a request's body; more is answered 413")
    tokens: int = _limit(4000, "lexical tokens of a GraphQL document")
    depth: int = _limit(15, "nested fields; introspection may go as deep as the standard query for it does")
    fields: int = _limit(1000, "fields of a document after fragments are spread")
    aliases: int = _limit(100, "aliases in a document")
    directives: int = _limit(50, "directives in a document")
    rootFields: int = _limit(20, "fields at the top of an operation")
    pageSize: int = _limit(1000, "rows of a list, or of a nested list")
    batchSize: int = _limit(1000, "rows that `createMany` takes")
    filterTerms: int = _limit(100, "comparisons in a filter that a client sends")
    timeout: float = _limit(10.0, "a request's whole execution, unless the operation says otherwise")
    headTimeout: float = _limit(
        10.0, "from a connection's first byte, or the last answer, until a request's head is complete"
    )
    bodyTimeout: float = _limit(20.0, "from a request's head until its body is complete")
    errors: int = _limit(20, "errors listed in one answer")
    subscriptions: int = _limit(100, "subscriptions of one connection at once")
    liveQueries: int = _limit(
        100_000,
        "different questions that are kept live at once, whoever asks: about 2 KiB each, and what it last answered",
    )
    connections: int = _limit(
        100,
        "connections of one user that stay open at once: websockets, event streams. Those without a token are not "
        "told apart, so they are not counted",
    )
    initTimeout: float = _limit(3.0, "from an accepted websocket until its `connection_init`")
    idleReader: float = _limit(30.0, "how long a connection that reads nothing of what waits for it is kept")
    scriptCpu: float = _limit(1.0, "computing time of one run of a program, waiting left out")
    scriptTime: float = _limit(10.0, "one run of a program, waiting for `$http` and the like included")
    scriptMemory: int = _limit(
        128 * 1024 * 1024,
        "memory of one run; the JavaScript engine stops at 128 MiB in any case",
    )
    scriptCalls: int = _limit(100, "what one run asks of the gateway: requests by `$http`, operations, hashes")
    scriptEmits: int = _limit(20, "events that one run emits")
    scriptLines: int = _limit(1000, "lines that one run writes to `console`")
    scriptLog: int = _limit(64 * 1024, "what one run writes to `console`")
    scriptData: int = _limit(
        1024 * 1024,
        "what a program is given, what it answers, and each thing it asks for, as JSON",
    )
    scriptDepth: int = _limit(64, "nested values in what a program answers or asks for")
    httpBody: int = _limit(1024 * 1024, "the body of an answer to `$http`, unpacked")
    httpTimeout: float = _limit(5.0, "one request by `$http`, redirects included")
    httpRedirects: int = _limit(3, "redirects that a request by `$http` follows")
    actions: int = _limit(1000, "actions that one call runs: one for each row of `updateMany`, say")
    nesting: int = _limit(8, "calls within calls: an action that calls an operation whose action calls another")
    steps: int = _limit(
        10_000,
        "steps that one call of a function runs, those of loops and of functions it calls included",
    )
    parallel: int = _limit(16, "branches or iterations of one step at the same time")
    joinKeys: int = _limit(
        1000,
        "different values that one join asks for; rows in a function's answer, at one place of a selection, of "
        "which more is selected than it gave",
    )
    tails: int = _limit(
        1000,
        "calls that go on behind an early answer (`respond`) at once; where there are more, the answer waits for "
        "the end",
    )
    handlerTime: float = _limit(5.0, "`onError` of a function, also where the function's own time is up")
    runsKept: int = _limit(100, "runs of each function that are kept for `tidegate runs`")
    runSteps: int = _limit(500, "steps, and lines written to `console`, that are kept of one run")
    eventData: int = _limit(64 * 1024, "the data of one emitted event, as JSON")
    eventsKept: int = _limit(1000, "emitted events that are kept for those who reconnect")
    eventsBytes: int = _limit(8 * 1024 * 1024, "what the events kept hold together")
    eventsAge: float = _limit(120.0, "how long events are kept for those who reconnect")
