"""`events:` of tidegate.yaml -> who is addressed by socket events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tidegate.core.catalog import Events
from tidegate.core.problems import Problems, did_you_mean
from tidegate.schema.auth_settings import AuthSettings
from tidegate.schema.form import Form

KEYS: Final[Mapping[str, str]] = {
    "user": "the field of `currentUser` by whose value `emitUsers` addresses users, such as `email`. Default: `id`",
    "anonymous": "whether those without a token may stay, and hear what is for everybody. Default: `true`",
}


def read_events(form: Form, auth: AuthSettings, problems: Problems) -> Events:
    """`form` is that of the file."""
    mapping = form.mapping("events")
    if mapping is None:
        return Events()
    section = Form(mapping, "events", KEYS, problems)
    anonymous = section.boolean("anonymous", default=Events().anonymous)
    user = section.text("user")
    if user is None:
        return Events(anonymous=anonymous)
    fields = tuple(auth.auth.current_user)
    if auth.readable and user not in fields:
        at = section.node.entries["user"].at
        problems.add(at, f'"{user}" is not a field of currentUser.', did_you_mean(user, fields))
    return Events(user, anonymous)
