"""A reply of another server -> the value that an operation promises, or what does not fit, for the log."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import orjson

from tidegate.core.json import Json, Missing
from tidegate.core.types import ListOf, Named, NonNull, ObjectType, TypeDefinition, TypeRef, named, nullable
from tidegate.resolvers.incoming_answer import read_text
from tidegate.resolvers.integrations.http.answer_paths import AnswerPath
from tidegate.resolvers.integrations.http.renaming import Renaming
from tidegate.resolvers.integrations.upstream import Reply

_JSON: Final = re.compile(r"(?:application|text)/(?:[\w.-]+\+)?json")
_UNSAID: Final = frozenset({"", "text/plain", "application/octet-stream", "text/javascript", "application/javascript"})
"""What servers say of JSON that do not say that it is."""
_MEDIA: Final = re.compile(r"[\w.+-]{1,60}/[\w.+-]{1,60}", re.ASCII)
_PRIVATE: Final = frozenset({"set-cookie", "www-authenticate", "authorization"})
"""Headers of a reply that are between the two servers."""

DEEPEST: Final = 200
"""Values within values: what is deeper cannot be written as JSON again."""
CROWD: Final = 500_000
"""Lists and objects that an answer may have, or one for each 20 bytes: one that is nothing but these takes a hundred
times as long as others of its length, and everybody waits."""

ENVELOPE: Final = frozenset({"response", "statusCode", "headers"})


class Misfit(Exception):
    """What came, and what was wanted: in words that hold nothing that came."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How a reply is read. `type`: of the whole; none where nobody says. `envelope`: with status and headers."""

    type: TypeRef | None
    types: Mapping[str, TypeDefinition]
    data: AnswerPath | None = None
    renaming: Renaming | None = None
    envelope: bool = False

    @property
    def content(self) -> TypeRef | None:
        """The type of what the body holds."""
        if not self.envelope or self.type is None:
            return self.type
        definition = self.types.get(named(self.type))
        field = definition.fields.get("response") if isinstance(definition, ObjectType) else None
        return field.type if field is not None else Named("JSON")

    def missing(self, reply: Reply) -> Json:
        """For a status that says that there is none."""
        if self.envelope:
            return self._enclosed(reply, None)
        return False if self.type is not None and nullable(self.type) == Named("Boolean") else None

    def read(self, reply: Reply) -> Json:
        """Raises `Misfit`."""
        type = self.content
        content = _content(reply, type if self.data is None else None)
        value: Json = content
        if self.data is not None and content is not None:
            found = self.data.follow(content)
            value = None if isinstance(found, Missing) else found
        if self.renaming is not None:
            value = self.renaming.apply(value)
        if type is not None:
            if nullable(type) == Named("Boolean") and content is None:
                value = True
            _hold(value, type, str(self.data) if self.data is not None else "the body", self.types)
        return self._enclosed(reply, value) if self.envelope else value

    def _enclosed(self, reply: Reply, value: Json) -> Json:
        headers = {name: text for name, text in reply.headers.items() if name not in _PRIVATE}
        return {"response": value, "statusCode": reply.status, "headers": headers}


def readable(value: Json, type: TypeRef | None, types: Mapping[str, TypeDefinition], rank: int) -> Json:
    """What a role of this rank may read of it."""
    definition = types.get(named(type)) if type is not None else None
    if not isinstance(definition, ObjectType):
        return value
    if isinstance(value, list):
        return [readable(item, type, types, rank) for item in value]
    if not isinstance(value, Mapping):
        return value
    return {
        name: readable(value.get(name), field.type, types, rank)
        for name, field in definition.fields.items()
        if field.rank <= rank
    }


def _content(reply: Reply, type: TypeRef | None) -> Json:
    """`type`: of the whole body; none where only a part of it is wanted, or nobody says."""
    said = reply.headers.get("content-type", "").partition(";")[0].strip().lower()
    wanted = nullable(type) if type is not None else None
    if wanted == Named("Bytes"):
        return b64encode(reply.body).decode("ascii")
    if not reply.body:
        return None
    if _JSON.fullmatch(said):
        return _parsed(reply.body, "its answer is no JSON, though it says so")
    if wanted in (Named("String"), Named("ID")):
        return read_text(reply.body, reply.headers)
    if wanted is None or wanted == Named("JSON"):
        if not said:
            return _parsed(reply.body, "its answer is no JSON")
        if said.startswith("text/"):
            return read_text(reply.body, reply.headers)
        return b64encode(reply.body).decode("ascii")
    what = said if _MEDIA.fullmatch(said) else "something"
    if said in _UNSAID:
        return _parsed(reply.body, f"its answer is no JSON but {what}")
    raise Misfit(f"its answer is no JSON but {what}")


def _parsed(body: bytes, complaint: str) -> Json:
    if is_crowded(body):
        raise Misfit("its answer has too many lists and objects")
    try:
        value: Json = orjson.loads(body.removeprefix(b"\xef\xbb\xbf"))
    except ValueError:
        raise Misfit(complaint) from None
    if is_deep(body, value):
        raise Misfit(f"its answer is more than {DEEPEST} values deep")
    return value


def is_crowded(body: bytes) -> bool:
    return body.count(b"[") + body.count(b"{") > max(CROWD, len(body) // 20)


def is_deep(body: bytes, value: Json) -> bool:
    """Whether the value, of this body, is deeper than what can be written again."""
    if body.count(b"[") + body.count(b"{") <= DEEPEST:
        return False
    level: list[Json] = [value]
    for _ in range(DEEPEST):
        inner: list[Json] = []
        for each in level:
            if isinstance(each, Mapping):
                inner += each.values()
            elif isinstance(each, list):
                inner += each
        level = inner
        if not level:
            return False
    return True


def _hold(value: Json, type: TypeRef, where: str, types: Mapping[str, TypeDefinition]) -> None:
    """Holds the outermost part against the type: what is within is held by whoever shows it."""
    if value is None:
        if isinstance(type, NonNull):
            raise Misfit(f"{type} is wanted at {where}, and there is nothing")
        return
    inner = nullable(type)
    if isinstance(inner, ListOf):
        if not isinstance(value, list):
            raise Misfit(f"{type} is wanted at {where}, and {_kind(value)} is there")
    elif isinstance(types.get(inner.name), ObjectType):
        if not isinstance(value, Mapping):
            raise Misfit(f"{type} is wanted at {where}, and {_kind(value)} is there")
    elif inner.name != "JSON" and isinstance(value, Mapping | list):
        raise Misfit(f"{type} is wanted at {where}, and {_kind(value)} is there")


def _kind(value: Json) -> str:
    match value:
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "a text"
        case Mapping():
            return "an object"
        case _:
            return "a list"
