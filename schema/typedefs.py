"""types.graphql -> the types that clients see: objects, enums and inputs, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from graphql import (
    ConstDirectiveNode,
    DefinitionNode,
    EnumTypeDefinitionNode,
    FieldDefinitionNode,
    GraphQLSyntaxError,
    InputObjectTypeDefinitionNode,
    InputValueDefinitionNode,
    Node,
    ObjectTypeDefinitionNode,
    Source,
    StringValueNode,
    parse,
)

from tidegate.core.json import MISSING, Given, Missing
from tidegate.core.literals import Misfit, coerce_literal
from tidegate.core.location import Location
from tidegate.core.problems import Problems, did_you_mean
from tidegate.core.types import (
    SCALARS,
    Argument,
    EnumType,
    Field,
    InputType,
    Named,
    NonNull,
    ObjectType,
    TypeDefinition,
    TypeRef,
    named,
)
from tidegate.schema.refreshed import REFRESHED, REFRESHED_TYPE
from tidegate.schema.type_expressions import convert_type, convert_value

FILE: Final = "types.graphql"
_ROOTS: Final = ("Query", "Mutation", "Subscription")
_OPERATIONS: Final = "Operations are declared in operations/*.yaml; the schema is made from them."
_REFUSED: Final = {
    "interface_type_definition": ("Interfaces cannot be declared.", "Write the fields into each type."),
    "union_type_definition": ("Unions cannot be declared.", "Write one type with the fields of all."),
    "scalar_type_definition": ("Scalars cannot be declared.", f"There are {', '.join(sorted(SCALARS))}."),
    "directive_definition": ("Directives cannot be declared.", ""),
    "schema_definition": ("The schema itself cannot be declared.", _OPERATIONS),
    "operation_definition": ("Documents cannot stand in types.graphql.", "Only types, enums and inputs."),
    "fragment_definition": ("Fragments cannot stand in types.graphql.", "Only types, enums and inputs."),
}

_DIRECTIVE_HINTS: Final = {
    "deprecated": "Only fields of types can be @deprecated.",
    "minRole": "The role that may read a field is set in its object: columns.",
}


@dataclass(slots=True)
class TypeFile:
    """What types.graphql declares. `uses` are the types that its fields name, with the place of each; `readable` is
    false where the file could not be parsed, so that nobody is told that its types do not exist."""

    types: dict[str, TypeDefinition] = field(default_factory=dict)
    uses: list[tuple[TypeRef, Location, bool]] = field(default_factory=list)
    defaults: list[tuple[str, str, Given, Location]] = field(default_factory=list)
    readable: bool = True


def read_types(text: str, problems: Problems, file: str = FILE, before: TypeFile | None = None) -> TypeFile:
    """The types of the file, added to those of the files before it. Defaults of input fields are coerced by
    `settle_defaults`, once every type is known."""
    source = Source(text, file)
    found = before or TypeFile()
    try:
        document = parse(source)
    except GraphQLSyntaxError as error:
        place = error.locations[0] if error.locations else None
        at = Location(file, place.line, place.column) if place else Location(file)
        problems.add(at, _sentence(error.message), _syntax_hint(error.message))
        found.readable = False
        return found
    except RecursionError:
        problems.add(Location(file), "This file is nested too deeply.")
        found.readable = False
        return found
    reader = _Reader(source, problems, found)
    for definition in document.definitions:
        reader.definition(definition)
    return reader.found


def check_uses(
    found: TypeFile, known: Mapping[str, TypeDefinition], reserved: Iterable[str], problems: Problems
) -> None:
    """Holds every type that a field names against the types there are, `reserved` being those that can be generated."""
    names = (*found.types, *SCALARS, *reserved)
    for type, at, input_wanted in found.uses:
        name = named(type)
        definition = known.get(name)
        if definition is None and name not in SCALARS and name not in found.types:
            problems.add(at, f'There is no type "{name}".', did_you_mean(name, names))
        elif input_wanted and isinstance(definition, ObjectType):
            problems.add(at, f'"{name}" is not an input type.', "Declare an input with the fields that clients send.")
        elif not input_wanted and isinstance(definition, InputType):
            problems.add(at, f'"{name}" is an input type; it cannot be shown.', "Declare a type with the same fields.")


def settle_defaults(found: TypeFile, types: dict[str, TypeDefinition], problems: Problems) -> None:
    """Coerces the defaults of input fields, and puts the changed inputs into `types`."""
    for name, field_name, default, at in found.defaults:
        definition = types[name]
        if not isinstance(definition, InputType) or isinstance(default, Missing):
            continue
        argument = definition.fields[field_name]
        if named(argument.type) not in types and named(argument.type) not in SCALARS:
            continue
        try:
            coerced = coerce_literal(default, argument.type, types)
        except Misfit as misfit:
            problems.add(at, f'The default of "{field_name}" does not fit: {misfit.sentence}', misfit.hint)
            continue
        settled = Argument(argument.name, argument.type, argument.at, coerced, argument.description)
        fields = {**definition.fields, field_name: settled}
        types[name] = InputType(name, fields, definition.at, definition.description)


def refuse_endless_inputs(types: Mapping[str, TypeDefinition], problems: Problems) -> None:
    """An input that needs itself, through fields that must all be given, can never be written down."""
    for name, definition in types.items():
        seen: set[str] = set()
        waiting = [definition]
        while waiting:
            current = waiting.pop()
            for argument in current.fields.values() if isinstance(current, InputType) else ():
                inner = argument.type.of if isinstance(argument.type, NonNull) else None
                if not isinstance(inner, Named):
                    continue
                if inner.name == name:
                    sentence = f'The input "{name}" needs itself in "{argument.name}", and so on without an end.'
                    problems.add(argument.at, sentence, "Let one of the fields be null or a list.")
                elif inner.name in types and inner.name not in seen:
                    seen.add(inner.name)
                    waiting.append(types[inner.name])


@dataclass(slots=True)
class _Reader:
    source: Source
    problems: Problems
    found: TypeFile

    def definition(self, node: DefinitionNode) -> None:
        at = self.at(node)
        if node.kind.endswith("_extension"):
            self.problems.add(at, "Types cannot be extended.", "Write everything where the type is declared.")
        elif node.kind in _REFUSED:
            self.problems.add(at, *_REFUSED[node.kind])
        elif isinstance(node, ObjectTypeDefinitionNode | EnumTypeDefinitionNode | InputObjectTypeDefinitionNode):
            self._named(node)

    def _named(self, node: ObjectTypeDefinitionNode | EnumTypeDefinitionNode | InputObjectTypeDefinitionNode) -> None:
        name, at = node.name.value, self.at(node.name)
        if name in _ROOTS:
            self.problems.add(at, f'"{name}" cannot be declared.', _OPERATIONS)
            return
        self._reserved(name, at, "a type")
        if name == REFRESHED_TYPE:
            self.problems.add(at, f'"{name}" is what the subscription "{REFRESHED}" gives.', "Choose another name.")
            return
        if name in SCALARS:
            self.problems.add(at, f'"{name}" is a scalar already.', "Choose another name.")
            return
        if name in self.found.types:
            first = self.found.types[name].at
            self.problems.add(at, f'The type "{name}" is declared twice; the first is at {first}.', "Keep one of them.")
            return
        self._directives(node.directives or (), allowed=False)
        if isinstance(node, ObjectTypeDefinitionNode):
            self.found.types[name] = self._object(node, name, at)
        elif isinstance(node, EnumTypeDefinitionNode):
            self.found.types[name] = self._enum(node, name, at)
        else:
            self.found.types[name] = self._input(node, name, at)

    def _object(self, node: ObjectTypeDefinitionNode, name: str, at: Location) -> ObjectType:
        if node.interfaces:
            self.problems.add(self.at(node.interfaces[0]), "Interfaces cannot be implemented.", "Remove the word.")
        fields: dict[str, Field] = {}
        for inner in node.fields or ():
            field_name, place = inner.name.value, self.at(inner.name)
            if self._is_new(field_name, place, fields, name):
                fields[field_name] = self._field(inner, field_name, place)
        if not fields:
            self.problems.add(at, f'The type "{name}" has no fields.', "Give it at least one.")
        return ObjectType(name, fields, at, _text(node.description))

    def _field(self, node: FieldDefinitionNode, name: str, at: Location) -> Field:
        if node.arguments:
            hint = "Nested rows get limit and offset by themselves; declare an operation for everything else."
            self.problems.add(self.at(node.arguments[0]), "Fields of a type cannot have arguments.", hint)
        type = convert_type(node.type)
        self.found.uses.append((type, self.at(node.type), False))
        deprecated = self._directives(node.directives or (), allowed=True)
        return Field(name, type, at, _text(node.description), deprecated=deprecated)

    def _enum(self, node: EnumTypeDefinitionNode, name: str, at: Location) -> EnumType:
        values: dict[str, str] = {}
        for inner in node.values or ():
            value, place = inner.name.value, self.at(inner.name)
            self._reserved(value, place, "an enum value")
            if value in values:
                self.problems.add(place, f'{name} has the value "{value}" twice.', "Keep one of them.")
            self._directives(inner.directives or (), allowed=False)
            values[value] = _text(inner.description)
        if not values:
            self.problems.add(at, f'The enum "{name}" has no values.', "Give it at least one.")
        return EnumType(name, values, at, _text(node.description))

    def _input(self, node: InputObjectTypeDefinitionNode, name: str, at: Location) -> InputType:
        fields: dict[str, Argument] = {}
        for inner in node.fields or ():
            field_name, place = inner.name.value, self.at(inner.name)
            if self._is_new(field_name, place, fields, name):
                fields[field_name] = self._input_field(inner, name, field_name, place)
        if not fields:
            self.problems.add(at, f'The input "{name}" has no fields.', "Give it at least one.")
        return InputType(name, fields, at, _text(node.description))

    def _input_field(self, node: InputValueDefinitionNode, owner: str, name: str, at: Location) -> Argument:
        type = convert_type(node.type)
        self.found.uses.append((type, self.at(node.type), True))
        self._directives(node.directives or (), allowed=False)
        default: Given = MISSING
        if node.default_value is not None:
            default = convert_value(node.default_value)
            self.found.defaults.append((owner, name, default, self.at(node.default_value)))
        return Argument(name, type, at, default, _text(node.description))

    def _is_new(self, name: str, at: Location, fields: Mapping[str, Field | Argument], owner: str) -> bool:
        self._reserved(name, at, "a field")
        if name in fields:
            sentence = f'{owner} has the field "{name}" twice; the first is at {fields[name].at}.'
            self.problems.add(at, sentence, "Keep one of them.")
        return name not in fields

    def _reserved(self, name: str, at: Location, noun: str) -> None:
        if name.startswith("__"):
            sentence = f'"{name}" cannot be the name of {noun}: GraphQL keeps names that begin with __ to itself.'
            self.problems.add(at, sentence)

    def _directives(self, directives: Iterable[ConstDirectiveNode], *, allowed: bool) -> str | None:
        reason = None
        for directive in directives:
            name = directive.name.value
            if name != "deprecated" or not allowed:
                hint = _DIRECTIVE_HINTS.get(name, "Remove it.")
                self.problems.add(self.at(directive), f"@{name} cannot stand here.", hint)
                continue
            reason = "No longer supported"
            for argument in directive.arguments or ():
                if argument.name.value == "reason" and isinstance(argument.value, StringValueNode):
                    reason = argument.value.value
                else:
                    self.problems.add(self.at(argument), "@deprecated takes a reason, a text, and nothing else.")
        return reason

    def at(self, node: Node) -> Location:
        found = node.loc
        if isinstance(node, ObjectTypeDefinitionNode | EnumTypeDefinitionNode | InputObjectTypeDefinitionNode):
            found = node.name.loc or found
        # Not by the offset: looking for its line goes through the whole file each time.
        return Location(self.source.name, *((found.start_token.line, found.start_token.column) if found else (1, 1)))


def _text(node: StringValueNode | None) -> str:
    return node.value if node is not None else ""


def _sentence(message: str) -> str:
    said = message.removeprefix("Syntax Error: ").rstrip(".")
    return f"This is not GraphQL: {said[:1].lower()}{said[1:]}."


def _syntax_hint(message: str) -> str:
    if "Unexpected <EOF>" in message or "found <EOF>" in message:
        return "A brace is not closed."
    if "Expected Name, found '}'" in message or 'Expected Name, found "}"' in message:
        return "Braces cannot be empty."
    return "Types are written: type Ticket { id: ID! title: String! }."


def plain_fields(type: ObjectType, types: Mapping[str, TypeDefinition]) -> dict[str, Field]:
    """The fields that hold a value and not other objects."""
    return {
        name: field for name, field in type.fields.items() if not isinstance(types.get(named(field.type)), ObjectType)
    }
