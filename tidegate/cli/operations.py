"""Finds an operation by its name on the command line."""

from __future__ import annotations

import click

from tidegate.core.catalog import Catalog
from tidegate.core.operation import Operation
from tidegate.core.problems import did_you_mean


def find_operation(catalog: Catalog, name: str) -> Operation:
    """Raises a usage error where the project has no such operation."""
    operation = catalog.operations.get(name)
    if operation is None:
        hint = did_you_mean(name, catalog.operations)
        raise click.UsageError(f'The project has no operation "{name}".' + (f" {hint}" if hint else ""))
    return operation
