"""Socket.IO on top of our Engine.IO: python-socketio's server with one namespace and nothing to say but to log in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from logging import CRITICAL, getLogger
from typing import Any, Final, Protocol

from socketio import AsyncServer
from socketio.packet import ACK, CONNECT, CONNECT_ERROR

from tidegate.core.errors import OperationError
from tidegate.core.json import Json
from tidegate.core.limits import Limits
from tidegate.realtime.engine import Engine, Timing
from tidegate.realtime.lines import Line
from tidegate.realtime.packets import ClientPacket, ProtocolError
from tidegate.realtime.rooms import NAMESPACE, Members
from tidegate.realtime.seats import Seat

# Its warnings and errors are what clients do, and hold what they send.
_quiet = getLogger(f"{__name__}.socketio")
_quiet.setLevel(CRITICAL)

LOGIN: Final = "login"


class Host(Protocol):
    """Who decides about clients."""

    async def greet(self, line: Line, sid: str, auth: Mapping[str, Json], /) -> tuple[dict[str, Json], Seat]:
        """What CONNECT is answered with besides the `sid`, and the client's seat. Raises `OperationError` for one that
        may not connect."""
        ...

    def welcome(self, seat: Seat, /) -> None:
        """CONNECT has been answered."""
        ...

    async def login(self, seat: Seat, arguments: Sequence[Json], /) -> None: ...

    def left(self, seat: Seat, /) -> None:
        """Nothing can be sent any more."""
        ...


class SocketServer(AsyncServer):  # type: ignore[misc]
    """`timing` and `limits` are the engine's."""

    def __init__(
        self,
        host: Host,
        members: Members,
        limits: Callable[[], Limits],
        timing: Timing,
        tick: Callable[[float], None],
    ) -> None:
        super().__init__(
            client_manager=members,
            serializer=ClientPacket,
            async_handlers=False,
            namespaces=[NAMESPACE],
            logger=_quiet,
            engineio_logger=_quiet,
            limits=limits,
            timing=timing,
            tick=tick,
        )
        self._host = host
        self._members = members

    def stop(self) -> None:
        self.eio.stop()

    def _engineio_server_class(self) -> type[Engine]:
        return Engine

    # Any: a text, as the engine knows.
    async def _handle_eio_message(self, eio_sid: str, data: Any) -> None:
        if not data:
            raise ProtocolError("an empty message")
        await super()._handle_eio_message(eio_sid, data)

    # Any: an object or nothing, as the packet was read.
    async def _handle_connect(self, eio_sid: str, namespace: str | None, data: Any) -> None:
        line: Line = self.eio.sockets[eio_sid]
        if namespace not in (None, NAMESPACE):
            await self._send_packet(
                eio_sid, ClientPacket(CONNECT_ERROR, namespace=namespace, data={"message": "Invalid namespace"})
            )
            return
        if eio_sid in self._members.seats:
            raise ProtocolError("a second CONNECT")
        sid = await self.manager.pre_connect(eio_sid, NAMESPACE)
        try:
            answer, seat = await self._host.greet(line, sid, data or {})
        except BaseException as error:
            await self.manager.disconnect(sid, NAMESPACE)
            if not isinstance(error, OperationError):
                raise
            refusal = {"message": error.message, "data": {"code": error.code}}
            await self._send_packet(eio_sid, ClientPacket(CONNECT_ERROR, data=refusal))
            return
        if line.closed:
            # Its end was told when there was nothing to end yet.
            await self.manager.disconnect(sid, NAMESPACE)
            self._host.left(seat)
            return
        self.eio.settle(line, connected=True)
        await self.manager.connect(sid, NAMESPACE)
        await self._send_packet(eio_sid, ClientPacket(CONNECT, {"sid": sid, **answer}))
        self._host.welcome(seat)

    # Any: a list whose first is the event's name, as the packet was read.
    async def _handle_event(self, eio_sid: str, namespace: str | None, id: int | None, data: list[Any]) -> None:
        seat = self._members.seats.get(eio_sid)
        if namespace not in (None, NAMESPACE) or seat is None:
            raise ProtocolError("an event before CONNECT")
        # Clients can tell nobody anything: whatever else they emit ends here.
        if data[0] == LOGIN:
            await self._host.login(seat, data[1:])
        if id is not None:
            await self._send_packet(eio_sid, ClientPacket(ACK, id=id, data=[]))

    async def _handle_disconnect(self, eio_sid: str, namespace: str | None, reason: str | None = None) -> None:
        seat = self._members.seats.get(eio_sid)
        await super()._handle_disconnect(eio_sid, namespace, reason)
        if seat is not None and eio_sid not in self._members.seats:
            self._host.left(seat)
            self.eio.settle(seat.line, connected=False)
