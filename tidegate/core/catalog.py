"""The compiled project: everything the gateway serves, swapped whole on reload."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tidegate.core.integration import Integration, IntegrationKind, Surroundings
from tidegate.core.json import Json
from tidegate.core.limits import Limits
from tidegate.core.objects import DataObject
from tidegate.core.operation import Operation
from tidegate.core.program import Program
from tidegate.core.triggers import Schedule, Touching, Webhook
from tidegate.core.types import TypeDefinition


@dataclass(frozen=True, slots=True)
class Jwt:
    """How tokens are verified. Exactly one of `secret` (HS*), `public_key` (PEM) and `jwks` (an address) is set.
    `leeway` is in seconds."""

    algorithms: tuple[str, ...]
    secret: str | None = field(default=None, repr=False)
    public_key: str | None = None
    jwks: str | None = None
    issuer: str | None = None
    audience: str | None = None
    leeway: float = 5.0


@dataclass(frozen=True, slots=True)
class Auth:
    """`current_user` maps each declared field to the path of its claim. `default_role` is the role of a verified token
    that names none. `properties` names the query whose row becomes `currentUser.properties`. With no `jwt`, everybody
    is anonymous."""

    jwt: Jwt | None
    current_user: Mapping[str, tuple[str, ...]]
    default_role: str
    properties: str | None


@dataclass(frozen=True, slots=True)
class Cors:
    """`origins` may hold `*`. With none, browsers of other origins are refused."""

    origins: tuple[str, ...] = ()
    credentials: bool = False
    max_age: int = 600


@dataclass(frozen=True, slots=True)
class Events:
    """Socket events. `user` is the field of `currentUser` by which users are addressed; `anonymous` says whether those
    without a token may stay, and hear what is for everybody."""

    user: str = "id"
    anonymous: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Catalog:
    """`roles` are lowest first. `types` hold the project's own and the generated ones."""

    name: str
    folder: Path
    roles: tuple[str, ...]
    auth: Auth
    cors: Cors
    limits: Limits
    config: Mapping[str, Json]
    integrations: Mapping[str, Integration]
    types: Mapping[str, TypeDefinition]
    objects: Mapping[str, DataObject]
    operations: Mapping[str, Operation]
    events: Events = Events()
    programs: tuple[Program, ...] = ()
    """Every file of code that something in the project runs."""
    reachable: tuple[str, ...] = ()
    """Hosts, or `host:port`, that `$http` may reach although their addresses are not public."""
    url: str = ""
    """Where the gateway is reached from outside, as the author says it: `CONSTS.apiUrl` of programs."""
    included: tuple[Path, ...] = ()
    """Folders elsewhere whose files are the project's too."""
    schedules: tuple[Schedule, ...] = ()
    webhooks: Mapping[str, Webhook] = field(default_factory=dict)
    """By path."""
    touching: Touching | None = None
    """Who may tell of writes that others made. None: nobody."""
    kinds: Mapping[str, IntegrationKind] = field(default_factory=dict)
    """Of each integration, by its name."""

    @property
    def surroundings(self) -> Surroundings:
        return Surroundings(self.objects, self.types, self.roles, self.limits)
