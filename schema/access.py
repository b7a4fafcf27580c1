"""`access:` of an object -> which roles may touch which rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tidegate.core.filters import EVERY_ROW, NO_ROW, Filter
from tidegate.core.integration import Surroundings
from tidegate.core.objects import Access, DataObject, Rule
from tidegate.core.problems import Problems, did_you_mean
from tidegate.core.query import parse_filter
from tidegate.schema.expressions import build_expression
from tidegate.schema.form import Form
from tidegate.schema.names import Names
from tidegate.schema.tree import ListNode, MapNode, Node, ScalarNode

KEYS: Final[Mapping[str, str]] = {
    "read": "that may be seen: in lists, relations, counts, aggregates, conditions, and what a write gives back",
    "create": "that may be made. One that does not pass is FORBIDDEN, and nothing is written",
    "update": "that may be changed; they must be readable too, and must still pass afterwards",
    "delete": "that may be removed; they must be readable too",
}


def tells_access(form: Form) -> bool:
    """Whether it is known who may touch the rows: `access` is not just misspelt."""
    return form.has("access") or not any(did_you_mean(key, ["access"]).startswith("Did") for key in form.unknown)


def read_access(
    form: Form, built: DataObject, names: Names, surroundings: Surroundings, problems: Problems
) -> dict[Access, tuple[Rule, ...]]:
    """The rules of an object's form. A verb that is not there is for nobody."""
    section = form.mapping("access")
    if section is None:
        return {}
    rules_form = Form(section, f'access of the object "{built.name}"', KEYS, problems)
    access: dict[Access, tuple[Rule, ...]] = {}
    for verb in Access:
        roles = rules_form.mapping(verb, _example(verb, rules_form, names))
        rules: list[Rule] = []
        for role, node in roles.entries.items() if roles is not None else ():
            at = roles.keys[role] if roles is not None else node.at
            known = names.project.roles
            if names.project.roles_known and role not in known:
                problems.add(at, f'"{role}" is not a role.', did_you_mean(role, known))
            filter = _read_rule(node, built, names, surroundings, problems)
            rules.append(Rule(known.index(role) if role in known else 0, filter))
        access[verb] = tuple(rules)
    return access


def _example(verb: Access, form: Form, names: Names) -> str:
    """How the verb's rules are written, with the role that the author may have meant."""
    roles = names.project.roles
    node = form.node.entries.get(verb)
    written = node.value if isinstance(node, ScalarNode) else None
    role = written if isinstance(written, str) and written in roles else next(iter(roles[1:] or roles), "")
    return f"Write {verb}: {{ {role}: all }}." if role else ""


def _read_rule(node: Node, built: DataObject, names: Names, surroundings: Surroundings, problems: Problems) -> Filter:
    match node:
        case ScalarNode(value="all"):
            return EVERY_ROW
        case MapNode(entries=entries) if entries:
            return parse_filter(build_expression(node, names.access_scope(), problems), built, surroundings, problems)
        case MapNode() | ScalarNode() | ListNode():
            problems.add(node.at, "A rule is a filter, or all.", "Write { field: value }, or all for every row.")
            return NO_ROW
