"""Schemas of an OpenAPI document -> types of GraphQL."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from tidegate.scaffold.identifiers import NAME, Names, TypeNames, is_enum_value
from tidegate.scaffold.openapi_document import Document, mapping, sequence, text_of
from tidegate.scaffold.outline import EnumOutline
from tidegate.scaffold.text import Yaml
from tidegate.scaffold.words import camel, pascal, words

_TEXTS: Final = {"date-time": "DateTime", "date": "Date", "uuid": "UUID", "byte": "Bytes", "decimal": "Decimal"}
_DEEPEST: Final = 30
MOST_NAMES: Final = 40
"""Names of one operation's `fields:`."""


@dataclass(frozen=True, slots=True)
class Use:
    """A type where it is used. `text` without its outermost exclamation mark; `target`: the type inside, where it has
    fields. `many`: within a list."""

    text: str
    nullable: bool = False
    target: str = ""

    @property
    def shown(self) -> str:
        return self.text if self.nullable else f"{self.text}!"


JSON: Final = Use("JSON", nullable=True)


@dataclass(slots=True)
class FieldUse:
    """`origin`: what it is called on the other side."""

    name: str
    origin: str
    use: Use
    required: bool
    comment: str

    @property
    def shown(self) -> str:
        return self.use.shown if self.required else self.use.text


@dataclass(slots=True)
class MadeType:
    name: str
    fields: list[FieldUse] = field(default_factory=list)
    comment: str = ""
    sent: bool = False


class Types:
    """Makes what is used. `notes` are for the author: what could not be said in types."""

    def __init__(self, document: Document, notes: list[str]) -> None:
        self.made: dict[str, MadeType] = {}
        self.enums: dict[str, EnumOutline] = {}
        self._document = document
        self._notes = notes
        self._names = TypeNames()
        self._known: dict[tuple[object, ...], str] = {}
        self._renamed: set[str] = set()

    def use(self, schema: Any, hint: str, *, sent: bool = False, depth: int = 0) -> Use:
        """`hint` names what has no name of its own. `sent`: by clients."""
        name, found, nullable = self._unwrapped(schema)
        kinds = [kind for kind in _kinds(found) if kind != "null"]
        kind = kinds[0] if len(kinds) == 1 else ""
        if depth > _DEEPEST or len(kinds) > 1:
            return JSON
        if "oneOf" in found or "anyOf" in found:
            self._notes.append(f"{name or hint} is one of several types: it is JSON.")
            return JSON
        if isinstance(found.get("enum"), list) and kind in ("string", ""):
            return Use(self._enum(found["enum"], name or hint), nullable or None in found["enum"])
        if "properties" in found or "allOf" in found:
            made = self._object(name, found, hint, sent=sent, depth=depth)
            return Use(made, nullable, made) if made else JSON
        if kind == "array":
            item = self.use(found.get("items", {}), f"{hint} item", sent=sent, depth=depth + 1)
            return Use(f"[{item.shown}]", nullable, item.target)
        return _scalar(kind, text_of(found.get("format")), nullable)

    def renaming(self, type: str) -> Mapping[str, Yaml]:
        """`fields:` for what is of this type: where it is called otherwise, there and within. Empty where nothing
        is."""
        found: dict[str, Yaml] = {}
        for each in self.made[type].fields if type in self._renamed else ():
            inner = self.renaming(each.use.target) if each.use.target else {}
            path = f"$.{each.origin}" if NAME.match(each.origin) else f"$['{each.origin}']"
            if inner:
                found[each.name] = {"fields": inner} if each.name == each.origin else {"from": path, "fields": inner}
            elif each.name != each.origin:
                found[each.name] = path
        return found

    def straighten(self) -> list[tuple[str, str]]:
        """What is within itself cannot be renamed on every level: there it is JSON. Nor can what clients send, further
        in, nor what would take hundreds of names. To be called when everything is made. The types and fields for which
        that is so."""
        lost: list[tuple[str, str]] = []
        self._renamed = self._all_renamed()
        for made in self.made.values():
            for each in made.fields:
                target = each.use.target
                if target in self._renamed and (made.sent or self._reaches(target, made.name)):
                    lost.append((made.name, each.name))
                    each.use = replace(JSON, nullable=each.use.nullable)
        weights: dict[str, int] = {}
        for name in self.made:
            self._weigh(name, weights, lost)
        self._renamed = self._all_renamed()
        return lost

    def needed(self, *texts: str) -> Iterator[str]:
        """The names of what is reached from these uses of types."""
        waiting = [word for text in texts for word in _words_in(text)]
        seen: set[str] = set()
        while waiting:
            name = waiting.pop()
            if name in seen:
                continue
            seen.add(name)
            if name in self.made:
                waiting += [word for each in self.made[name].fields for word in _words_in(each.use.text)]
            if name in self.made or name in self.enums:
                yield name

    def _all_renamed(self) -> set[str]:
        """Types in which something is called otherwise, or within them."""
        users: dict[str, list[str]] = {}
        waiting: list[str] = []
        for made in self.made.values():
            for each in made.fields:
                users.setdefault(each.use.target, []).append(made.name)
            if any(each.name != each.origin for each in made.fields):
                waiting.append(made.name)
        found: set[str] = set()
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += users.get(name, ())
        return found

    def _reaches(self, type: str, wanted: str) -> bool:
        waiting, seen = [type], {type}
        while waiting:
            name = waiting.pop()
            if name == wanted:
                return True
            targets = {each.use.target for each in self.made[name].fields if each.use.target in self._renamed} - seen
            seen |= targets
            waiting += targets
        return False

    def _weigh(self, type: str, weights: dict[str, int], lost: list[tuple[str, str]]) -> int:
        """How many names `renaming` has. Where that are too many, the field that has them is JSON."""
        if type not in self._renamed:
            return 0
        if type not in weights:
            weights[type] = 0
            total = 0
            for each in self.made[type].fields:
                inner = self._weigh(each.use.target, weights, lost)
                if total + inner > MOST_NAMES:
                    lost.append((type, each.name))
                    each.use, inner = replace(JSON, nullable=each.use.nullable), 0
                total += inner + (each.name != each.origin)
            weights[type] = total
        return weights[type]

    def _unwrapped(self, schema: Any) -> tuple[str, Mapping[str, Any], bool]:
        """Without what only says that it may be null."""
        name, nullable = "", False
        for _ in range(_DEEPEST):
            followed, found = self._document.follow(schema)
            name = followed or name
            nullable = nullable or found.get("nullable") is True or "null" in _kinds(found)
            several = sequence(found.get("anyOf")) or sequence(found.get("oneOf"))
            real = [each for each in several if _kinds(mapping(each)) != ["null"]]
            merged = sequence(found.get("allOf"))
            if several and len(real) == 1:
                nullable = nullable or len(real) < len(several)
                schema = real[0]
            elif len(merged) == 1 and "properties" not in found:
                schema = merged[0]
            else:
                return name, found, nullable
            # What is said of a name that leads here is said of what it leads to.
        return name, {}, True

    def _object(self, name: str, found: Mapping[str, Any], hint: str, *, sent: bool, depth: int) -> str:
        """The name of the type; nothing where it has no fields."""
        key = ("object", name, sent) if name else ("object", id(found), sent)
        if key in self._known:
            return self._known[key]
        properties, required = self._members(found, 0)
        unwanted = "readOnly" if sent else "writeOnly"
        kept = {
            origin: inner
            for origin, inner in properties.items()
            if mapping(inner).get(unwanted) is not True and "'" not in origin
        }
        if not kept:
            return ""
        wish = type_name(name or hint)
        made = MadeType(self._names.take(_sent_name(wish) if sent else wish), comment=_comment(found), sent=sent)
        self._known[key] = made.name
        self.made[made.name] = made
        names = Names(origin for origin in kept if NAME.match(origin) and not origin.startswith("__"))
        for origin, inner in kept.items():
            legal = NAME.match(origin) is not None and not origin.startswith("__")
            called = origin if legal else names.take(field_name(origin))
            use = self.use(inner, f"{name or hint} {origin}", sent=sent, depth=depth + 1)
            if origin == "id" and use.text in (("String",) if sent else ("BigInt", "Int", "String", "UUID")):
                use = replace(use, text="ID")
            made.fields.append(FieldUse(called, origin, use, origin in required, _comment(mapping(inner))))
        return made.name

    def _members(self, found: Mapping[str, Any], depth: int) -> tuple[dict[str, Any], set[str]]:
        """Properties, and which are required, of all that is merged."""
        properties: dict[str, Any] = {}
        required: set[str] = set()
        for each in sequence(found.get("allOf")) if depth < _DEEPEST else ():
            inner, needed = self._members(self._document.follow(each)[1], depth + 1)
            properties |= inner
            required |= needed
        properties |= mapping(found.get("properties"))
        required |= {name for name in sequence(found.get("required")) if isinstance(name, str)}
        return properties, required

    def _enum(self, values: list[Any], hint: str) -> str:
        labels = [value for value in values if value is not None]
        if not labels or not all(isinstance(label, str) and is_enum_value(label) for label in labels):
            self._notes.append(f"{hint} has values that no enum can have: it is a String.")
            return "String"
        key = ("enum", type_name(hint), *labels)
        if key not in self._known:
            name = self._names.take(type_name(hint))
            self._known[key] = name
            self.enums[name] = EnumOutline(name, tuple(dict.fromkeys(labels)))
        return self._known[key]


def type_name(name: str) -> str:
    """`api-key`, `api.v1.Key` -> `ApiKey`, `ApiV1Key`; what is a name already stays."""
    if NAME.match(name) and name[0].isupper():
        return name
    found = pascal(words(name)) or "Thing"
    return found if NAME.match(found) else f"T{found}"


def field_name(name: str) -> str:
    found = camel(words(name)) or "field"
    return found if NAME.match(found) else f"_{found}"


def _sent_name(name: str) -> str:
    return name if name.endswith("Input") else f"{name}Input"


def _kinds(found: Mapping[str, Any]) -> list[str]:
    given = found.get("type")
    return [given] if isinstance(given, str) else [kind for kind in sequence(given) if isinstance(kind, str)]


def _scalar(kind: str, format: str, nullable: bool) -> Use:
    match kind:
        case "string":
            return Use(_TEXTS.get(format, "String"), nullable)
        case "integer":
            return Use("BigInt" if format == "int64" else "Int", nullable)
        case "number":
            return Use("Float", nullable)
        case "boolean":
            return Use("Boolean", nullable)
    return JSON


def _comment(found: Mapping[str, Any]) -> str:
    return text_of(found.get("description"))[:500]


def _words_in(text: str) -> list[str]:
    return [text.strip("[]!")]
