"""The page of what goes over connections that stay."""

from __future__ import annotations

from tests.docs.generated_keys import catalog
from tests.docs.tables import code, page, table
from tidegate.core.errors import Code, OperationError
from tidegate.core.live import Result
from tidegate.realtime.engine import MOST_RECEIVED, Timing
from tidegate.realtime.events import EVENTS, HANDSHAKE
from tidegate.realtime.lines import ALLOWANCE, REFILL
from tidegate.schema.refreshed import TYPE, make_refreshed
from tidegate.web.answers import error_body
from tidegate.web.closing import COMING_BACK, WHEN
from tidegate.web.event_stream import EVENT_STREAM, Labelled
from tidegate.web.messages import FROM_CLIENTS, FROM_US, LONGEST_ID
from tidegate.web.multipart import MULTIPART
from tidegate.web.sockets import GONE_AFTER, MOST_BUFFERED, PING_AFTER
from tidegate.web.streams import HEARTBEAT
from tidegate.web.touches import KEYS as TOUCH
from tidegate.web.websocket import SUBPROTOCOL


def _streams() -> list[list[str]]:
    """Written by what writes them."""
    result = Result(b'{"data":{}}')
    error = OperationError(Code.LIMIT, "…")
    shared = Labelled("1")
    failure = shared.next(error_body(error.message, error.extensions)) + shared.complete
    rows = [
        ["it begins", EVENT_STREAM.opening, EVENT_STREAM.opening, MULTIPART.opening],
        ["a result", EVENT_STREAM.result(result), shared.result(result), MULTIPART.result(result)],
        ["it is over", EVENT_STREAM.complete, shared.complete, MULTIPART.complete],
        ["it failed", EVENT_STREAM.failure(error), failure, MULTIPART.failure(error)],
        ["nothing to say", EVENT_STREAM.heartbeat, EVENT_STREAM.heartbeat, MULTIPART.heartbeat],
        ["the server stops", EVENT_STREAM.stopping, EVENT_STREAM.stopping, MULTIPART.stopping],
    ]
    return [[str(name), *(_shown(sent) for sent in frames if isinstance(sent, bytes))] for name, *frames in rows]


def _shown(sent: bytes) -> str:
    text = sent.decode().replace("\r\n", "⏎").replace("\n", "⏎")
    return code(text) if text else "nothing"


def _refreshed() -> list[list[str]]:
    (queries,) = make_refreshed(catalog()).arguments.values()
    fields = [[code(name), code(str(field.type)), field.description] for name, field in TYPE.fields.items()]
    return [[code(queries.name), code(str(queries.type)), queries.description], *fields]


def protocol_page() -> str:
    messages = [
        [who, code(type), has, says]
        for who, all in (("client", FROM_CLIENTS), ("server", FROM_US))
        for type, (has, says) in all.items()
    ]
    closing = [[str(int(each)), when, "yes" if each in COMING_BACK else "no"] for each, when in WHEN.items()]
    timing = Timing()
    numbers = [
        ["a websocket of `/graphql` that nothing is heard of is pinged after", f"{PING_AFTER:g} s"],
        ["and closed after", f"{GONE_AFTER:g} s"],
        ["a reader of it is listened to no longer while more waits for it than", f"{MOST_BUFFERED // 1024} KiB"],
        ["an id has at most", f"{LONGEST_ID} characters"],
        ["an event stream that has nothing to say says so every", f"{HEARTBEAT:g} s"],
        ["Socket.IO: a ping comes every", f"{timing.ping:g} s"],
        ["and is waited for", f"{timing.pong:g} s"],
        ["a connection without CONNECT is closed after", f"{timing.connect:g} s"],
        ["one that has to log in, and does not, after", f"{timing.login:g} s"],
        ["going over from polling to a websocket may take", f"{timing.upgrade:g} s"],
        ["a packet of a client has at most", f"{MOST_RECEIVED // 1024} KiB"],
        ["packets that a client may send at once", f"{ALLOWANCE:g}"],
        ["and for each further second", f"{REFILL:g}"],
    ]
    return page(
        "# Protocols",
        "Made by `python -m tests.docs.generated`; a test holds this page against the code. What is behind it: "
        "[live queries](../live.md), [socket events](../events.md).",
        "## Websockets",
        f"`/graphql`, subprotocol `{SUBPROTOCOL}`. Every message is a JSON object with a `type`. Whether a "
        "client is still there is asked by the websocket's own pings, which libraries answer.",
        table(("from", "`type`", "beside it", "means"), messages),
        "A response has `extensions.refreshed` where a mutation may have changed what queries answer: the names "
        "of those that the caller may call.",
        "## Close codes",
        table(("code", "when", "graphql-ws comes back"), closing),
        "## Event streams",
        "What is sent over `/graphql` and `/graphql/stream` where `Accept` wants a stream: "
        "[live queries](../live.md#server-sent-events). Line breaks are shown as `⏎`.",
        table(("what", "server-sent events", "in a shared stream", "multipart"), _streams()),
        "## refreshed",
        "Beside the queries of the project, `Subscription` has `refreshed`. The arguments and what it gives:",
        table(("name", "type", "is"), _refreshed()),
        "## Socket.IO",
        "`/socket.io/`, Engine.IO 4, the namespace `/`.",
        table(("event", "with", "says"), [[code(name), *said] for name, said in EVENTS.items()]),
        table(("`auth` of the handshake", "is"), [[code(name), said] for name, said in HANDSHAKE.items()]),
        "CONNECT is answered with `sid`, and with `pid` where the client may come back; then each event of the project "
        "has its data, and its offset as one more argument. CONNECT_ERROR has a `message` and `data.code`, a "
        "[code](errors.md).",
        "## POST /touch",
        table(("key", "says"), [[code(name), said] for name, said in TOUCH.items()]),
        "## Numbers",
        table(("what", "how much"), numbers),
    )
