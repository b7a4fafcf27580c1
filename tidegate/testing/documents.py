"""Random GraphQL documents that are valid for a project, with variables to go with them.

    random = Random(seed)
    text, variables = DocumentWriter(catalog, random, size=20).write()

They have aliases, the same field many times over, inline and named fragments, `@skip` and `@include` with literals and
variables, `__typename`, arguments of every input type as literals, variables and mixtures of both, defaults, and
variables left out or null. What a document asks for is decided by the seed alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from json import dumps
from random import Random
from typing import Final

from tidegate.core.catalog import Catalog
from tidegate.core.json import MISSING, Json
from tidegate.core.location import Location
from tidegate.core.operation import Kind
from tidegate.core.types import (
    EnumType,
    Field,
    InputType,
    ListOf,
    Named,
    NonNull,
    ObjectType,
    TypeRef,
    named,
    nullable,
)


@dataclass(frozen=True, slots=True)
class Written:
    """A document and its variables. `operation` is the name to execute."""

    text: str
    variables: Mapping[str, Json]
    operation: str


_ROOTS: Final = ("Query", "Mutation", "Subscription")
_TYPENAME: Final = Field("__typename", NonNull(Named("String")), Location("document"))


class DocumentWriter:
    """Writes one document. `size` is about how many fields it has; `depth` how deep they go. `operations` are the
    names that may be asked for; `values` gives arguments, by the operation's and the argument's name, that must be
    chosen rather than random (a key that exists, say). `live`: a subscription instead of a query."""

    def __init__(
        self,
        catalog: Catalog,
        random: Random,
        *,
        size: int = 20,
        depth: int = 5,
        kind: Kind = Kind.QUERY,
        operations: Sequence[str] | None = None,
        values: Mapping[tuple[str, str], Sequence[Json]] | None = None,
        max_rank: int = 0,
        live: bool = False,
    ) -> None:
        self._catalog = catalog
        self._random = random
        self._budget = size
        self._depth = depth
        self._kind = kind
        self._values = values or {}
        self._max_rank = max_rank
        self._live = live
        self._roots = {
            name: Field(name, operation.returns, operation.at, arguments=operation.arguments)
            for name, operation in catalog.operations.items()
            if operation.kind is kind and (operations is None or name in operations) and (operation.live or not live)
        }
        # Fields that are merged must be the same: one name means one field with one set of arguments everywhere.
        self._meanings: dict[tuple[str, str], tuple[Field, str]] = {}
        self._declared: dict[str, str] = {}
        self._variables: dict[str, Json] = {}
        self._fragments: dict[str, tuple[str, str]] = {}

    def write(self) -> Written:
        word = "subscription" if self._live else self._kind.value
        root = word.capitalize()
        body = self._single(root) if self._live else self._selections(root, self._roots, 0)
        declared = f"({', '.join(self._declared.values())})" if self._declared else ""
        parts = [f"{word} main{declared} {body}"]
        parts += [f"fragment {name} on {type} {inner}" for name, (type, inner) in self._fragments.items()]
        if self._random.random() < 0.2:
            parts.append("query other { __typename }")
        self._random.shuffle(parts)
        return Written("\n".join(parts), self._variables, "main")

    def _single(self, root: str) -> str:
        """One field at the top, that no directive can take away, in some fragments perhaps."""
        body = f"{{ {self._field(root, self._roots, 0, always=True)} }}"
        while self._random.random() < 0.4:
            if self._random.random() < 0.5:
                body = f"{{ ... {self._random.choice([f'on {root} ', ''])}{body} }}"
                continue
            name = f"F{len(self._fragments)}"
            self._fragments[name] = (root, body)
            body = f"{{ ...{name} }}"
        return body

    def _selections(self, type: str, fields: Mapping[str, Field], level: int) -> str:
        chosen = [self._selection(type, fields, level) for _ in range(self._random.randint(1, 4))]
        return "{ " + " ".join(chosen) + " }"

    def _selection(self, type: str, fields: Mapping[str, Field], level: int) -> str:
        self._budget -= 1
        roll = self._random.random()
        if roll < 0.08:
            return self._field(type, {"__typename": _TYPENAME}, level)
        if roll < 0.18 and self._budget > 0:
            condition = f"on {type}" if self._random.random() < 0.6 else ""
            return f"... {condition}{self._directives()} {self._selections(type, fields, level)}"
        if roll < 0.30 and self._budget > 0:
            return f"...{self._fragment(type, fields, level)}{self._directives()}"
        return self._field(type, fields, level)

    def _fragment(self, type: str, fields: Mapping[str, Field], level: int) -> str:
        known = [name for name, (on, _) in self._fragments.items() if on == type]
        if known and self._random.random() < 0.5:
            return self._random.choice(known)
        # Written before it is known by name: a fragment never spreads itself.
        body = self._selections(type, fields, level)
        name = f"F{len(self._fragments)}"
        self._fragments[name] = (type, body)
        return name

    def _field(self, type: str, fields: Mapping[str, Field], level: int, *, always: bool = False) -> str:
        readable = [field for field in fields.values() if field.rank <= self._max_rank]
        if self._budget <= 0 or level >= self._depth:
            plain = [field for field in readable if not isinstance(self._target(field), ObjectType)]
            if not plain and level >= self._depth:
                readable = [_TYPENAME]
            readable = plain or readable
        field = self._random.choice(readable)
        alias = self._alias(0.35)
        key = alias.removesuffix(": ") or field.name
        meaning = self._meanings.get((type, key))
        if meaning is None:
            meaning = self._meanings[type, key] = (field, self._arguments(field, type))
        field, arguments = meaning
        alias = "" if key == field.name else f"{key}: "
        target = self._target(field)
        inner = ""
        if isinstance(target, ObjectType):
            deep = level >= self._depth
            inner = " { __typename }" if deep else f" {self._selections(target.name, target.fields, level + 1)}"
        return f"{alias}{field.name}{arguments}{'' if always else self._directives()}{inner}"

    def _target(self, field: Field) -> object:
        return self._catalog.types.get(named(field.type))

    def _alias(self, chance: float) -> str:
        if self._random.random() >= chance:
            return ""
        return f"{self._random.choice('abcdefgh')}{self._random.choice(['', '1', '_x'])}: "

    def _directives(self) -> str:
        if self._random.random() < 0.85:
            return ""
        names = self._random.sample(["skip", "include"], self._random.choice([1, 1, 2]))
        return "".join(f" @{name}(if: {self._flag()})" for name in names)

    def _flag(self) -> str:
        if self._random.random() < 0.3:
            return self._random.choice(["true", "false"])
        name = f"flag{self._random.randint(0, 2)}"
        if name not in self._declared:
            default = self._random.choice(["", " = true", " = false"])
            self._declared[name] = f"${name}: Boolean!{default}"
            if not default or self._random.random() < 0.5:
                self._variables[name] = self._random.random() < 0.5
        return f"${name}"

    def _arguments(self, field: Field, type: str) -> str:
        written: list[str] = []
        for argument in field.arguments.values():
            if argument.required or self._random.random() < 0.5:
                chosen = self._values.get((field.name, argument.name)) if type in _ROOTS else None
                value = self._chosen(chosen, argument.type) if chosen else self._value(argument.type, 0)
                written.append(f"{argument.name}: {value}")
        self._random.shuffle(written)
        return f"({', '.join(written)})" if written else ""

    def _chosen(self, values: Sequence[Json], type: TypeRef) -> str:
        value = self._random.choice(values)
        if self._random.random() < 0.5:
            return literal(value, type)
        return self._declare(type, "", value)

    def _value(self, type: TypeRef, level: int) -> str:
        """A literal, a variable, or a literal with variables in it."""
        if self._random.random() < 0.3:
            return self._variable(type)
        if not isinstance(type, NonNull) and self._random.random() < 0.1:
            return "null"
        match inner := nullable(type):
            case ListOf(of=of):
                if self._random.random() < 0.15 and not isinstance(nullable(of), ListOf):
                    # A single value stands for a list of one, but a variable does not.
                    return literal(self.value(NonNull(nullable(of)), level + 1), of, self._catalog)
                return f"[{' '.join(self._value(of, level + 1) for _ in range(self._random.randint(0, 3)))}]"
            case Named(name=name):
                definition = self._catalog.types.get(name)
                if isinstance(definition, InputType):
                    written = [
                        f"{field.name}: {self._value(field.type, level + 1)}"
                        for field in definition.fields.values()
                        if field.required or (level < 3 and self._random.random() < 0.4)
                    ]
                    return "{" + ", ".join(written) + "}"
                if name == "JSON" and self._random.random() < 0.2:
                    return f"{{ k: {self._variable(inner)}, l: [{self._variable(inner)}] }}"
                return literal(self.value(NonNull(inner), level), inner)

    def _variable(self, type: TypeRef) -> str:
        # A variable in a place that must not be null is itself not null: the other case is an error of its own.
        roll = self._random.random()
        default = f" = {literal(self.value(NonNull(nullable(type)), 2), type, self._catalog)}" if roll < 0.3 else ""
        optional = default or not isinstance(type, NonNull)
        if optional and self._random.random() < 0.3:
            return self._declare(type, default, MISSING)
        return self._declare(type, default, self.value(type, 2))

    def _declare(self, type: TypeRef, default: str, value: object) -> str:
        name = f"v{len(self._declared)}"
        self._declared[name] = f"${name}: {type}{default}"
        if value is not MISSING:
            self._variables[name] = value  # type: ignore[assignment]
        return f"${name}"

    def value(self, type: TypeRef, level: int = 0) -> Json:
        """A JSON value that a variable of this type takes."""
        if not isinstance(type, NonNull) and self._random.random() < 0.15:
            return None
        match inner := nullable(type):
            case ListOf(of=of):
                return [self.value(of, level + 1) for _ in range(self._random.randint(0, 3))]
            case Named(name=name):
                match self._catalog.types.get(name):
                    case InputType() as definition:
                        return {
                            field.name: self.value(field.type, level + 1)
                            for field in definition.fields.values()
                            if field.required or (level < 3 and self._random.random() < 0.4)
                        }
                    case EnumType() as definition:
                        return self._random.choice(list(definition.values))
                return self._random.choice(SAMPLES[inner.name])


SAMPLES: Final[Mapping[str, Sequence[Json]]] = {
    "Int": [0, 1, 2, 5, -7, 2**31 - 1, -(2**31)],
    "Float": [0.0, 1.5, -2.25, 1e10, 3],
    "String": ["", "a", "Tide", "%", "it's", 'say "so"', "back\\slash", "über 🌊", "line\nbreak", "{{ args.id }}"],
    "Boolean": [True, False],
    "ID": ["1", "2", "x-7", 3],
    "DateTime": ["2026-11-21T05:47:00Z", "1999-12-31T23:59:59.125000Z"],
    "Date": ["2026-11-21", "2024-02-29"],
    "Time": ["05:47:00", "23:59:59.5"],
    "Decimal": ["12.50", "-0.001", "7"],
    "BigInt": ["9007199254740993", "-1", "0"],
    "UUID": ["123e4567-e89b-42d3-a456-426614174000"],
    "JSON": [None, 1, "x", True, [1, [2]], {"a": {"b": None}}, 1.5],
    "Bytes": ["", "aGVsbG8="],
}
"""Values of every scalar, as variables."""


def literal(value: Json, type: TypeRef, catalog: Catalog | None = None) -> str:
    """A JSON value as a literal of a document."""
    inner = nullable(type)
    match value:
        case dict():
            definition = catalog.types.get(inner.name) if catalog and isinstance(inner, Named) else None
            fields = definition.fields if isinstance(definition, InputType) else {}
            written = (
                f"{name}: {literal(item, fields[name].type if name in fields else Named('JSON'), catalog)}"
                for name, item in value.items()
            )
            return "{" + ", ".join(written) + "}"
        case list():
            of = inner.of if isinstance(inner, ListOf) else inner
            return f"[{', '.join(literal(item, of, catalog) for item in value)}]"
        case str() if isinstance(inner, Named) and inner.name not in SAMPLES:
            return value
    return dumps(value)
