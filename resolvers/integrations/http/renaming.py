"""`fields:` of a request: where the fields of what it answers are found, if not under their own names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tidegate.core.expressions import Expression, Literal, Record
from tidegate.core.json import Json, Missing
from tidegate.core.problems import Problems, did_you_mean
from tidegate.core.types import ObjectType, TypeDefinition, TypeRef, named
from tidegate.resolvers.integrations.http.answer_paths import FORM, AnswerPath, parse_path


@dataclass(frozen=True, slots=True)
class Renaming:
    """Of each field: its path, from the object it belongs to, and what is renamed in it in turn."""

    fields: Mapping[str, tuple[AnswerPath, Renaming | None]]

    def apply(self, value: Json) -> Json:
        """Of an object, or of each of a list; what is neither stays. Fields that are not named stay as they are."""
        if isinstance(value, list):
            return [self.apply(item) for item in value]
        if not isinstance(value, Mapping):
            return value
        renamed = dict(value)
        for name, (path, inner) in self.fields.items():
            found = path.follow(value)
            given = None if isinstance(found, Missing) else found
            renamed[name] = inner.apply(given) if inner is not None else given
        return renamed


def read_renaming(
    written: Expression, type: TypeRef | None, types: Mapping[str, TypeDefinition], problems: Problems
) -> Renaming | None:
    """`type`: of what the fields are; none where nobody says."""
    if not isinstance(written, Record):
        hint = "Write firstName: $.first_name, say."
        problems.add(written.at, '"fields" is a mapping of fields to paths into the answer.', hint)
        return None
    definition = types.get(named(type)) if type is not None else None
    if type is not None and not isinstance(definition, ObjectType):
        problems.add(written.at, f"{type} has no fields.")
        return None
    fields: dict[str, tuple[AnswerPath, Renaming | None]] = {}
    for name, each in written.fields.items():
        known = definition.fields if isinstance(definition, ObjectType) else None
        if known is not None and name not in known:
            sentence = f'{named(type) if type else ""} has no field "{name}".'
            problems.add(written.keys[name], sentence, did_you_mean(name, known))
            continue
        inner = known[name].type if known is not None else None
        found = _field(name, each, inner, types, problems)
        if found is not None:
            fields[name] = found
    return Renaming(fields)


def _field(
    name: str, written: Expression, type: TypeRef | None, types: Mapping[str, TypeDefinition], problems: Problems
) -> tuple[AnswerPath, Renaming | None] | None:
    if not isinstance(written, Record):
        path = read_path(written, f'"{name}"', problems)
        return None if path is None else (path, None)
    for key, at in written.keys.items():
        if key not in ("from", "fields"):
            problems.add(at, f'"{key}" is not a key of a field.', did_you_mean(key, ("from", "fields")))
    origin, inner = written.fields.get("from"), written.fields.get("fields")
    path = read_path(origin, '"from"', problems) if origin is not None else AnswerPath((name,))
    renaming = read_renaming(inner, type, types, problems) if inner is not None else None
    return None if path is None else (path, renaming)


def read_path(written: Expression, noun: str, problems: Problems) -> AnswerPath | None:
    path = parse_path(written.value) if isinstance(written, Literal) and isinstance(written.value, str) else None
    if path is None:
        problems.add(written.at, f"{noun} is a path into the answer.", FORM)
    return path
