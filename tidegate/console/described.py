"""A project's operations and types -> JSON, for whoever looks one up or fills in a form for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tidegate.core.catalog import Catalog
from tidegate.core.json import MISSING, Json
from tidegate.core.location import Location
from tidegate.core.operation import Operation
from tidegate.core.types import Argument, EnumType, InputType, named


def describe_operation(operation: Operation) -> Mapping[str, Json]:
    live, plan = operation.live, operation.plan
    return {
        "name": operation.name,
        "kind": str(operation.kind),
        "minRole": operation.min_role,
        "description": operation.description,
        "deprecated": operation.deprecated,
        "arguments": [_argument(each) for each in operation.arguments.values()],
        "returns": str(operation.returns),
        "function": plan.flow is not None,
        "integrations": list(dict.fromkeys(request.integration for request in plan.run)),
        "transaction": plan.transaction if plan.writes else None,
        "live": None if live is None else {"throttle": live.throttle, "groups": list(live.groups)},
        "refresh": {"derived": operation.refresh.derived, "queries": sorted(operation.refresh.queries)},
        "timeout": operation.timeout,
        "at": place(operation.at),
    }


def describe_types(catalog: Catalog) -> Mapping[str, Json]:
    """The enums and inputs that arguments are of, and those within them."""
    wanted = [named(each.type) for operation in catalog.operations.values() for each in operation.arguments.values()]
    found: dict[str, Json] = {}
    while wanted:
        name = wanted.pop()
        match catalog.types.get(name):
            case EnumType() as enum if name not in found:
                found[name] = {"kind": "enum", "description": enum.description, "values": dict(enum.values)}
            case InputType() as input if name not in found:
                fields = [_argument(each) for each in input.fields.values()]
                found[name] = {"kind": "input", "description": input.description, "fields": fields}
                wanted += [named(each.type) for each in input.fields.values()]
    return found


def describe_triggers(catalog: Catalog) -> Iterator[Mapping[str, Json]]:
    """What runs operations without a client. Not the secrets of webhooks."""
    for schedule in catalog.schedules:
        yield {"operation": schedule.operation, "schedule": schedule.cron, "zone": schedule.zone}
    for webhook in catalog.webhooks.values():
        yield {"operation": webhook.operation, "webhook": f"/webhooks/{webhook.path}", "signed": str(webhook.signature)}


def place(at: Location) -> str:
    """As editors take it."""
    return f"{at.file}:{at.line}"


def _argument(argument: Argument) -> Mapping[str, Json]:
    told: dict[str, Json] = {
        "name": argument.name,
        "type": str(argument.type),
        "required": argument.required,
        "description": argument.description,
        "private": argument.private,
    }
    if argument.default is not MISSING:
        told["default"] = argument.default
    return told
