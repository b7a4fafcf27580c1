"""The project's types and operations -> Python classes, which is what strawberry makes a schema of.

Python names are the GraphQL names with an underscore behind them: a field may be called `class`, a type `None`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from typing import Any, Final, NewType, Optional, cast

import strawberry
from graphql import GraphQLError, ValueNode
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.field import StrawberryField
from strawberry.types.scalar import ScalarDefinition
from strawberry.types.unset import UNSET

from tidegate.core.catalog import Catalog
from tidegate.core.json import MISSING, Given, Json, Missing
from tidegate.core.operation import Operation
from tidegate.core.scalar_forms import Invalid
from tidegate.core.types import (
    Argument,
    EnumType,
    Field,
    InputType,
    ListOf,
    Named,
    NonNull,
    ObjectType,
    TypeDefinition,
    TypeRef,
)
from tidegate.schema import reference
from tidegate.schema.coercion import Coercion
from tidegate.schema.directives import MinRole, Timeout
from tidegate.schema.document_literals import Constant
from tidegate.schema.scalars import SCALARS, Scalar

EMPTY: Final = "_empty"
"""The one field of `Query` in a project without queries: GraphQL wants at least one. It is always null."""

_BUILT_IN: Final[Mapping[str, object]] = {
    "Int": int,
    "Float": float,
    "String": str,
    "Boolean": bool,
    "ID": strawberry.ID,
}


class ProjectField(StrawberryField):
    """A field whose value comes from a function of the source, graphql-core's resolve info and the coerced arguments.
    Any: strawberry and graphql-core pass values of every type here."""

    resolve: Callable[[Any, Any], Any]

    @property
    def is_basic_field(self) -> bool:
        return False

    def get_result(self, source: Any, info: Any, args: list[Any], kwargs: Any) -> Any:  # noqa: ARG002
        return self.resolve(source, info._raw_info)  # noqa: SLF001 (likewise)


class Classes:
    """The classes of one project, and the `scalars` they use. `types` are the catalog's and ours."""

    def __init__(self, catalog: Catalog, types: Mapping[str, TypeDefinition], coercion: Coercion) -> None:
        self._catalog = catalog
        self._types = types
        self._coercion = coercion
        self.scalars: dict[object, ScalarDefinition] = {}
        self._annotations: dict[TypeRef, StrawberryAnnotation] = {}
        # Any: the names that annotations are evaluated with hold classes, new types and generics.
        self._names: dict[str, Any] = {"Optional": Optional, "List": list}
        for name, scalar in SCALARS.items():
            self._names[_python(name)] = _BUILT_IN[name] if name in _BUILT_IN else self._scalar(scalar)
        for name, definition in types.items():
            match definition:
                case EnumType():
                    self._names[_python(name)] = _enum(definition)
                case InputType():
                    self._names[_python(name)] = self._input(definition)
                case ObjectType():
                    self._names[_python(name)] = self._object(definition)

    def used(self) -> list[type]:
        """Every type of the project, reachable or not: a client may want to know it."""
        return [self._names[_python(name)] for name in self._types]

    def root(self, name: str, operations: Mapping[str, Operation], *, streams: bool = False) -> type:
        fields: dict[str, StrawberryField] = {}
        for operation in operations.values():
            directives: list[object] = [MinRole(role=operation.min_role)]
            if operation.timeout != self._catalog.limits.timeout:
                directives.append(Timeout(seconds=operation.timeout))
            fields[operation.name] = self._field(
                operation.name,
                operation.returns,
                operation.arguments.values(),
                operation.description,
                operation.deprecated,
                directives,
                reference.refuse_stream if streams else reference.root(operation, self._types),
            )
            fields[operation.name].is_subscription = streams
        if not fields:
            fields[EMPTY] = self._field(EMPTY, None, (), "This project has no queries.", None, (), lambda *_: None)
        return self._declare(strawberry.type, name, "", fields)

    def _object(self, definition: ObjectType) -> type:
        fields = {
            field.name: self._field(
                field.name,
                field.type,
                field.arguments.values(),
                field.description,
                field.deprecated,
                self._restriction(field),
                reference.child,
            )
            for field in definition.fields.values()
        }
        return self._declare(strawberry.type, definition.name, definition.description, fields)

    def _restriction(self, field: Field) -> list[object]:
        return [MinRole(role=self._catalog.roles[field.rank])] if field.rank > 0 else []

    def _input(self, definition: InputType) -> type:
        fields: dict[str, StrawberryField] = {}
        for argument in definition.fields.values():
            fields[argument.name] = StrawberryField(
                python_name=_python(argument.name),
                graphql_name=argument.name,
                type_annotation=self._annotation(argument.type),
                description=argument.description or None,
                **_field_default(argument),
            )
        return self._declare(strawberry.input, definition.name, definition.description, fields)

    def _field(
        self,
        name: str,
        type: TypeRef | None,
        arguments: Iterable[Argument],
        description: str,
        deprecated: str | None,
        directives: Iterable[object],
        resolve: Callable[[Any, Any], Any],
    ) -> StrawberryField:
        field = ProjectField(
            python_name=_python(name),
            graphql_name=name,
            type_annotation=self._annotation(type)
            if type
            else StrawberryAnnotation("Optional[Boolean_]", namespace=self._names),
            description=description or None,
            deprecation_reason=deprecated,
            directives=tuple(directives),
        )
        field.resolve = resolve
        field.arguments = [
            StrawberryArgument(
                python_name=_python(argument.name),
                graphql_name=argument.name,
                type_annotation=self._annotation(argument.type),
                description=argument.description or None,
                default=_default(argument.default),
            )
            for argument in arguments
        ]
        return field

    def _declare(
        self, decorate: Callable[..., Any], name: str, description: str, fields: Mapping[str, StrawberryField]
    ) -> type:
        annotations = {key: field.type_annotation for key, field in fields.items()}
        members = {_python(key): field for key, field in fields.items()}
        made = type(_python(name), (), {"__module__": __name__, "is_type_of": reference.is_object, **members})
        declared = cast("type", decorate(made, name=name, description=description or None))
        # Becoming a dataclass, strawberry forgets the names that annotations are to be evaluated with.
        for declaration in declared.__strawberry_definition__.fields:  # type: ignore[attr-defined]
            declaration.type_annotation = annotations[declaration.graphql_name]
        return declared

    def _annotation(self, type: TypeRef) -> StrawberryAnnotation:
        # One for each type: strawberry evaluates each only once.
        found = self._annotations.get(type)
        if found is None:
            found = self._annotations[type] = StrawberryAnnotation(_expression(type), namespace=self._names)
        return found

    def _scalar(self, scalar: Scalar) -> object:
        made = NewType(_python(scalar.name), object)  # type: ignore[misc]
        self.scalars[made] = ScalarDefinition(
            name=scalar.name,
            description=scalar.description,
            specified_by_url=scalar.specified_by,
            serialize=_translated(scalar.show),
            parse_value=_translated(scalar.take),
            parse_literal=self._literal(scalar),
        )
        return made

    def _literal(self, scalar: Scalar) -> Callable[[ValueNode, Mapping[str, Any] | None], Json]:
        type = NonNull(Named(scalar.name))

        def parse(node: ValueNode, variables: Mapping[str, Any] | None = None) -> Json:
            try:
                literal = self._coercion.literal(node, type)
                given = literal.value if isinstance(literal, Constant) else literal(variables or {})
            except Invalid as error:
                raise GraphQLError(error.message, node) from None
            return None if isinstance(given, Missing) else given

        return parse


def _python(name: str) -> str:
    return f"{name}_"


def _expression(type: TypeRef) -> str:
    """`[Ticket!]` -> `Optional[List[Ticket_]]`, a text because types may refer to each other in circles."""
    if isinstance(type, NonNull):
        inner = type.of
        return f"List[{_expression(inner.of)}]" if isinstance(inner, ListOf) else _python(inner.name)
    return f"Optional[{_expression(NonNull(type))}]"


def _enum(definition: EnumType) -> type:
    # Values are texts, so that a coerced argument is the JSON value it stands for. Python keeps `_x_`, `mro` and others
    # to itself, so its members have names that clients never see.
    made = Enum(  # type: ignore[misc]
        _python(definition.name),
        {
            f"value_{value}": strawberry.enum_value(value, name=value, description=description or None)
            for value, description in definition.values.items()
        },
    )
    return cast("type", strawberry.enum(made, name=definition.name, description=definition.description or None))


def _field_default(argument: Argument) -> dict[str, Any]:
    """Dataclasses want no default for what is required, and a factory for lists and objects."""
    match argument.default:
        case Missing():
            return {} if argument.required else {"default": UNSET}
        case list() | dict() as default:
            return {"default_factory": lambda: default}
    return {"default": argument.default}


def _default(default: Given) -> Any:
    return UNSET if default is MISSING else default


def _translated(coerce: Callable[[Json], Json]) -> Callable[[Json], Json]:
    def translated(value: Json) -> Json:
        try:
            return coerce(value)
        except Invalid as error:
            raise GraphQLError(error.message) from None

    return translated
