"""`live:` of a query and `refresh:` of a mutation -> how the one is kept live, and what the other refreshes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tidegate.core.location import Location
from tidegate.core.operation import AUTO, Kind, Live, Refresh
from tidegate.core.problems import Problems, did_you_mean
from tidegate.core.units import parse_duration
from tidegate.schema.form import Form, capital, check_name
from tidegate.schema.tree import ListNode, Node, ScalarNode, kind_of

KEYS: Final[Mapping[str, str]] = {
    "throttle": (
        "how long to wait between two refreshes, at least; the first one after a quiet time comes at once. "
        "Default: `50ms`; at most `60s`"
    ),
    "groups": (
        "a name, or a list of names, under which `refresh` can mean this query and others. Not the name of a "
        "query, and not `auto`, `all` or `none`"
    ),
}
LONGEST_THROTTLE: Final = 60.0
"""In seconds."""
WORDS: Final[Mapping[str, str]] = {
    "auto": "what its writes could have changed; so it is where the key is left out",
    "all": "every query",
    "none": "nothing",
}
"""What `refresh:` says in one word. No name of a group."""

_DEFAULT: Final = Live()


@dataclass(frozen=True, slots=True)
class LiveSettings:
    """`live` is none for what is not live. `group_places` are where the groups stand. `refresh` is not yet read, for it
    names other operations."""

    live: Live | None
    group_places: Mapping[str, Location]
    refresh: Node | None


def read_live(form: Form, kind: Kind | None, problems: Problems) -> LiveSettings:
    """Of one operation, `kind` being none where nobody knows."""
    if kind is Kind.MUTATION:
        _refuse(form, "live", kind, "What a mutation refreshes is told by refresh.", problems)
        return LiveSettings(None, {}, form.node_of("refresh"))
    if kind is Kind.QUERY:
        _refuse(form, "refresh", kind, "How a query is kept live is told by live.", problems)
    refresh = form.node_of("refresh") if kind is None else None
    node = form.node_of("live")
    if node is None:
        return LiveSettings(_DEFAULT, {}, refresh)
    if isinstance(node, ScalarNode) and node.value is False:
        return LiveSettings(None, {}, refresh)
    if isinstance(node, ScalarNode):
        hint = "Queries are live: remove the key." if node.value is True else ""
        problems.add(node.at, f'"live" of {form.noun} is false or a mapping; {node.raw} is not.', hint)
        return LiveSettings(_DEFAULT, {}, refresh)
    section = Form(node, f'"live" of {form.noun}', KEYS, problems)
    groups = _read_groups(section, problems)
    return LiveSettings(Live(_read_throttle(section, problems), tuple(groups)), groups, refresh)


def _refuse(form: Form, key: str, kind: Kind, hint: str, problems: Problems) -> None:
    if form.has(key):
        problems.add(form.key_at(key), f'{capital(form.noun)} is a {kind} and cannot have "{key}".', hint)


def _read_throttle(form: Form, problems: Problems) -> float:
    node = form.node_of("throttle")
    if node is None:
        return _DEFAULT.throttle
    text = node.value if isinstance(node, ScalarNode) and isinstance(node.value, str) else ""
    seconds = parse_duration(text)
    if seconds is None or seconds > LONGEST_THROTTLE:
        shown = node.raw if isinstance(node, ScalarNode) else "this"
        sentence = f'"throttle" is a duration of at most {LONGEST_THROTTLE:.0f}s, with its unit; {shown} is not.'
        problems.add(node.at, sentence, "Write it like 50ms.")
        return _DEFAULT.throttle
    return seconds


def _read_groups(form: Form, problems: Problems) -> dict[str, Location]:
    groups: dict[str, Location] = {}
    for node in form.texts("groups"):
        name = str(node.value)
        if name in WORDS:
            problems.add(node.at, f'"{name}" cannot be the name of a group: refresh: {name} has a meaning.')
        elif name in groups:
            problems.add(node.at, f'"{name}" is written twice; the first is at {groups[name]}.', "Keep one of them.")
        elif check_name(name, node.at, "a group", problems):
            groups[name] = node.at
    return groups


@dataclass(frozen=True, slots=True)
class Refreshable:
    """What `refresh:` can name. `whole` is false where mistakes hide some of it."""

    queries: frozenset[str]
    groups: Mapping[str, frozenset[str]]
    whole: bool

    def read(self, node: Node | None, operation: str, problems: Problems) -> Refresh:
        """`refresh:` of the mutation `operation`."""
        if node is None:
            return AUTO
        word = node.value if isinstance(node, ScalarNode) else None
        match word:
            case "auto":
                return AUTO
            case "all":
                return Refresh(derived=True, queries=self.queries)
            case "none":
                return Refresh(derived=False)
        if not isinstance(node, ListNode):
            sentence = f'"refresh" of the operation "{operation}" is auto, all, none, or a list of queries and groups.'
            known = word in self.queries or word in self.groups
            problems.add(node.at, sentence, f"Write [{word}]." if known else did_you_mean(str(word or ""), WORDS))
            return AUTO
        seen: dict[str, Location] = {}
        queries: set[str] = set()
        for item in node.items:
            name = item.value if isinstance(item, ScalarNode) else None
            if not isinstance(name, str) or not name:
                problems.add(item.at, f'"refresh" holds names of queries and groups; {kind_of(item)} is not one.')
            elif name in seen:
                problems.add(item.at, f'"{name}" is written twice; the first is at {seen[name]}.', "Keep one of them.")
            else:
                seen[name] = item.at
                queries |= self._named(name, item.at, problems)
        return Refresh("auto" in seen, frozenset(queries))

    def _named(self, name: str, at: Location, problems: Problems) -> frozenset[str]:
        if name == "auto":
            return frozenset()
        if name in self.queries:
            return frozenset({name})
        if name in self.groups:
            return self.groups[name]
        if name in WORDS:
            problems.add(at, f'"{name}" stands alone, not in a list.', f"Write refresh: {name}.")
        elif self.whole:
            problems.add(at, f'There is no query or group "{name}".', did_you_mean(name, (*self.queries, *self.groups)))
        return frozenset()


def gather(
    settings: Mapping[str, LiveSettings], queries: frozenset[str], problems: Problems, *, whole: bool
) -> Refreshable:
    """What the operations declare together; `settings` are by operation."""
    groups: dict[str, set[str]] = {}
    for operation, read in settings.items():
        for name, at in read.group_places.items():
            if name in queries:
                problems.add(at, f'"{name}" is a query already; a group needs a name of its own.', "Rename the group.")
            groups.setdefault(name, set()).add(operation)
    return Refreshable(queries, {name: frozenset(members) for name, members in groups.items()}, whole)
