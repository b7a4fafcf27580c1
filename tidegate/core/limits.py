"""What one request may cost. Every limit has a default; `limits:` in tidegate.yaml changes it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes in bytes, times in seconds, everything else a count."""

    body: int = 1024 * 1024
    """A request's body. More is answered 413."""
    tokens: int = 4000
    """Lexical tokens of a GraphQL document."""
    depth: int = 15
    """Nested fields, introspection included in its own way: it may go as deep as the standard query does."""
    fields: int = 1000
    """Fields of a document after fragments are spread: what the answer is made of."""
    aliases: int = 100
    """Aliases in a document."""
    directives: int = 50
    """Directives in a document."""
    rootFields: int = 20
    """Fields at the top of an operation, after fragments are spread."""
    pageSize: int = 1000
    """Rows that a list, or a nested list, answers at most."""
    batchSize: int = 1000
    """Rows that `createMany` takes at most."""
    filterTerms: int = 100
    """Comparisons in a filter that a client sends."""
    timeout: float = 10.0
    """One request's whole execution, unless the operation says otherwise."""
    headTimeout: float = 10.0
    """From a connection's first byte, or the last answer, until a request's head is complete."""
    bodyTimeout: float = 20.0
    """From a request's head until its body is complete."""
    errors: int = 20
    """Errors listed in one answer."""
    subscriptions: int = 100
    """Subscriptions of one connection at once."""
    liveQueries: int = 100_000
    """Different questions that are kept live at once, whoever asks: about 2 KiB each, and what it last answered."""
    connections: int = 100
    """Connections of one user that stay open (websockets, event streams) at once. Those without a token are not told
    apart, so they are not counted."""
    initTimeout: float = 3.0
    """From an accepted websocket until its connection_init."""
    idleReader: float = 30.0
    """How long a connection that reads nothing of what waits for it is kept."""
    scriptCpu: float = 1.0
    """Computing time of one run of a program, waiting left out."""
    scriptTime: float = 10.0
    """One run of a program, waiting for `$http` and the like included."""
    scriptMemory: int = 128 * 1024 * 1024
    """Memory of one run of a program. The engine itself stops at 128 MiB, so more than that has no effect."""
    scriptCalls: int = 100
    """What one run may ask of the gateway: requests by `$http`, operations, hashes."""
    scriptEmits: int = 20
    """Events that one run may emit."""
    scriptLines: int = 1000
    """Lines that one run may write to `console`."""
    scriptLog: int = 64 * 1024
    """Bytes that one run may write to `console`."""
    scriptData: int = 1024 * 1024
    """What a program is given, what it answers, and each thing it asks for: bytes of JSON."""
    scriptDepth: int = 64
    """Nested values in what a program answers or asks for."""
    httpBody: int = 1024 * 1024
    """The body of an answer to `$http`, when it is unpacked."""
    httpTimeout: float = 5.0
    """One request by `$http`, redirects included."""
    httpRedirects: int = 3
    """Redirects that a request by `$http` follows."""
    actions: int = 1000
    """Actions that one call may run: one for each row of `updateMany`, say."""
    nesting: int = 8
    """Calls within calls: an action that calls an operation whose action calls another."""
    steps: int = 10_000
    """Steps that one call of a function runs, those of loops and of functions it calls included."""
    parallel: int = 16
    """Branches or iterations of one step that run at the same time."""
    joinKeys: int = 1000
    """Different values that one join asks for, and rows of a function's answer at one place of a selection of which
    more is selected than it gave."""
    tails: int = 1000
    """Calls that go on behind an early answer at once. Where there are more, the answer waits for the end."""
    handlerTime: float = 5.0
    """What `onError` of a function may take, also where the function's own time is up."""
    runsKept: int = 100
    """Runs of each function that are kept for `tidegate runs`."""
    runSteps: int = 500
    """Steps, and lines written to `console`, that are kept of one run."""
    eventData: int = 64 * 1024
    """The data of one emitted event: bytes of JSON."""
    eventsKept: int = 1000
    """Emitted events that are kept for those who reconnect."""
    eventsBytes: int = 8 * 1024 * 1024
    """What the events kept may hold together."""
    eventsAge: float = 120.0
    """How long events are kept for those who reconnect."""
