"""The objects whose rows a request can come to, by relations: those that a client selects, those that filters name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from tidegate.core.filters import All, AnyOf, Filter, Not, Related, Sent
from tidegate.core.integration import Surroundings
from tidegate.core.objects import Access, DataObject


def reachable(surroundings: Surroundings, items: Iterable[DataObject]) -> Sequence[DataObject]:
    """These and all that they lead to, each once."""
    found: dict[str, DataObject] = {}
    waiting = list(items)
    while waiting:
        item = waiting.pop()
        if item.name not in found:
            found[item.name] = item
            waiting += _targets(surroundings, item)
    return tuple(found.values())


def beyond(surroundings: Surroundings, item: DataObject) -> Sequence[DataObject]:
    """All that `item` leads to: itself only where some relation leads back to it."""
    return reachable(surroundings, _targets(surroundings, item))


def named_by(surroundings: Surroundings, item: DataObject, filter: Filter) -> Sequence[DataObject]:
    """All that `filter` of rows of `item` leads to, and the access rules of all roles for what is read by it."""
    named = list(_named(surroundings, item, filter))
    ruled = (other for each in (item, *named) for other in _named_by_rules(surroundings, each))
    return tuple({other.name: other for other in (*named, *ruled)}.values())


def _targets(surroundings: Surroundings, item: DataObject) -> list[DataObject]:
    return [surroundings.objects[relation.target] for relation in item.relations.values()]


def _named_by_rules(surroundings: Surroundings, item: DataObject) -> Iterator[DataObject]:
    for rule in item.access.get(Access.READ, ()):
        yield from _named(surroundings, item, rule.filter)


def _named(surroundings: Surroundings, item: DataObject, filter: Filter) -> Iterator[DataObject]:
    match filter:
        case Related(relation=name, filter=inner):
            other = surroundings.objects[item.relations[name].target]
            yield other
            yield from _named(surroundings, other, inner)
        case All(filters=filters) | AnyOf(filters=filters):
            for part in filters:
                yield from _named(surroundings, item, part)
        case Not(filter=inner):
            yield from _named(surroundings, item, inner)
        case Sent():
            yield from beyond(surroundings, item)
        case _:
            pass
