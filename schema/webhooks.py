"""`path`, `signature`, `header` and `secret` of a webhook, each of the shape it must have."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from tidegate.core.signing import FREE, HEADERS, weakness
from tidegate.core.triggers import Signature
from tidegate.schema.environment import Environment, holds_variables
from tidegate.schema.form import Form
from tidegate.schema.tree import MapNode, Node, ScalarNode, kind_of

WEBHOOK: Final = "webhook"
KEYS: Final[Mapping[str, str]] = {
    "path": "letters, digits, `.`, `_`, `~` and `-`, with `/` between the parts; no other webhook's. Required",
    "secret": 'what signatures are made with, `"${NAME}"`: at least 16 bytes. Required',
    "signature": "`hmac`, `github`, `stripe`, `standard` or `token`. Default: `hmac`",
    "header": "of `hmac` and `token`: the header. Default: `X-Signature`, and `X-Webhook-Token`",
    "args": (
        "the arguments: values, `$config.x`, `$body.x`, `$query.x` and `$headers.x-name`. Default: the fields of "
        "the body that the operation has arguments for"
    ),
    "currentUser": "as in `schedule`",
}
_PATH: Final = re.compile(r"[A-Za-z0-9._~-]+(?:/[A-Za-z0-9._~-]+)*", re.ASCII)
_LONGEST_PATH: Final = 200
_HEADER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,99}", re.ASCII)


def without_secret(node: Node) -> Node:
    """An operation without `webhook.secret`: the one place in it where the environment may be read."""
    if not isinstance(node, MapNode) or WEBHOOK not in node.entries:
        return node
    return MapNode({**node.entries, WEBHOOK: bare(node.entries[WEBHOOK])}, node.keys, node.at)


def bare(section: Node) -> Node:
    """A section without its `secret`."""
    if not isinstance(section, MapNode):
        return section
    others = {name: entry for name, entry in section.entries.items() if name != "secret"}
    return MapNode(others, section.keys, section.at)


def read_path(form: Form) -> str | None:
    path = form.text("path")
    if path is None:
        return None
    dots = any(segment in (".", "..") for segment in path.split("/"))
    if dots or len(path) > _LONGEST_PATH or not _PATH.fullmatch(path):
        hint = "Letters, digits, . _ ~ and -, with / between the parts: stripe/payments."
        form.problems.add(form.node.entries["path"].at, f'"{path[:_LONGEST_PATH]}" is not the path of a webhook.', hint)
        return None
    return path


def read_signature(form: Form, usual: Signature = Signature.HMAC) -> Signature:
    word = form.word("signature", [str(each) for each in Signature], "a signature of webhooks")
    return Signature(word or usual)


def read_header(form: Form, signature: Signature, usual: Mapping[Signature, str] = HEADERS) -> str:
    """The header that carries the signature, in lower case."""
    header = form.text("header")
    if header is None:
        return usual[signature]
    if signature not in FREE:
        sentence = f"Signatures of the kind {signature} are in headers of their own."
        form.problems.add(form.key_at("header"), sentence, "Remove the key.")
    elif not _HEADER.fullmatch(header):
        form.problems.add(form.node.entries["header"].at, f'"{header}" is not the name of a header.')
    return header.lower()


def read_secret(form: Form, signature: Signature, environment: Environment) -> str | None:
    """Whatever is wrong with it, nothing of it is shown."""
    node = form.node_of("secret")
    if node is None:
        return None
    filled = environment.fill(node)
    secret = filled.value if isinstance(filled, ScalarNode) else None
    if not isinstance(secret, str) or not secret:
        shown = kind_of(node) if secret != "" else "nothing"
        form.problems.add(node.at, f'"secret" of {form.noun} is a text; {shown} is not.', 'Write "${SECRET}".')
    elif holds_variables(secret):
        return secret
    elif (found := weakness(secret, signature)) is not None:
        form.problems.add(node.at, *found)
    else:
        return secret
    return None
