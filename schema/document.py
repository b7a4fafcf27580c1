"""A GraphQL document -> something that can be executed many times.

Reading a document is the expensive part, and is done once: parsed within limits, measured, validated, its variables
made into coercers. What it selects depends on nothing but the booleans that `@skip` and `@include` name, so there is
one `Shape` for each combination of them, made when it is first asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    parse,
    validate,
)
from graphql.validation import ASTValidationRule, OverlappingFieldsCanBeMergedRule, specified_rules

from tidegate.core.errors import Code
from tidegate.core.json import MISSING, Json
from tidegate.core.scalar_forms import Invalid
from tidegate.schema.api import Api
from tidegate.schema.coercion import VariablePlan, type_of
from tidegate.schema.document_limits import TooMuch, check_limits
from tidegate.schema.document_literals import Constant
from tidegate.schema.introspection import introspects
from tidegate.schema.merging import find_conflicts
from tidegate.schema.request_errors import (
    PARSE_FAILED,
    VALIDATION_FAILED,
    DocumentError,
    of_graphql,
    refusal,
)
from tidegate.schema.selection import flag_names, positions
from tidegate.schema.shape import Shape, make_shape

_SHAPES: Final = 64
"""How many shapes one document keeps. The oldest goes first."""
_SHAPED_FIELDS: Final = 2000
"""How many fields the shapes that a document keeps have together, if there are more than two."""

_BYTES: Final = 4096
_BYTES_PER_CHARACTER: Final = 100
"""Of a document without its syntax tree: selections, literals, and what an integration makes of them for a role or
two. Most texts need much less."""
_BYTES_PER_TOKEN: Final = 500
"""Of a syntax tree."""

_ABORTED: Final = " Parsing aborted."
"""How graphql-core's parser ends what it says of a limit."""

_RULES: Final[tuple[type[ASTValidationRule], ...]] = tuple(
    rule for rule in specified_rules if rule is not OverlappingFieldsCanBeMergedRule
)


@dataclass(slots=True, eq=False)
class Document:
    """One operation of a document, ready to be executed. `kind` is `query`, `mutation` or `subscription`."""

    api: Api
    kind: str
    name: str | None
    variables: tuple[VariablePlan, ...]
    flags: tuple[str, ...]
    weight: int
    """Roughly how many bytes of memory this takes while it is kept."""
    _tokens: int
    _source: tuple[OperationDefinitionNode, Mapping[str, FragmentDefinitionNode]] | None
    _shapes: dict[tuple[Json, ...], Shape] = field(default_factory=dict)

    def coerce(self, raw: Mapping[str, Json] | None) -> dict[str, Json]:
        """The variables of a call. Raises `DocumentError`: one error for each wrong variable, within the limit."""
        taken: dict[str, Json] = {}
        errors: list[DocumentError] = []
        for variable in self.variables:
            try:
                variable.take(raw or {}, taken)
            except Invalid as error:
                where = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in error.path)
                message = f'Variable "${variable.name}{where}" cannot be used. {error.message}'
                errors.append(refusal(Code.BAD_USER_INPUT, message, ((variable.line, variable.column),)))
                if len(errors) == self.api.catalog.limits.errors:
                    break
        if errors:
            raise DocumentError([entry for error in errors for entry in error.errors])
        return taken

    def shape(self, variables: Mapping[str, Json]) -> Shape:
        """What is selected, with these coerced variables. Raises `DocumentError`."""
        key = tuple([variables.get(name) for name in self.flags])
        found = self._shapes.get(key)
        if found is None:
            assert self._source is not None
            found = make_shape(self.api, *self._source, self._flags(key))
            while len(self._shapes) >= max(2, min(_SHAPES, _SHAPED_FIELDS // (found.size + 1))):
                del self._shapes[next(iter(self._shapes))]
            self._shapes[key] = found
        return found

    def release(self) -> None:
        """Drops the source, when every shape there will ever be has been made."""
        self._source = None
        self.weight -= _BYTES_PER_TOKEN * self._tokens

    def _flags(self, values: tuple[Json, ...]) -> dict[str, bool]:
        flags: dict[str, bool] = {}
        for name, value in zip(self.flags, values, strict=True):
            if not isinstance(value, bool):
                raise refusal(Code.BAD_USER_INPUT, f'Variable "${name}" cannot be used. Expected a Boolean, not null.')
            flags[name] = value
        return flags


def compile_document(
    api: Api,
    text: str,
    operation_name: str | None,
    *,
    suggestions: bool = False,
    introspection: bool = True,
) -> Document:
    """Raises `DocumentError`. `suggestions` lets messages say what the author may have meant, which tells everybody
    the names of the schema; `introspection` allows `__schema` and `__type`."""
    try:
        document = _parse(api, text)
        check_limits(document, api.catalog.limits)
        _validate(api, document, suggestions)
    except TooMuch as error:
        raise refusal(Code.LIMIT, str(error)) from None
    except RecursionError:
        raise refusal(Code.LIMIT, "The document is nested too deeply.") from None
    operation = _choose(document, operation_name)
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    flags = flag_names([operation.selection_set], fragments)
    compiled = Document(
        api,
        operation.operation.value,
        operation.name.value if operation.name else None,
        _variables(api, operation),
        flags,
        _BYTES + _BYTES_PER_CHARACTER * len(text) + _BYTES_PER_TOKEN * document.token_count,
        document.token_count,
        (operation, fragments),
    )
    if not introspection and (found := introspects(document)):
        raise DocumentError(of_graphql([found], VALIDATION_FAILED))
    if not flags:
        # One shape is all there will ever be, and the syntax tree is what weighs most.
        shape = compiled.shape({})
        if shape.introspection is None:
            compiled.release()
    return compiled


def _parse(api: Api, text: str) -> DocumentNode:
    limits = api.catalog.limits
    try:
        return parse(
            text,
            max_lexical_tokens=limits.tokens,
            max_comments=limits.tokens,
            max_source_length=limits.body,
            allow_empty_selection_sets=False,
        )
    except GraphQLSyntaxError as error:
        if error.message.endswith(_ABORTED):
            message = error.message.removesuffix(_ABORTED).removeprefix("Syntax Error: ")
            raise refusal(Code.LIMIT, message) from None
        raise DocumentError(of_graphql([error], PARSE_FAILED)) from None


def _validate(api: Api, document: DocumentNode, suggestions: bool) -> None:
    most = api.catalog.limits.errors
    errors: list[GraphQLError] = validate(api.graphql, document, _RULES, most, hide_suggestions=not suggestions)
    errors = errors[:most] or find_conflicts(document, most)
    if errors:
        raise DocumentError(of_graphql(errors, VALIDATION_FAILED))


def _choose(document: DocumentNode, name: str | None) -> OperationDefinitionNode:
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    if name is None:
        if len(operations) == 1:
            return operations[0]
        if operations:
            raise refusal(Code.BAD_USER_INPUT, "The document has several operations: say which with operationName.")
        raise refusal(VALIDATION_FAILED, "The document has no operation.")
    for node in operations:
        if node.name is not None and node.name.value == name:
            return node
    raise refusal(Code.BAD_USER_INPUT, "The document has no operation of that name.")


def _variables(api: Api, operation: OperationDefinitionNode) -> tuple[VariablePlan, ...]:
    plans: list[VariablePlan] = []
    for node in operation.variable_definitions or ():
        type = type_of(node.type)
        (place,) = positions([node]) or ((1, 1),)
        try:
            default = api.coercion.literal(node.default_value, type) if node.default_value else None
        except Invalid as error:
            raise refusal(VALIDATION_FAILED, error.message, (place,)) from None
        plans.append(
            VariablePlan(
                node.variable.name.value,
                api.coercion.coercer(type),
                default.value if isinstance(default, Constant) else MISSING,
                str(type).endswith("!"),
                *place,
            )
        )
    return tuple(plans)
