"""The page of what goes over connections that stay."""

from __future__ import annotations

from tests.docs.tables import code, page, table
from tidegate.realtime.engine import MOST_RECEIVED, Timing
from tidegate.realtime.events import EVENTS, HANDSHAKE
from tidegate.realtime.lines import ALLOWANCE, REFILL
from tidegate.web.closing import COMING_BACK, WHEN
from tidegate.web.messages import FROM_CLIENTS, FROM_US, LONGEST_ID
from tidegate.web.sockets import GONE_AFTER, MOST_BUFFERED, PING_AFTER
from tidegate.web.streams import HEARTBEAT
from tidegate.web.touches import KEYS as TOUCH
from tidegate.web.websocket import SUBPROTOCOL


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
