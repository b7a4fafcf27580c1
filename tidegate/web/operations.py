"""What a websocket's client has asked and not completed: subscriptions, queries, mutations."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from typing import Final

from tidegate.core.errors import Code, OperationError
from tidegate.core.live import Result
from tidegate.schema.request_errors import DocumentError
from tidegate.web.closing import CloseCode, Closing
from tidegate.web.failures import as_shown
from tidegate.web.gateway import Client, Gateway, Response, Subscription
from tidegate.web.messages import NEXT_END, Subscribe, complete, error, next_prefix
from tidegate.web.sockets import Socket

MOST_RUNNING: Final = 10
"""Queries and mutations of one connection that are executed at once; the others wait."""
MOST_WAITING: Final = 100
"""Queries and mutations of one connection that wait; more are answered LIMIT."""
MOST_HELD: Final = 4
"""So many times `limits.body` is the size of all messages whose ids are in use; more is answered LIMIT."""

FRAME: Final = "graphql-transport-ws"
"""The name of our frames in `Result.frames`."""


class Operations:
    """Those of one connection, by the id that the client gave. Ends before `socket` does, or with it."""

    def __init__(self, gateway: Gateway, client: Client, socket: Socket) -> None:
        self.client = client
        self._gateway = gateway
        self._socket = socket
        self._known: dict[str, Operation | LiveSink] = {}
        self._held = 0
        self._waiting: dict[Operation, None] = {}
        self._running = 0
        # What a slow reader has not been sent: the newest of each topic of each subscription, and the ends.
        self._unsent: dict[tuple[LiveSink, Hashable], tuple[bytes, bytes]] = {}
        self._ended = False
        socket.drained = self._send_unsent

    def start(self, message: Subscribe) -> None:
        """Raises `Closing`."""
        id = message.id
        if id in self._known:
            raise Closing(CloseCode.DUPLICATE, "There is a subscriber with this id already")
        asked = message.asked
        try:
            if self._held + message.size > MOST_HELD * self._gateway.catalog.limits.body:
                raise OperationError(Code.LIMIT, "What is asked on this connection is too large together.")
            if self.client.is_subscription(asked.query, asked.operation_name):
                sink = LiveSink(self, id, message.size)
                sink.subscription = self.client.subscribe(asked.query, asked.operation_name, asked.variables, sink)
                self._add(sink)
            else:
                if len(self._waiting) >= MOST_WAITING:
                    raise OperationError(Code.LIMIT, "Too many operations wait on this connection.")
                operation = Operation(message)
                self._add(operation)
                self._waiting[operation] = None
                self._run_next()
        except Exception as failure:  # noqa: BLE001 - logged there
            self._socket.send_text(_error(id, failure))

    def complete(self, id: str) -> None:
        """The client wants no more of this: it is not answered, and what it has not committed is not done."""
        match self._known.get(id):
            case LiveSink() as sink:
                self.drop(sink)
            case Operation() as operation:
                self._waiting.pop(operation, None)
                self._remove(operation)
                operation.cancel()

    def end(self) -> None:
        """Ends all without a word, as `complete` does. May be called more than once."""
        self._ended = True
        for entry in self._known.values():
            if isinstance(entry, Operation):
                entry.cancel()
        self._waiting.clear()
        self._known.clear()
        self._unsent.clear()
        self._socket.drained = None
        self.client.close()

    def send(self, sink: LiveSink, topic: Hashable, start: bytes, rest: bytes) -> None:
        """Now, or when the reader has caught up, if nothing newer of the topic comes before."""
        if self._socket.paused or self._unsent:
            self._unsent[sink, topic] = (start, rest)
        else:
            self._socket.send_parts(start, rest)

    def finish(self, sink: LiveSink, failure: OperationError | None) -> None:
        """The subscription has ended by itself."""
        # A moment later: where the whole connection is about to be closed, its close code says all, and clients connect
        # again. They would not do so for a subscription that was told of an error.
        asyncio.get_running_loop().call_soon(self._say_end, sink, failure)

    def drop(self, sink: LiveSink) -> None:
        sink.open = False
        if sink.subscription is not None:
            sink.subscription.close()
        for key in [key for key in self._unsent if key[0] is sink]:
            del self._unsent[key]
        self._remove(sink)

    def _say_end(self, sink: LiveSink, failure: OperationError | None) -> None:
        if self._known.get(sink.id) is sink:
            self._remove(sink)
            self.send(sink, _END, complete(sink.id) if failure is None else _error(sink.id, failure), b"")

    def _send_unsent(self) -> None:
        while self._unsent and not self._socket.paused:
            key = next(iter(self._unsent))
            self._socket.send_parts(*self._unsent.pop(key))

    def _add(self, entry: Operation | LiveSink) -> None:
        self._known[entry.id] = entry
        self._held += entry.size

    def _remove(self, entry: Operation | LiveSink) -> None:
        if self._known.get(entry.id) is entry:
            del self._known[entry.id]
            self._held -= entry.size

    def _run_next(self) -> None:
        if self._waiting and self._running < MOST_RUNNING and not self._ended:
            operation = next(iter(self._waiting))
            del self._waiting[operation]
            self._running += 1
            task = operation.task = asyncio.get_running_loop().create_task(self._run(operation))
            # The server's own set: when it is told to stop, it waits for these as for requests.
            self._socket.tasks.add(task)
            task.add_done_callback(self._ran)

    async def _run(self, operation: Operation) -> None:
        asked = operation.asked
        answer: Response | Exception
        try:
            # Who does not read is not answered, and so nothing is executed for them.
            await self._socket.writable.wait()
            if self._known.get(operation.id) is not operation:
                return
            answer = await self.client.execute(asked.query, asked.operation_name, asked.variables)
        except Exception as failure:  # noqa: BLE001 - logged there
            answer = failure
        if self._known.get(operation.id) is operation:
            self._remove(operation)
            self._answer(operation.id, answer)

    def _ran(self, task: asyncio.Task[None]) -> None:
        # Also of a task that was cancelled before it began.
        self._socket.tasks.discard(task)
        self._running -= 1
        self._run_next()

    def _answer(self, id: str, answer: Response | Exception) -> None:
        if isinstance(answer, Exception):
            self._socket.send_text(_error(id, answer))
        elif not answer.data_present:
            self._socket.send_text(error(id, answer.errors))
        else:
            self._socket.send_parts(next_prefix(id), answer.body + NEXT_END)
            self._socket.send_text(complete(id))


class Operation:
    """A query or a mutation. `task` executes it."""

    __slots__ = ("asked", "id", "size", "task")

    def __init__(self, message: Subscribe) -> None:
        self.id = message.id
        self.asked = message.asked
        self.size = message.size
        self.task: asyncio.Task[None] | None = None

    def cancel(self) -> None:
        if self.task is not None:
            self.task.cancel()


class LiveSink:
    """A subscription, and its `Sink`."""

    __slots__ = ("_operations", "_prefix", "id", "open", "size", "subscription")

    def __init__(self, operations: Operations, id: str, size: int) -> None:
        self.id = id
        self.size = size
        self.open = True
        self.subscription: Subscription | None = None
        self._operations = operations
        self._prefix = next_prefix(id)

    def result(self, result: Result) -> None:
        if not self.open:
            return
        rest = result.frames.get(FRAME)
        if rest is None:
            rest = result.frames[FRAME] = result.body + NEXT_END
        self._operations.send(self, result.topic, self._prefix, rest)

    def ended(self, error: OperationError | None) -> None:
        if self.open:
            self.open = False
            self._operations.finish(self, error)


_END: Final = object()
"""In place of a topic: the last word about a subscription."""


def _error(id: str, failure: Exception) -> bytes:
    if isinstance(failure, DocumentError):
        return error(id, failure.errors)
    shown = as_shown(failure)
    return error(id, [{"message": shown.message, "extensions": shown.extensions}])
