"""The body of `query:` and `mutation:`, as written -> what is asked, with places for the values of a call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from graphql import (
    GraphQLArgument,
    GraphQLNonNull,
    OperationType,
    get_named_type,
    is_leaf_type,
    is_required_argument,
)

from tidegate.core.expressions import Expression, Literal, Record, Reference
from tidegate.core.fitting import fit, sendable
from tidegate.core.integration import Declaration, Surroundings
from tidegate.core.problems import Problems, did_you_mean
from tidegate.core.types import InputType, Named, TypeDefinition, TypeRef, nullable
from tidegate.core.units import DURATION_PATTERN
from tidegate.resolvers.integrations.graphql.documents import Document, Variable, read_document
from tidegate.resolvers.integrations.graphql.fields import Stitched, differences
from tidegate.resolvers.integrations.graphql.upstream_schema import UpstreamSchema
from tidegate.resolvers.integrations.http.answer_paths import AnswerPath
from tidegate.resolvers.integrations.http.renaming import read_path
from tidegate.resolvers.integrations.upstream.written import WrittenRequest

# Any: JSON Schema is open-ended.
KEYS: Final[Mapping[str, Any]] = {
    "document": {"type": "string", "description": "A GraphQL document, or the name of a .graphql file."},
    "variables": {"type": ["object", "string"], "description": "Those of the document."},
    "data": {"type": "string", "pattern": r"^\$[.\[]", "description": "Where in data the result is: $.customers."},
    "field": {"type": "string", "description": "A field of the other server; the selection is the client's own."},
    "args": {"type": "object", "description": "Of the field."},
    "select": {"type": "string", "description": "Of the field, where no client selects: id name orders { id }."},
    "headers": {"type": "object", "description": "Over those of the integration."},
    "partial": {"type": "boolean", "description": "What there is, is taken although there are errors."},
    "resource": {"type": "string", "description": "What is read or written: only requests of the same concern it."},
    "poll": {"type": "string", "pattern": DURATION_PATTERN, "description": "How often it is asked while watched."},
}
_OF_DOCUMENTS: Final = ("variables", "data")
_OF_FIELDS: Final = ("args", "select")


@dataclass(frozen=True, slots=True, eq=False)
class Wish:
    """What is asked: either `document` or `stitched`. `variables` and `headers` are places among `inputs`, or none.
    `data`: where the result is; none: all of it."""

    operation: str
    verb: str
    document: Document | None
    stitched: Stitched | None
    inputs: tuple[Expression, ...]
    variables: int | None
    headers: int | None
    data: AnswerPath | None
    returns: TypeRef | None
    types: Mapping[str, TypeDefinition]
    partial: bool
    resource: str | None
    poll: float | None

    @property
    def reads(self) -> bool:
        return self.verb == "query"


def read_wish(
    declaration: Declaration, surroundings: Surroundings, schema: UpstreamSchema | None, poll: float | None
) -> Wish:
    """`schema`: none where the project does not keep it. `poll`: of the settings. Raises `ProjectError`."""
    problems = Problems()
    body = declaration.body
    if isinstance(body, Literal) and isinstance(body.value, str):
        body = Record({"document": body}, {"document": body.at}, body.at)
    if not isinstance(body, Record):
        problems.add(body.at, f'"{declaration.verb}" is a mapping.', "Begin with its document, or its field.")
        problems.raise_any()
        raise AssertionError
    wish = _Reader(declaration, body, surroundings, schema, problems).wish(poll)
    problems.raise_any()
    assert wish is not None
    return wish


class _Reader(WrittenRequest):
    def __init__(
        self,
        declaration: Declaration,
        body: Record,
        surroundings: Surroundings,
        schema: UpstreamSchema | None,
        problems: Problems,
    ) -> None:
        super().__init__(declaration, body, surroundings, problems)
        self._schema = schema

    def wish(self, poll: float | None) -> Wish | None:
        """None where something is wrong."""
        declaration, body, problems = self.declaration, self.body, self.problems
        verb = declaration.verb
        self.refuse_unknown(KEYS)
        named, other = ("field", "document") if "field" in body.fields else ("document", "field")
        if named not in body.fields:
            problems.add(declaration.at, f'"{verb}" has neither a "document" nor a "field".', "Write one of them.")
            return None
        for key in (other, *(_OF_DOCUMENTS if named == "field" else _OF_FIELDS)):
            if key in body.fields:
                problems.add(body.keys[key], f'"{key}" and "{named}" do not go together.', "Remove one of them.")
        document: Document | None = None
        stitched: Stitched | None = None
        data: AnswerPath | None
        if named == "field":
            stitched, variables = self._stitched()
            data = AnswerPath((stitched.name,)) if stitched is not None else None
        else:
            document, variables = self._document()
            data = self._data(document)
        return Wish(
            operation=declaration.operation,
            verb=verb,
            document=document,
            stitched=stitched,
            variables=variables,
            headers=self.headers(),
            inputs=tuple(self.inputs),
            data=data,
            returns=declaration.returns,
            types=self.types,
            partial=self.flag("partial"),
            resource=self.text("resource"),
            poll=self.poll(poll, reads=verb == "query"),
        )

    def _document(self) -> tuple[Document | None, int | None]:
        text = self.text("document")
        if text is None:
            return None, None
        at = self.body.fields["document"].at
        document = read_document(text, at, self.declaration.verb, self._schema, self.problems)
        given = self.body.fields.get("variables")
        if document is None:
            return None, None
        if isinstance(given, Reference):
            return document, self.add(given)
        return document, self._variables(given, "variables", "the document", document.variables)

    def _stitched(self) -> tuple[Stitched | None, int | None]:
        name, at = self.text("field"), self.body.fields["field"].at
        verb, problems = self.declaration.verb, self.problems
        if name is None:
            return None, None
        if self._schema is None:
            hint = "Write schema: upstream.graphql under integrations."
            problems.add(at, 'A "field" needs the schema of the other server.', hint)
            return None, None
        fields = self._schema.root(OperationType(verb))
        field = fields.get(name)
        if field is None:
            problems.add(at, f'The other server has no {verb} "{name}".', did_you_mean(name, fields))
            return None, None
        arguments = self._schema.arguments(field.args)
        wanted = {each.name: Variable(each.type, each.required) for each in arguments.values()}
        given = self.body.fields.get("args")
        place = self._variables(given, "args", f'the field "{name}"', wanted)
        names = given.fields if isinstance(given, Record) else ()
        types = {each: _sent_type(field.args[each]) for each in names if each in field.args}
        returns = self.declaration.returns
        if returns is not None:
            seen, types_here = self._schema.compared, self.types
            for sentence, hint in differences(returns, field.type, types_here, f'"{name}"', seen):
                problems.add(self.declaration.at, sentence, hint)
        select = self.text("select") or ""
        if select:
            self._check_select(name, select, types)
        stitched = Stitched(verb, name, field, types, returns, self.types, select)
        return stitched, place

    def _check_select(self, name: str, select: str, types: Mapping[str, str]) -> None:
        assert self._schema is not None
        field = self._schema.root(OperationType(self.declaration.verb))[name]
        at = self.body.fields["select"].at
        if is_leaf_type(get_named_type(field.type)):
            self.problems.add(at, f'"{name}" is {field.type} there: nothing of it is selected.', "Remove the key.")
            return
        text = Stitched(self.declaration.verb, name, field, types, None, {}, select).document(select)
        read_document(text, at, self.declaration.verb, self._schema, self.problems)

    def _variables(self, given: Expression | None, key: str, whose: str, wanted: Mapping[str, Variable]) -> int | None:
        """Each held against the type that the other server wants."""
        if given is not None and not isinstance(given, Record):
            self.problems.add(given.at, f'"{key}" is a mapping of names to values.')
            return None
        record = given or Record({}, {}, self.declaration.at)
        types = dict(self.types)
        if self._schema is not None:
            types |= self._schema.inputs
        fitted: dict[str, Expression] = {}
        for name, value in record.fields.items():
            variable = wanted.get(name)
            if variable is None:
                hint = did_you_mean(name, wanted)
                self.problems.add(record.keys[name], f'"{name}" is no variable of {whose}.', hint)
                continue
            fitted[name] = self._fitted(name, value, variable, whose, types)
        for name, variable in wanted.items():
            if variable.required and name not in record.fields:
                hint = f"Give it a value under {key}."
                self.problems.add(record.at, f'{whose[:1].upper()}{whose[1:]} needs "{name}".', hint)
        return self.add(Record(fitted, record.keys, record.at)) if fitted else None

    def _fitted(
        self, name: str, value: Expression, variable: Variable, whose: str, types: Mapping[str, TypeDefinition]
    ) -> Expression:
        arguments = self.declaration.arguments
        if variable.required and isinstance(value, Reference):
            sent = sendable(value, arguments, self.types)
            declared = arguments.get(value.path[0]) if value.root == "args" and len(value.path) == 1 else None
            if sent is not None and sent.optional and (declared is None or not declared.required):
                sentence = f'{whose[:1].upper()}{whose[1:]} needs "{name}", and ${value} may be left out.'
                self.problems.add(value.at, sentence, f"Declare it as {variable.type}.")
        return self._fit(value, variable.type, f'"{name}" of {whose}', types)

    def _fit(self, value: Expression, wanted: TypeRef, subject: str, types: Mapping[str, TypeDefinition]) -> Expression:
        """What is written as an input, field by field."""
        inner = nullable(wanted)
        definition = types.get(inner.name) if isinstance(inner, Named) else None
        if not isinstance(value, Record) or not isinstance(definition, InputType):
            return fit(value, wanted, subject, types, self.problems, self.declaration.arguments)
        fields: dict[str, Expression] = {}
        for name, each in value.fields.items():
            field = definition.fields.get(name)
            if field is None:
                hint = did_you_mean(name, definition.fields)
                self.problems.add(value.keys[name], f'"{name}" is no field of {definition.name}.', hint)
            else:
                fields[name] = self._fit(each, field.type, f'"{name}" of {definition.name}', types)
        for name, field in definition.fields.items():
            if field.required and name not in value.fields:
                self.problems.add(value.at, f'{subject} needs "{name}".')
        return Record(fields, value.keys, value.at)

    def _data(self, document: Document | None) -> AnswerPath | None:
        written = self.body.fields.get("data")
        if written is not None:
            return read_path(written, '"data"', self.problems)
        roots = document.roots if document is not None else ()
        return AnswerPath((roots[0],)) if len(roots) == 1 else None


def _sent_type(argument: GraphQLArgument) -> str:
    """Of the variable for it. What has a default over there may be left out."""
    type = argument.type
    return str(type.of_type if isinstance(type, GraphQLNonNull) and not is_required_argument(argument) else type)
