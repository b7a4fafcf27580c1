"""`touch:` of tidegate.yaml -> who may tell of writes that others made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tidegate.core.signing import HEADERS
from tidegate.core.triggers import Signature, Touching
from tidegate.schema.environment import Environment
from tidegate.schema.form import Form
from tidegate.schema.webhooks import read_header, read_secret, read_signature

TOUCH: Final = "touch"
KEYS: Final[Mapping[str, str]] = {
    "secret": 'what only those know who may tell of writes: `"${TOUCH_SECRET}"`. Required',
    "signature": "as of a webhook, but `token` by default",
    "header": "of `hmac` and `token`: the header. Default of `token`: `Authorization`",
}
TOKEN_HEADER: Final = "authorization"  # noqa: S105 - the name of a header
"""Where the secret itself is, if nothing else is said: that is what every client can send."""


def read_touching(form: Form, environment: Environment) -> Touching | None:
    """`form` is that of the file. None where nothing is said, or something is wrong."""
    mapping = form.mapping(TOUCH, 'Write touch: { secret: "${TOUCH_SECRET}" }.')
    if mapping is None:
        return None
    section = Form(mapping, f'"{TOUCH}"', KEYS, form.problems)
    section.required("secret")
    signature = read_signature(section, Signature.TOKEN)
    header = read_header(section, signature, {**HEADERS, Signature.TOKEN: TOKEN_HEADER})
    secret = read_secret(section, signature, environment)
    return None if secret is None else Touching(secret, signature, header)
