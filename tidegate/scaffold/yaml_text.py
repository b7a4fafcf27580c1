"""An outline's objects and operations as the text of objects/*.yaml and operations/*.yaml."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tidegate.core.naming import snake_case
from tidegate.scaffold.identifiers import Names
from tidegate.scaffold.outline import FieldOutline, ObjectOutline, RelationOutline
from tidegate.scaffold.text import Yaml, block, flow, scalar


@dataclass(frozen=True, slots=True)
class Opening:
    """Who may use what is generated: the lowest role that reads and the lowest that writes."""

    read: str
    write: str


def object_text(data_object: ObjectOutline, integration: str, opening: Opening) -> str:
    """One file of objects/."""
    head = {
        "integration": scalar(integration),
        "table": scalar(data_object.table),
        "key": flow(data_object.key[0] if len(data_object.key) == 1 else data_object.key),
        "type": scalar(data_object.type),
    }
    access = {"read": opening.read}
    if data_object.writable:
        access |= dict.fromkeys(("create", "update", "delete"), opening.write)
    columns = {field.name: flow({"column": field.column}) for field in data_object.fields if is_renamed(field)}
    relations = {relation.name: relation_line(relation) for relation in data_object.relations}
    return "".join(
        (
            f"{scalar(data_object.name)}:\n",
            block(head, 2),
            _section("columns", columns),
            _section("relations", relations),
            _section("access", {verb: flow({role: "all"}) for verb, role in access.items()}),
        )
    )


def is_renamed(field: FieldOutline) -> bool:
    """Whether the object has to say which column the field is."""
    return snake_case(field.name) != field.column


def sortable(field: FieldOutline) -> bool:
    """Whether rows can be ordered by the field."""
    return field.type not in ("JSON", "Bytes") and not field.type.startswith("[")


def relation_line(relation: RelationOutline) -> str:
    line: dict[str, Yaml] = {"many" if relation.many else "one": relation.target, "on": dict(relation.on)}
    if relation.order:
        line["orderBy"] = relation.order[0] if len(relation.order) == 1 else relation.order
    return flow(line)


def operations_text(data_object: ObjectOutline, names: Names, opening: Opening) -> str:
    """One file of operations/: what the table allows. `names` are those of all operations."""
    return "\n".join(_operations(data_object, names, opening))


def _operations(data_object: ObjectOutline, names: Names, opening: Opening) -> Iterable[str]:
    plural = data_object.name if data_object.name != data_object.single else f"all{data_object.type}"
    if not data_object.unique:
        yield _list_by_offset(data_object, names.take(plural, f"all{data_object.type}"), opening.read)
        return
    yield _list(data_object, names.take(plural, f"all{data_object.type}"), opening.read)
    yield _get(data_object, names.take(data_object.single, f"one{data_object.type}"), opening.read)
    if data_object.writable:
        yield _create(data_object, names.take(f"create{data_object.type}"), opening.write)
        if _settable(data_object):
            yield _update(data_object, names.take(f"update{data_object.type}"), opening.write)
        yield _delete(data_object, names.take(f"delete{data_object.type}"), opening.write)


def _list(data_object: ObjectOutline, name: str, role: str) -> str:
    returns = f"{data_object.type}Connection!"
    return _listing(data_object, name, role, {"after": "String"}, returns)


def _list_by_offset(data_object: ObjectOutline, name: str, role: str) -> str:
    return _listing(data_object, name, role, {"offset": "Int = 0"}, f"[{data_object.type}!]!")


def _listing(data_object: ObjectOutline, name: str, role: str, start: Mapping[str, str], returns: str) -> str:
    """`start` is the argument that says where a page begins."""
    args = {"where": f"{data_object.type}Filter"}
    verb = {"where": "$args.where"}
    if any(sortable(field) for field in data_object.fields):
        args["orderBy"] = f"[{data_object.type}Order!]"
        verb["orderBy"] = "$args.orderBy"
    args |= {"first": "Int = 50", **start}
    verb |= {"limit": "$args.first", **{arg: f"$args.{arg}" for arg in start}}
    return _operation(name, "query", role, args, returns, _run(data_object, {"list": verb}))


def _get(data_object: ObjectOutline, name: str, role: str) -> str:
    run = _run(data_object, {"get": {"where": _by_key(data_object)}})
    return _operation(name, "query", role, _key_args(data_object), data_object.type, run)


def _create(data_object: ObjectOutline, name: str, role: str) -> str:
    fields = [field for field in data_object.fields if field.writable]
    args = {field.name: f"{field.type}!" if field.required else field.type for field in fields}
    values = {field.name: f"$args.{field.name}" for field in fields}
    run = f"\n    use: {scalar(data_object.name)}\n    create:" + _values(values, 6)
    return _operation(name, "mutation", role, args, f"{data_object.type}!", run)


def _update(data_object: ObjectOutline, name: str, role: str) -> str:
    fields = _settable(data_object)
    args = {**_key_args(data_object), **{field.name: field.type for field in fields}}
    values = {field.name: f"$args.{field.name}" for field in fields}
    run = f"\n    use: {scalar(data_object.name)}\n    update:\n      where: {flow(_by_key(data_object))}\n      set:"
    return _operation(name, "mutation", role, args, data_object.type, run + _values(values, 8))


def _delete(data_object: ObjectOutline, name: str, role: str) -> str:
    run = _run(data_object, {"delete": {"where": _by_key(data_object)}})
    return _operation(name, "mutation", role, _key_args(data_object), data_object.type, run)


def _operation(name: str, kind: str, role: str, args: Mapping[str, str], returns: str, run: str) -> str:
    lines = [f"{scalar(name)}:\n", block({"kind": kind, "minRole": scalar(role)}, 2)]
    written = {arg: scalar(type) for arg, type in args.items()}
    if len(args) <= 4:
        lines.append(f"  args: {{ {', '.join(f'{scalar(arg)}: {type}' for arg, type in written.items())} }}\n")
    else:
        lines += ["  args:\n", block(written, 4)]
    lines.append(block({"returns": scalar(returns)}, 2))
    lines.append(f"  run:{run}\n" if run.startswith("\n") else f"  run: {run}\n")
    return "".join(lines)


def _run(data_object: ObjectOutline, verb: Mapping[str, Yaml]) -> str:
    return flow({"use": data_object.name, **verb})


def _values(values: Mapping[str, str], indent: int) -> str:
    return "\n" + block(values, indent).rstrip("\n") if values else " {}"


def _by_key(data_object: ObjectOutline) -> Mapping[str, str]:
    return {name: f"$args.{name}" for name in data_object.key}


def _key_args(data_object: ObjectOutline) -> Mapping[str, str]:
    return {name: f"{data_object.field(name).type}!" for name in data_object.key}


def _settable(data_object: ObjectOutline) -> list[FieldOutline]:
    return [field for field in data_object.fields if field.writable and field.name not in data_object.key]


def _section(name: str, pairs: Mapping[str, str]) -> str:
    return f"  {name}:\n{block(pairs, 4)}" if pairs else ""
