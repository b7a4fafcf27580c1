"""An outline's types as the text of types.graphql."""

from __future__ import annotations

from tidegate.scaffold.outline import EnumOutline, FieldOutline, ObjectOutline, Outline, RelationOutline
from tidegate.scaffold.text import description


def types_text(outline: Outline) -> str:
    """All enums, then all types."""
    return "\n".join((*map(enum_text, outline.enums), *map(type_text, outline.objects)))


def enum_text(enum: EnumOutline) -> str:
    return f"enum {enum.name} {{\n" + "".join(f"  {value}\n" for value in enum.values) + "}\n"


def type_text(data_object: ObjectOutline) -> str:
    lines = (*map(field_text, data_object.fields), *map(relation_text, data_object.relations))
    return f"{description(data_object.comment)}type {data_object.type} {{\n{''.join(lines)}}}\n"


def field_text(field: FieldOutline) -> str:
    return f"{description(field.comment, 2)}  {field.name}: {field.shown}\n"


def relation_text(relation: RelationOutline) -> str:
    return f"  {relation.name}: {relation.shown}\n"
