"""One subscription: a document that was opened as somebody, and may have to be opened again as them.

Results come from the live queries of the client's edition. Who asks with properties of the user's (`auth.properties`)
depends on those too: results are held while the properties may be others, and the question is posed anew when they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from logging import getLogger
from typing import TYPE_CHECKING, Any, Final

import orjson

from tidegate.core.call import Call, Runnable
from tidegate.core.change import Change
from tidegate.core.errors import Code, OperationError
from tidegate.core.integration import Answer
from tidegate.core.json import Json, frozen
from tidegate.core.live import Question, Result, Sink
from tidegate.core.operation import Live
from tidegate.schema.live import Opened, encode, encode_refreshed, open_subscription
from tidegate.schema.request_errors import DocumentError

if TYPE_CHECKING:
    from tidegate.clients import Client
    from tidegate.edition import Edition

log = getLogger(__name__)

TRANSIENT: Final = frozenset({Code.TIMEOUT, Code.UPSTREAM_FAILED, Code.INTERNAL})

NO_PROPERTIES: Final[Mapping[str, Json]] = {}


class Subscription:
    """Implements the web's `Subscription`, the live queries' `Watcher` and core's `Bus`."""

    # Any: variables are the client's JSON, coerced by the document.
    def __init__(
        self, client: Client, text: str, operation_name: str | None, variables: Mapping[str, Any] | None, sink: Sink
    ) -> None:
        self.sink = sink
        self._client = client
        self._asked = (text, operation_name, variables)
        self._opened: Opened | None = None
        self._question: Question | None = None
        self._properties: Properties | None = None
        self._sent: Result | None = None
        self._holding = False
        self._held: Result | None = None

    def open(self) -> None:
        """Raises `DocumentError` and `OperationError`, and then nothing is watched."""
        text, operation_name, variables = self._asked
        opened = self._opened = open_subscription(self._client.document(text, operation_name), variables)
        if opened.call is None:
            self._check_names(opened)
            self._client.broadcast.join(self)
            return
        edition, user = self._client.edition, self._client.user
        runnable = opened.call.runnable(edition.runner, user)
        asked = edition.runner.pose_properties(user) if runnable.needs_properties else None
        if asked is None:
            self._watch(runnable, NO_PROPERTIES)
        else:
            # Whether the role may ask at all is told at once.
            edition.runner.pose(runnable, self._call(), NO_PROPERTIES)
            self._properties = Properties(self, asked, runnable)
            self._properties.watch(edition)

    def open_again(self) -> None:
        """As `open`; who may not any more is told so."""
        try:
            self.open()
        except OperationError as error:
            self._end(error)
        except DocumentError as error:
            first = error.errors[0]
            self._end(OperationError(Code.BAD_USER_INPUT, str(first["message"])))
        except Exception:
            log.exception("A subscription could not be opened again.")
            self._end(OperationError(Code.INTERNAL, "The subscription could not be taken over: subscribe again."))

    def deliver(self, result: Result) -> None:
        if self._client.expired:
            # The timer may be late; a row is not.
            self._client.expire()
        elif self._holding:
            self._held = result
        elif self._sent is None or result.body != self._sent.body:
            self._sent = result
            self.sink.result(result)

    def publish(self, change: Change) -> None:
        """For `refreshed`: the names alone."""
        if self._client.expired:
            self._client.expire()
            return
        assert self._opened is not None
        names = self._client.edition.runner.refreshed_by(change, self._client.user.rank)
        for name in names:
            if name in self._opened.names:
                self.sink.result(encode_refreshed(self._opened, name))

    def hold(self) -> None:
        """The user's properties may be others: what is asked with them is not shown."""
        self._holding = True

    def release(self) -> None:
        """They are as they were."""
        held, self._held, self._holding = self._held, None, False
        if held is not None:
            self.deliver(held)

    def repose(self, runnable: Runnable, properties: Mapping[str, Json]) -> None:
        """Asks with the user's properties as they are now."""
        self._unwatch()
        self._held, self._holding = None, False
        try:
            self._watch(runnable, properties)
        except OperationError as error:
            self._end(error)

    def fail(self, error: OperationError) -> None:
        """The user's properties cannot be known, so nothing can be asked."""
        assert self._opened is not None
        assert self._opened.call is not None
        self._unwatch()
        self._held, self._holding = None, False
        self.deliver(encode(self._opened.call)(error))

    def leave(self) -> None:
        """Watches nothing until it is opened again."""
        self._client.broadcast.leave(self)
        if self._properties is not None:
            self._properties.unwatch(self._client.edition)
            self._properties = None
        self._held, self._holding = None, False
        self._unwatch()

    def close(self) -> None:
        self.leave()
        self._client.forget(self)

    def _end(self, error: OperationError) -> None:
        self.close()
        self.sink.ended(error)

    def _check_names(self, opened: Opened) -> None:
        operations = self._client.edition.api.queries
        for name in opened.names:
            operation = operations.get(name)
            if operation is None or operation.rank > self._client.user.rank:
                raise OperationError(Code.BAD_USER_INPUT, f'There is no query "{name}" that your role may call.')

    def _call(self) -> Call:
        assert self._opened is not None
        assert self._opened.call is not None
        inputs = self._opened.inputs
        return Call(self._opened.call.operation, self._client.user, inputs.arguments, inputs.variables, 0.0)

    def _watch(self, runnable: Runnable, properties: Mapping[str, Json]) -> None:
        assert self._opened is not None
        assert self._opened.call is not None
        edition = self._client.edition
        question = edition.runner.pose(runnable, self._call(), properties)
        self._client.check_room(question)
        self._question = question
        live = runnable.operation.live or Live()
        edition.live.watch(self._question, encode(self._opened.call), live.throttle, self)

    def _unwatch(self) -> None:
        if self._question is not None:
            self._client.edition.live.unwatch(self._question, self)
            self._question = None


class Properties:
    """The properties of a subscription's user. Implements the live queries' `Dependent`."""

    def __init__(self, subscription: Subscription, question: Question, runnable: Runnable) -> None:
        self._subscription = subscription
        self._question = question
        self._runnable = runnable
        self._asked_with: Mapping[str, Json] | None = None

    def watch(self, edition: Edition) -> None:
        edition.live.depend(self._question, _encode_value, self)

    def unwatch(self, edition: Edition) -> None:
        edition.live.unwatch(self._question, self)

    def stale(self) -> None:
        self._subscription.hold()

    def settled(self, result: Result) -> None:
        answer = result.answer
        if isinstance(answer, OperationError):
            self._asked_with = None
            self._subscription.fail(answer)
        elif answer is not None:
            properties = answer.value if isinstance(answer.value, Mapping) else NO_PROPERTIES
            # As keys tell them apart: 1 is not true.
            if self._asked_with is not None and frozen(properties) == frozen(self._asked_with):
                self._subscription.release()
            else:
                self._asked_with = properties
                self._subscription.repose(self._runnable, properties)

    def deliver(self, result: Result) -> None:
        pass


def _encode_value(answer: Answer | OperationError) -> Result:
    """For the gateway itself: nobody is sent this."""
    if isinstance(answer, OperationError):
        return Result(str(answer.code).encode(), transient=answer.code in TRANSIENT, answer=answer)
    return Result(orjson.dumps(answer.value), answer=answer)
