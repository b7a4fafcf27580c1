"""tidegate.yaml -> the project's settings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Final
from urllib.parse import urlsplit

from tidegate.core.catalog import Auth, Cors, Events
from tidegate.core.json import Json
from tidegate.core.limits import Limits
from tidegate.core.location import Location
from tidegate.core.problems import Problems
from tidegate.core.triggers import Touching
from tidegate.core.units import parse_duration, parse_size
from tidegate.schema.auth_settings import AuthSettings, read_auth
from tidegate.schema.environment import Environment, refuse_variables
from tidegate.schema.event_settings import read_events
from tidegate.schema.folder import ProjectFolder
from tidegate.schema.form import Form, check_name
from tidegate.schema.reading import read_yaml
from tidegate.schema.touch_settings import TOUCH, read_touching
from tidegate.schema.tree import ListNode, MapNode, ScalarNode, as_json
from tidegate.schema.webhooks import bare

FILE: Final = "tidegate.yaml"
KEYS: Final[Mapping[str, str]] = {
    "name": "the project's name; required",
    "roles": (
        "a list, lowest first; the first is `anonymous`: everybody without a token. A higher role may do all that "
        "a lower one may. Required"
    ),
    "include": "a folder, or a list of them, whose files are the project's too: see include",
    "auth": "how tokens are verified; without it everybody is anonymous",
    "integrations": (
        "a mapping of names to databases, mail servers, and other servers: http, graphql, webhook and zapier"
    ),
    "config": "constants for `$config.x`, of any shape",
    "limits": "what one request may cost",
    "cors": "which browsers may ask",
    "events": "who hears socket events",
    "http": "where programs may go by `$http`",
    "touch": "who may tell of writes past the gateway",
    "url": "where the gateway is reached from outside, as `https://api.example.com`: `CONSTS.apiUrl` of programs",
}
HTTP_KEYS: Final[Mapping[str, str]] = {
    "allow": (
        "the hosts that may be reached although their addresses are closed, as `crm.internal`, "
        "`crm.internal:8080`, `10.1.2.3` or `[fd00::1]:8080`; others do not redirect there"
    ),
}
CORS_KEYS: Final[Mapping[str, str]] = {
    "origins": 'a list of origins such as `https://app.example.com`, or `["*"]`; required',
    "credentials": "whether cookies may come along. Default: `false`",
    "maxAge": "how long browsers may remember the answer. Default: `10m`",
}
SIZES: Final = frozenset({"body", "scriptMemory", "scriptLog", "scriptData", "httpBody", "eventData", "eventsBytes"})
DURATIONS: Final = frozenset(field.name for field in fields(Limits) if isinstance(field.default, float))
_HOST: Final = re.compile(r"(?:[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_ADDRESS: Final = re.compile(r"https?://[^\s/?#@]+(?:/[^\s?#]*[^\s?#/])?")
_NAME: Final = re.compile(r"[^\s\x00-\x1f](?:[^\x00-\x1f]*[^\s\x00-\x1f])?")


@dataclass(frozen=True, slots=True)
class Project:
    """`integrations` is not yet read. `roles_known` and `readable` are false where mistakes in the file itself leave
    nothing to hold other files against."""

    name: str
    roles: tuple[str, ...]
    auth: AuthSettings
    cors: Cors
    limits: Limits
    config: Mapping[str, Json]
    integrations: MapNode | None
    roles_known: bool
    integrations_known: bool
    config_known: bool
    events: Events = Events()  # noqa: RUF009 - it is frozen
    url: str = ""
    reachable: tuple[str, ...] = ()
    include: tuple[ScalarNode, ...] = ()
    touching: Touching | None = None


def read_project(folder: ProjectFolder, environment: Environment, problems: Problems) -> Project:
    """The settings; what is wrong has its default."""
    at = Location(FILE)
    unread = Project(
        name="",
        roles=(),
        auth=AuthSettings(Auth(None, {}, "anonymous", None), at, readable=False),
        cors=Cors(),
        limits=Limits(),
        config={},
        integrations=None,
        roles_known=False,
        integrations_known=False,
        config_known=False,
    )
    if not folder.exists(FILE):
        hint = "Rename tidegate.yml." if folder.exists("tidegate.yml") else "`tidegate init` makes a project."
        problems.add(at, "There is no tidegate.yaml in this folder.", hint)
        return unread
    text = folder.text(FILE)
    node = read_yaml(text, FILE, problems) if text is not None else None
    if node is None:
        return unread
    form = Form(node, "tidegate.yaml", KEYS, problems)
    form.required("name", "roles", at=at)
    roles = _read_roles(form, problems)
    auth = read_auth(form.node_of("auth"), roles or (), environment, folder, problems, at)
    if form.unknown and not form.has("auth"):
        auth = replace(auth, readable=False)
    for key, entry in form.node.entries.items():
        if key not in ("auth", "integrations"):
            refuse_variables(bare(entry) if key == TOUCH else entry, problems)
    config = form.mapping("config")
    if config is not None:
        for name, key_at in config.keys.items():
            check_name(name, key_at, "a value of config", problems)
    integrations = form.mapping("integrations")
    return Project(
        name=_read_name(form, problems),
        roles=roles or (),
        auth=auth,
        cors=_read_cors(form, problems),
        limits=_read_limits(form, problems),
        config={name: as_json(value) for name, value in config.entries.items()} if config is not None else {},
        integrations=integrations,
        roles_known=roles is not None,
        integrations_known=integrations is not None or not (form.has("integrations") or form.unknown),
        config_known=config is not None or not (form.has("config") or form.unknown),
        events=read_events(form, auth, problems),
        url=_read_url(form, problems),
        reachable=_read_http(form, problems),
        include=tuple(form.texts("include")),
        touching=read_touching(form, environment),
    )


def _read_url(form: Form, problems: Problems) -> str:
    text = form.text("url") or ""
    if text and not _ADDRESS.fullmatch(text):
        problems.add(form.node.entries["url"].at, f'"{text}" is not an address.', "Write https://api.example.com.")
    return text


def _read_http(form: Form, problems: Problems) -> tuple[str, ...]:
    """The hosts that `$http` may reach although they are not public."""
    mapping = form.mapping("http")
    if mapping is None:
        return ()
    section = Form(mapping, "http", HTTP_KEYS, problems)
    nodes = section.texts("allow")
    for node in nodes:
        if not _HOST.fullmatch(str(node.value)):
            hint = "Write crm.internal or crm.internal:8080."
            problems.add(node.at, f'"{node.value}" is not a host.', hint)
    return tuple(str(node.value).lower() for node in nodes)


def _read_name(form: Form, problems: Problems) -> str:
    name = form.text("name")
    if name is not None and not _NAME.fullmatch(name):
        problems.add(form.node.entries["name"].at, "The name of a project is one line of text.")
    return name or ""


def _read_roles(form: Form, problems: Problems) -> tuple[str, ...] | None:
    node = form.node_of("roles")
    if node is None:
        return None
    if not isinstance(node, ListNode) or not node.items:
        hint = "Write [anonymous, member]: the first has no token, a later one may do all that an earlier one may."
        problems.add(node.at, "Roles are a list, lowest first.", hint)
        return None
    roles: dict[str, Location] = {}
    for item in node.items:
        if not isinstance(item, ScalarNode) or not isinstance(item.value, str):
            problems.add(item.at, "A role is a word.")
        elif item.value in roles:
            problems.add(item.at, f'The role "{item.value}" is listed twice; the first is at {roles[item.value]}.')
        elif check_name(item.value, item.at, "a role", problems):
            roles[item.value] = item.at
    if roles and next(iter(roles)) != "anonymous":
        first = next(iter(roles))
        problems.add(
            roles[first], "The first role is anonymous: everybody without a token.", f'Put it before "{first}".'
        )
    return tuple(roles)


def _read_limits(form: Form, problems: Problems) -> Limits:
    limits = Limits()
    mapping = form.mapping("limits")
    if mapping is None:
        return limits
    known = tuple(field.name for field in fields(Limits))
    section = Form(mapping, "limits", known, problems)
    values: dict[str, int | float] = {}
    for name in known:
        if section.has(name):
            value = _read_limit(section, name, problems)
            if value is not None:
                values[name] = value
    return Limits(**{field.name: values.get(field.name, field.default) for field in fields(Limits)})  # type: ignore[arg-type]


def _read_limit(form: Form, name: str, problems: Problems) -> int | float | None:
    if name not in SIZES and name not in DURATIONS:
        return form.count(name)
    node = form.node_of(name)
    if node is None:
        return None
    text = node.value if isinstance(node, ScalarNode) and isinstance(node.value, str) else ""
    value = parse_size(text) if name in SIZES else parse_duration(text)
    if value:
        return value
    what, example = ("a size", "2MiB") if name in SIZES else ("a duration", "5s")
    shown = node.raw if isinstance(node, ScalarNode) else "this"
    problems.add(node.at, f'"{name}" of limits is {what} with its unit; {shown} is not.', f"Write it like {example}.")
    return None


def _read_cors(form: Form, problems: Problems) -> Cors:
    mapping = form.mapping("cors")
    if mapping is None:
        return Cors()
    section = Form(mapping, "cors", CORS_KEYS, problems)
    section.required("origins", at=form.key_at("cors"))
    nodes = section.texts("origins")
    for node in nodes:
        _check_origin(node, problems)
    credentials = section.boolean("credentials", default=False)
    origins = tuple(str(node.value) for node in nodes)
    if credentials and "*" in origins:
        hint = "Name the origins that may send credentials."
        problems.add(section.key_at("credentials"), "Credentials from every origin would be anybody's.", hint)
    age = section.text("maxAge")
    seconds = parse_duration(age) if age is not None else float(Cors().max_age)
    if seconds is None:
        problems.add(section.node.entries["maxAge"].at, f'"{age}" is not a duration.', "Write it like 10m.")
    return Cors(origins, credentials, int(seconds or 0))


def _check_origin(node: ScalarNode, problems: Problems) -> None:
    text = str(node.value)
    try:
        parts = urlsplit(text)
        right = text == "*" or (
            parts.scheme in ("http", "https") and bool(parts.netloc) and f"{parts.scheme}://{parts.netloc}" == text
        )
    except ValueError:
        right = False
    if not right:
        hint = "Write it like https://app.example.com, without a path or a slash at the end."
        problems.add(node.at, f'"{text}" is not an origin.', hint)
