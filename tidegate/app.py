"""The gateway: a project folder, served. The only place that knows all the parts."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tidegate.auth import Authenticator
from tidegate.core.call import Runner
from tidegate.core.catalog import Catalog
from tidegate.core.user import CurrentUser
from tidegate.edition import Edition
from tidegate.schema.api import Api
from tidegate.schema.execution import Response, execute


class Gateway:
    """Serves the newest edition of a project. `reload` swaps it whole; calls under way end on the one they began
    with."""

    def __init__(self, folder: Path, environ: Mapping[str, str] | None, edition: Edition) -> None:
        self._folder = folder
        self._environ = environ
        self._edition = edition
        self._reloading = asyncio.Lock()

    @classmethod
    def load(cls, folder: Path, environ: Mapping[str, str] | None) -> Gateway:
        """Compiles the project in `folder`; `environ` is what its `${NAME}`s read. No I/O but the files. Raises
        `ProjectError`."""
        return cls(folder, environ, Edition.load(folder, environ))

    @property
    def catalog(self) -> Catalog:
        return self._edition.catalog

    @property
    def api(self) -> Api:
        return self._edition.api

    @property
    def runner(self) -> Runner:
        return self._edition.runner

    @property
    def authenticator(self) -> Authenticator:
        return self._edition.authenticator

    async def open(self) -> None:
        await self._edition.open()

    async def close(self) -> None:
        await self._edition.close()

    async def reload(self) -> None:
        """Reads the folder again. Raises `ProjectError` or `IntegrationUnavailable`, and then goes on serving what it
        served before."""
        async with self._reloading:
            newer = await asyncio.to_thread(Edition.load, self._folder, self._environ)
            await newer.open()
            older, self._edition = self._edition, newer
            await older.close()

    async def execute(
        self, text: str, operation_name: str | None, variables: Mapping[str, Any] | None, user: CurrentUser
    ) -> Response:
        """Answers one GraphQL request. Any: variables are the client's JSON, coerced by the document. Raises
        `DocumentError` where there is nothing to execute."""
        edition = self._edition
        document = edition.documents.find(text, operation_name)
        with edition.in_use:
            return await execute(document, variables, user, edition.runner)
