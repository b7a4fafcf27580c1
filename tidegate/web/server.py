"""The site on a port: uvicorn, with limits of ours."""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager, nullcontext
from math import ceil
from typing import TypeAlias

import uvicorn
import uvloop

from tidegate.core.limits import Limits
from tidegate.settings import Environment, Settings
from tidegate.web.console_inside import Inside
from tidegate.web.frontend import Frontend
from tidegate.web.gateway import Gateway
from tidegate.web.protocol import protocol_class, sweep
from tidegate.web.sign_in import Doorkeeper
from tidegate.web.site import Site, build_site
from tidegate.web.sockets import socket_class

Address: TypeAlias = tuple[str, int]


class CannotListen(Exception):
    """The address is taken, or not one of this machine. The message is for the operator."""


class Server(uvicorn.Server):
    """Serves one site until it is told to stop: by SIGINT, SIGTERM or `stop`. `started` is called once it listens."""

    def __init__(
        self, site: Site, config: uvicorn.Config, limits: Callable[[], Limits], started: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._site = site
        self._limits = limits
        self._on_start = started

    def stop(self) -> None:
        """Lets the requests under way end, then stops."""
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_start()

    async def main_loop(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            sweeping = tasks.create_task(sweep(self.server_state, self._limits))
            await super().main_loop()
            sweeping.cancel()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._site.stop()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """By itself, uvicorn would at the end send the signal again, and so die before the gateway is closed."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        loop = asyncio.get_running_loop()
        signals = (signal.SIGINT, signal.SIGTERM)
        for number in signals:
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in signals:
                loop.remove_signal_handler(number)


def listen(host: str, port: int) -> socket.socket:
    """A bound socket. Raises `CannotListen`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise CannotListen(f"Cannot listen at {host}, port {port}: {error.strerror or error}.") from error


def build_server(
    gateway: Gateway,
    settings: Settings,
    started: Callable[[], None],
    frontend: Frontend | None = None,
    doorkeeper: Doorkeeper | None = None,
    inside: Inside | None = None,
) -> Server:
    """A server for an opened gateway."""

    def limits() -> Limits:
        return gateway.catalog.limits

    development = settings.environment is Environment.DEVELOPMENT
    site = build_site(gateway, development=development, frontend=frontend, doorkeeper=doorkeeper, inside=inside)
    config = uvicorn.Config(
        site,
        http=protocol_class(limits, settings.max_head, settings.max_connections),
        ws=socket_class(limits),
        ws_per_message_deflate=False,
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=settings.access_log,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        timeout_keep_alive=ceil(settings.keep_alive),
        timeout_graceful_shutdown=ceil(settings.shutdown_timeout),
    )
    return Server(site, config, limits, started)


async def serve(
    gateway: Gateway,
    settings: Settings,
    *,
    started: Callable[[Address], None] | None = None,
    beside: Callable[[], Coroutine[object, object, None]] | None = None,
    around: AbstractAsyncContextManager[object] | None = None,
    frontend: Frontend | None = None,
    doorkeeper: Doorkeeper | None = None,
    inside: Inside | None = None,
) -> None:
    """Opens the gateway, serves it until a signal comes, and closes it. `started` is told where it listens. `beside`
    runs for as long as the server does, and may call `gateway.reload()`: what watches the files. `around` is there
    before the gateway is opened, and still when it has been closed. `frontend`, `doorkeeper` and `inside` are as in
    `build_site`.
    Raises `CannotListen` and whatever `gateway.open`
    does."""
    with listen(settings.host, settings.port) as listener:
        address: Address = listener.getsockname()[:2]
        async with around or nullcontext():
            await gateway.open()
            try:
                begun = (lambda: started(address)) if started else lambda: None
                server = build_server(gateway, settings, begun, frontend, doorkeeper, inside)
                async with asyncio.TaskGroup() as tasks:
                    companion = tasks.create_task(beside()) if beside is not None else None
                    await server.serve(sockets=[listener])
                    if companion is not None:
                        companion.cancel()
            finally:
                await gateway.close(settings.shutdown_timeout)


def run(
    gateway: Gateway,
    settings: Settings,
    *,
    started: Callable[[Address], None] | None = None,
    beside: Callable[[], Coroutine[object, object, None]] | None = None,
    around: AbstractAsyncContextManager[object] | None = None,
    frontend: Frontend | None = None,
    doorkeeper: Doorkeeper | None = None,
    inside: Inside | None = None,
) -> None:
    """`serve` in an event loop of its own, uvloop's."""

    def begun(address: Address) -> None:
        # What is there by now stays: collections need not look at it again, and they are what thousands of connections
        # that come at once wait for.
        gc.collect()
        gc.freeze()
        if started is not None:
            started(address)

    uvloop.run(
        serve(
            gateway,
            settings,
            started=begun,
            beside=beside,
            around=around,
            frontend=frontend,
            doorkeeper=doorkeeper,
            inside=inside,
        )
    )
