"""What the rest of the project has declared, for whoever refers to it.

A file that cannot be read says nothing about the names in it: then nobody is told that they do not exist.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tidegate.core.integration import IntegrationKind
from tidegate.core.objects import DataObject
from tidegate.core.problems import did_you_mean
from tidegate.core.types import SCALARS, Argument, TypeDefinition
from tidegate.schema.form import Form
from tidegate.schema.project import Project
from tidegate.schema.scope import Scope


@dataclass(slots=True)
class Names:
    """`types` grows by the generated ones; `objects` holds those without mistakes, `object_names` all. `integrations`
    are the kinds of the declared ones, none where the kind is not known. `guarded` names the objects whose access rules
    can be read."""

    project: Project
    integrations: Mapping[str, IntegrationKind | None]
    types: dict[str, TypeDefinition]
    types_known: bool
    objects: dict[str, DataObject]
    object_names: frozenset[str]
    objects_known: bool
    properties: frozenset[str] | None = None
    guarded: frozenset[str] = frozenset()

    def rank_of(self, form: Form, key: str) -> int | None:
        """The rank of the role that `key` names, or none if it names none."""
        if not self.project.roles_known:
            form.text(key)
            return None
        role = form.word(key, self.project.roles, "a role")
        return self.project.roles.index(role) if role is not None else None

    def integration_of(self, form: Form, key: str) -> str | None:
        """The name of the integration that `key` names."""
        if not self.project.integrations_known:
            return form.text(key)
        return form.word(key, self.integrations, "an integration")

    def is_type(self, name: str) -> bool:
        return name in SCALARS or name in self.types

    def type_hint(self, name: str) -> str:
        """What a type that does not exist may have meant."""
        return did_you_mean(name, (*SCALARS, *self.types))

    def operation_scope(self, arguments: Mapping[str, Argument], *, whole: bool) -> Scope:
        """What an operation with these arguments can name, before any step of it."""
        return Scope(
            arguments=arguments,
            current_user=frozenset(self.project.auth.auth.current_user),
            properties=self.properties,
            config=self.project.config,
            types=self.types,
            place="here",
            whole=whole,
            users_known=self.project.auth.readable,
            config_known=self.project.config_known,
        )

    def access_scope(self) -> Scope:
        """What access rules can name: who is asking, and constants."""
        return Scope(
            arguments=None,
            current_user=frozenset(self.project.auth.auth.current_user),
            properties=self.properties,
            config=self.project.config,
            types=self.types,
            place="in access rules",
            users_known=self.project.auth.readable,
            config_known=self.project.config_known,
        )
