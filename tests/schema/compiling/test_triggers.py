"""`schedule:` and `webhook:` of operations: what is read, and what is wrong about them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pytest
from jsonschema import Draft7Validator

from tidegate.core.integration import IntegrationKind
from tidegate.core.problems import Problems, ProjectError
from tidegate.core.triggers import Signature, Webhook
from tidegate.schema.api import build_api
from tidegate.schema.editor import project_schemas
from tidegate.schema.reading import read_yaml
from tidegate.schema.tree import as_json

if TYPE_CHECKING:
    from tests.schema.compiling.conftest import Compile

FILE = "operations/z.yaml"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ENVIRONMENT = {"JWT_SECRET": "0123456789abcdef0123456789abcdef", "HOOK": SECRET}


def operation(keys: str, name: str = "close", kind: str = "mutation") -> str:
    return f"""
{name}:
  kind: {kind}
  minRole: support
  args: {{ id: ID!, size: Int = 3, status: Status, tickets: "[NewTicket!]" }}
  returns: Int!
  run: {{ use: db, sql: "update tickets set size = {{{{ args.size }}}} where id = {{{{ args.id }}}}" }}
  {keys}
"""


def test_a_schedule(compiled: Compile) -> None:
    catalog = compiled({FILE: operation('schedule: { cron: " 0 7 * *  1-5 ", args: { id: 7 } }')})
    (schedule,) = catalog.schedules
    assert (schedule.name, schedule.operation, schedule.cron, schedule.zone) == ("close", "close", "0 7 * * 1-5", "UTC")
    assert schedule.arguments == {"id": 7}
    user = schedule.user
    assert (user.role, user.rank, user.verified, user.expires) == ("support", 2, True, None)
    assert user.fields == {"id": None, "email": None, "role": "support", "team": None}


def test_several_schedules(compiled: Compile) -> None:
    keys = """schedule:
    - { cron: "* * * * *", args: { id: "1", status: Done, tickets: { title: one } } }
    - cron: "0 7 * * *"
      timeZone: Europe/Berlin
      args: { id: "2", size: $config.escalateAfterHours }
      currentUser: { id: robot, role: admin }"""
    first, second = compiled({FILE: operation(keys)}).schedules
    assert (first.name, second.name) == ("close", "close#2")
    assert first.arguments == {"id": "1", "status": "Done", "tickets": {"title": "one"}}
    assert second.arguments == {"id": "2", "size": 24}
    assert second.zone == "Europe/Berlin"
    assert second.user.fields == {"id": "robot", "email": None, "role": "admin", "team": None}
    assert second.user.rank == 3


def test_a_cron_alone(compiled: Compile) -> None:
    text = operation('schedule: "*/5 * * * *"').replace("id: ID!", "id: ID")
    (schedule,) = compiled({FILE: text}).schedules
    assert (schedule.cron, schedule.arguments) == ("*/5 * * * *", {})


def hook(compiled: Compile, keys: str) -> Webhook:
    (webhook,) = compiled({FILE: operation(f"webhook: {{ {keys} }}")}, ENVIRONMENT).webhooks.values()
    return webhook


def test_a_webhook(compiled: Compile) -> None:
    webhook = hook(compiled, 'path: desk/close, secret: "${HOOK}"')
    assert (webhook.path, webhook.operation, webhook.secret) == ("desk/close", "close", SECRET)
    assert (webhook.signature, webhook.header, webhook.arguments) == (Signature.HMAC, "x-signature", None)
    assert webhook.user.role == "support"


@pytest.mark.parametrize(
    ("keys", "header"),
    [
        ("signature: github", "x-hub-signature-256"),
        ("signature: stripe", "stripe-signature"),
        ("signature: standard", "webhook-signature"),
        ("signature: token, header: X-Gitlab-Token", "x-gitlab-token"),
        ("signature: hmac, header: X-Own", "x-own"),
    ],
)
def test_signatures(compiled: Compile, keys: str, header: str) -> None:
    assert hook(compiled, f'path: a, secret: "${{HOOK}}", {keys}').header == header


def test_nothing_shows_the_secret(compiled: Compile) -> None:
    catalog = compiled({FILE: operation('webhook: { path: a, secret: "${HOOK}" }')}, ENVIRONMENT)
    assert SECRET not in repr(catalog)
    assert SECRET not in repr(catalog.webhooks["a"])
    assert "HOOK" not in build_api(catalog).sdl


def test_a_secret_of_any_bytes(compiled: Compile) -> None:
    text = operation('webhook: { path: a, secret: "${HOOK}" }')
    secret = (b"\xff" * 16).decode(errors="surrogateescape")
    assert compiled({FILE: text}, {**ENVIRONMENT, "HOOK": secret}).webhooks["a"].secret == secret


def test_a_project_is_checked_without_its_secrets(compiled: Compile) -> None:
    for signature in Signature:
        compiled({FILE: operation(f'webhook: {{ path: a, secret: "${{HOOK}}", signature: {signature} }}')}, None)


PROBLEMS = {
    'schedule: { cron: "0 7 * *", args: { id: 1 } }': (
        '8:21: "0 7 * *" has not the five fields of cron. '
        "minute, hour, day of the month, month, day of the week: 0 7 * * 1-5."
    ),
    'schedule: { cron: "0 25 * * *", args: { id: 1 } }': (
        '8:21: "0 25 * * *" is not a schedule of cron: its hour cannot be read.'
    ),
    'schedule: "0 7 * * *"': '8:13: "close" needs the argument "id". Give it a value under args.',
    "schedule: 7": (
        '8:13: "close" needs the argument "id". Give it a value under args.',
        '8:13: "cron" of "schedule" of the operation "close" is a text; 7 is not. Put it in quotes.',
    ),
    "schedule: { args: { id: 1 } }": (
        '8:13: "schedule" of the operation "close" lacks "cron". Write it like cron: "0 7 * * *".'
    ),
    'schedule: { cron: "0 7 * * *", timeZone: Europe/Berln, args: { id: 1 } }': (
        '8:44: "Europe/Berln" is not a time zone. Did you mean "Europe/Berlin"?'
    ),
    'schedule: { cron: "0 7 * * *", zone: UTC, args: { id: 1 } }': (
        '8:34: "zone" is not a key of "schedule" of the operation "close". Did you mean "timeZone"?'
    ),
    'schedule: { cron: "0 7 * * *", args: { id: 1, sise: 2 } }': (
        '8:49: "close" has no argument "sise". Did you mean "size"?'
    ),
    'schedule: { cron: "0 7 * * *", args: { id: 1, size: two } }': (
        '8:55: The argument "size" of "close" does not fit: "two" is not an Int. '
        "A whole number between -2147483648 and 2147483647 is wanted."
    ),
    'schedule: { cron: "0 7 * * *", args: { id: "${HOOK}" } }': (
        "8:47: ${HOOK} cannot be read here: the environment is for integrations and auth only. "
        "Secrets cannot reach an operation."
    ),
    'schedule: { cron: "0 7 * * *", args: { id: $body.id } }': (
        '8:46: "body" is nothing that a reference can begin with here. Known here: config.'
    ),
    'schedule: { cron: "0 7 * * *", args: { id: $config.none } }': '8:46: There is no "none" in config. '
    "Known here: escalateAfterHours, words.",
    'schedule: { cron: "0 7 * * *", args: { id: 1 }, currentUser: { role: customer } }': (
        '8:72: Customer may not run "close": its minRole is support. Leave the role out, or name a higher one.'
    ),
    'schedule: { cron: "0 7 * * *", args: { id: 1 }, currentUser: { role: root } }': (
        '8:72: "root" is not a role. Known here: admin, anonymous, customer, support.'
    ),
    'schedule: { cron: "0 7 * * *", args: { id: 1 }, currentUser: { mail: a } }': (
        '8:66: currentUser has no field "mail". Did you mean "email"?'
    ),
    "webhook: { path: a }": '8:12: "webhook" of the operation "close" lacks "secret".',
    'webhook: { secret: "${HOOK}" }': '8:12: "webhook" of the operation "close" lacks "path".',
    'webhook: { path: /a, secret: "${HOOK}" }': (
        '8:20: "/a" is not the path of a webhook. '
        "Letters, digits, . _ ~ and -, with / between the parts: stripe/payments."
    ),
    'webhook: { path: a/../b, secret: "${HOOK}" }': (
        '8:20: "a/../b" is not the path of a webhook. '
        "Letters, digits, . _ ~ and -, with / between the parts: stripe/payments."
    ),
    'webhook: { path: a, secret: "${HOK}" }': '8:32: The environment has no HOK. Did you mean "HOOK"?',
    "webhook: { path: a, secret: too-short-a-one }": (
        "8:31: The secret is shorter than 16 bytes, so it can be guessed. Make one: openssl rand -hex 32."
    ),
    "webhook: { path: a, secret: 1234567890123456789 }": (
        '8:31: "secret" of "webhook" of the operation "close" is a text; a number is not. Write "${SECRET}".'
    ),
    "webhook: { path: a, secret: not-quite-base64!, signature: standard }": (
        "8:31: This is not a secret of Standard Webhooks: whsec_ and base64. Take it as the sender shows it."
    ),
    'webhook: { path: a, secret: "${HOOK}", signature: strip }': (
        '8:53: "strip" is not a signature of webhooks. Did you mean "stripe"?'
    ),
    'webhook: { path: a, secret: "${HOOK}", signature: github, header: X-Own }': (
        "8:61: Signatures of the kind github are in headers of their own. Remove the key."
    ),
    'webhook: { path: a, secret: "${HOOK}", header: "a b" }': '8:50: "a b" is not the name of a header.',
    'webhook: { path: "${HOOK}", secret: "${HOOK}" }': (
        (
            '8:20: "${HOOK}" is not the path of a webhook. '
            "Letters, digits, . _ ~ and -, with / between the parts: stripe/payments."
        ),
        (
            "8:21: ${HOOK} cannot be read here: the environment is for integrations and auth only. "
            "Secrets cannot reach an operation."
        ),
    ),
    'webhook: { path: a, secret: "${HOOK}", args: { size: 1 } }': (
        '8:48: "close" needs the argument "id". Give it a value under args.'
    ),
    'webhook: { path: a, secret: "${HOOK}", args: { id: $args.id } }': (
        '8:54: "args" is nothing that a reference can begin with here. Known here: body, config, headers, query.'
    ),
    'webhook: { path: a, secret: "${HOOK}", args: { id: "x{{ body.id }}" } }': (
        "8:56: There are no holes here. Take a $reference whole."
    ),
    'webhook: { path: a, secret: "${HOOK}", args: { id: $query } }': "8:54: One name follows query. Write $query.x.",
    'webhook: { path: a, secret: "${HOOK}", args: { id: $headers.X-Id } }': (
        "8:54: Names of headers are in lower case here. Write $headers.x-id."
    ),
    'webhook: { path: a, secret: "${HOOK}", signature: token, args: { id: $headers.x-webhook-token } }': (
        "8:72: The header x-webhook-token carries the secret. Secrets cannot reach an operation."
    ),
    'webhook: { path: a, secret: "${HOOK}", args: { id: "$body..id" } }': (
        '8:54: "$body..id" is not a reference. Names and dots only. For a text that begins with $, write "$$body..id".'
    ),
    'webhook: { path: a, secret: "${HOOK}", args: { id: $body.id, idd: 1 } }': (
        '8:64: "close" has no argument "idd". Did you mean "id"?'
    ),
    'webhook: { path: a, secret: "${HOOK}", args: { id: $body.id, size: big } }': (
        '8:70: The argument "size" of "close" does not fit: "big" is not an Int. '
        "A whole number between -2147483648 and 2147483647 is wanted."
    ),
    'webhook: { path: a, secret: "${HOOK}", currentUser: { role: anonymous } }': (
        '8:63: Anonymous may not run "close": its minRole is support. Leave the role out, or name a higher one.'
    ),
    "webhook: yes": (
        (
            '8:12: "webhook" of the operation "close" is a mapping; a text is not. '
            "Its keys: path, secret, signature, header, args, currentUser."
        ),
    ),
}


@pytest.mark.parametrize("number", range(len(PROBLEMS)))
def test_mistakes(compiled: Compile, number: int) -> None:
    keys, said = list(PROBLEMS.items())[number]
    with pytest.raises(ProjectError) as raised:
        compiled({FILE: operation(keys)}, ENVIRONMENT)
    wanted = [said] if isinstance(said, str) else list(said)
    assert [str(problem) for problem in raised.value.problems] == [f"{FILE}:{each}" for each in wanted]
    assert SECRET not in str(raised.value)


def test_a_path_that_is_taken_names_both_places(compiled: Compile) -> None:
    keys = 'webhook: { path: a, secret: "${HOOK}" }'
    with pytest.raises(ProjectError) as raised:
        compiled({FILE: operation(keys), "operations/y.yaml": operation(keys, "open")}, ENVIRONMENT)
    said = f'{FILE}:8:20: The path "a" is taken by the webhook at operations/y.yaml:8:20. Choose another one.'
    assert str(raised.value) == said


def test_queries_have_neither(compiled: Compile) -> None:
    text = """
one:
  kind: query
  minRole: support
  returns: Int
  run: { use: db, sql: "select 1" }
  schedule: "0 7 * * *"
  webhook: { path: a, secret: "${HOOK}" }
"""
    with pytest.raises(ProjectError) as raised:
        compiled({FILE: text}, ENVIRONMENT)
    assert [str(problem) for problem in raised.value.problems] == [
        f'{FILE}:7:3: The operation "one" is a query and cannot have "schedule". Schedule a mutation.',
        f'{FILE}:8:3: The operation "one" is a query and cannot have "webhook". Write a mutation or a function.',
    ]


def test_the_environment_is_still_refused_elsewhere_in_operations(compiled: Compile) -> None:
    text = operation('webhook: { path: a, secret: "${HOOK}", args: { id: "${HOOK}" } }')
    with pytest.raises(ProjectError) as raised:
        compiled({FILE: text}, ENVIRONMENT)
    assert [str(problem) for problem in raised.value.problems] == [
        (
            f"{FILE}:8:55: ${{HOOK}} cannot be read here: the environment is for integrations and auth only. "
            "Secrets cannot reach an operation."
        )
    ]


RIGHT = (
    'schedule: "0 7 * * *"',
    'schedule: ["0 7 * * *", { cron: "* * * * *", timeZone: UTC, args: { id: 1 }, currentUser: { role: admin } }]',
    'webhook: { path: a/b, secret: "${HOOK}", signature: stripe, args: { id: $body.id }, currentUser: { team: a } }',
)
WRONG = (
    "schedule: 7",
    'schedule: { zone: UTC, cron: "0 7 * * *" }',
    "webhook: { path: a }",
    'webhook: { path: /a, secret: "${HOOK}" }',
    'webhook: { path: a, secret: "${HOOK}", signature: strip }',
    'webhook: { path: a, secret: "${HOOK}", currentUser: { mail: a } }',
)


def test_editors_know_what_can_be_written(compiled: Compile, kinds: Mapping[str, IntegrationKind]) -> None:
    schema = Draft7Validator(project_schemas(compiled({}), kinds)["operations.schema.json"])
    for keys in (*RIGHT, *WRONG):
        tree = read_yaml(operation(keys), FILE, Problems())
        assert tree is not None
        assert schema.is_valid(as_json(tree)) == (keys in RIGHT), keys
