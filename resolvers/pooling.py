"""Connections to other servers, kept for the next request."""

from __future__ import annotations

import httpcore

_BEGINNING = "CONNECTING"


class ConnectionPool(httpcore.AsyncConnectionPool):
    """httpcore's, without a leak of it: who is cancelled after having been given a new connection, and before opening
    it, leaves one behind that is neither open nor closed. It would have a place in the pool for ever, and when all have
    been taken nobody gets out any more (encode/httpcore#1093)."""

    def _assign_requests_to_connections(self) -> list[httpcore.AsyncConnectionInterface]:
        used = {id(request.connection) for request in self._requests}
        self._connections = [each for each in self._connections if id(each) in used or each.info() != _BEGINNING]
        return super()._assign_requests_to_connections()
