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
