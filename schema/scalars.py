"""The scalars of the schema.

Values come in as JSON and stay JSON: every scalar turns what a client may write into one canonical form, the strings
that `core.json` speaks of, and holds results against the same form.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from tidegate.core import scalar_forms as forms
from tidegate.core import scalar_inputs as inputs
from tidegate.core.json import Json
from tidegate.schema import scalar_results as results
from tidegate.schema.scalar_results import shown


@dataclass(frozen=True, slots=True)
class Scalar:
    """`take` turns a client's JSON value into the canonical one, `show` holds a result against the scalar; both raise
    `Invalid`. `exact` scalars are given a number literal of a document as its text, so that no digit is lost."""

    name: str
    description: str
    specified_by: str | None
    take: Callable[[Json], Json]
    show: Callable[[Json], Json]
    exact: bool = False


_RFC3339: Final = "https://datatracker.ietf.org/doc/html/rfc3339"

SCALARS: Final[Mapping[str, Scalar]] = {
    scalar.name: scalar
    for scalar in (
        Scalar("Int", "", None, inputs.take_int, results.show_int),
        Scalar("Float", "", None, inputs.take_float, results.show_float),
        Scalar("String", "", None, inputs.take_text, results.show_text),
        Scalar("Boolean", "", None, inputs.take_boolean, results.show_boolean),
        Scalar("ID", "", None, inputs.take_id, results.show_id),
        Scalar(
            "DateTime",
            "A moment: `2026-11-21T05:47:00.123456Z`, always with its offset from UTC.",
            _RFC3339,
            inputs.take_moment,
            shown(forms.is_moment, "DateTime"),
        ),
        Scalar(
            "Date",
            "A day: `2026-11-21`.",
            _RFC3339,
            inputs.take_date,
            shown(forms.is_date, "Date"),
        ),
        Scalar(
            "Time",
            "A time of the day: `05:47:00`.",
            _RFC3339,
            inputs.take_time,
            shown(forms.is_time_shown, "Time"),
        ),
        Scalar(
            "Decimal",
            'An exact decimal number as a string: `"12.50"`. Numbers are accepted too.',
            None,
            inputs.take_decimal,
            results.show_decimal,
            exact=True,
        ),
        Scalar(
            "BigInt",
            'A whole number of 64 bits as a string: `"9007199254740993"`. Numbers are accepted too.',
            None,
            inputs.take_bigint,
            results.show_bigint,
            exact=True,
        ),
        Scalar(
            "UUID",
            "A universally unique identifier, in lower case.",
            "https://datatracker.ietf.org/doc/html/rfc9562",
            inputs.take_uuid,
            shown(forms.is_uuid, "UUID"),
        ),
        Scalar(
            "JSON",
            "Any JSON value.",
            "https://datatracker.ietf.org/doc/html/rfc8259",
            inputs.take_json,
            results.show_json,
        ),
        Scalar(
            "Bytes",
            "Bytes in base64.",
            "https://datatracker.ietf.org/doc/html/rfc4648#section-4",
            inputs.take_bytes,
            shown(str.isascii, "Bytes"),
        ),
    )
}
"""Every scalar of `core.types.SCALARS`."""
