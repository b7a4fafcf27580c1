"""A project with a secret in every place that has one, and an ear for those that are let out."""

from __future__ import annotations

import json
import time
from pathlib import Path

import jwt

from tests.integrations.world import Moody
from tests.resolvers.servers import Request
from tidegate.testing.subject import forms_of

SECRETS = {
    "TOKEN_SECRET": "jwt-S3cret/ü long enough for HS256, yes",
    "TOUCH_SECRET": "touch-S3cret-that-is-long-enough-to-be-one",
    "INCOMING_SECRET": "incoming-S3cret-that-is-long-enough-to-be-one",
    "PG_PASSWORD": "pg S3cret/ü&=?",
    "MY_PASSWORD": "my S3cret/&=?",
    "MAIL_PASSWORD": "mail S3cret/ü",
    "CRM_TOKEN": "crm-S3cret+token==",
    "CRM_KEY": "crm S3cret/key&",
    "GRAPH_TOKEN": "graph-S3cret+token",
    "HOOK_PATH": "hook-S3cret-path",
    "HOOK_SIGNING": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "ZAP_PATH": "zap-S3cret-path",
    "HEADER": "header-S3cret-value",
}
PROJECT = """
name: secretive
roles: [anonymous, admin]
limits: { timeout: 30s }
auth:
  jwt: { algorithms: [HS256], secret: "${TOKEN_SECRET}" }
  currentUser: { id: sub, role: role }
touch: { secret: "${TOUCH_SECRET}" }
integrations:
  db: { kind: sqlite, file: desk.db, migrations: migrations }
  pg: { kind: postgres, url: "${PG_URL}" }
  my: { kind: mysql, url: "${MY_URL}" }
  mail: { kind: smtp, url: "${MAIL_URL}", from: desk@example.com, tls: none }
  crm:
    kind: http
    baseUrl: "${CRM_URL}"
    headers: { Authorization: "Bearer ${CRM_TOKEN}", X-Key: "${HEADER}" }
    params: { key: "${CRM_KEY}" }
    timeout: 3s
    poll: 1s
    retries: 1
  graph: { kind: graphql, url: "${CRM_URL}", headers: { Authorization: "Bearer ${GRAPH_TOKEN}" }, timeout: 3s }
  hook: { kind: webhook, url: "${HOOK_URL}", secret: "${HOOK_SIGNING}", headers: { X-Key: "${HEADER}" } }
  zap: { kind: zapier, hook: "${ZAP_URL}" }
"""
OPERATIONS = """
notes: { kind: query, minRole: anonymous, returns: JSON, run: { use: db, sql: select count(*) as n from notes } }
pgRows: { kind: query, minRole: anonymous, returns: JSON, run: { use: pg, sql: select 1 as n } }
pgBad:
  kind: query
  minRole: anonymous
  args: { n: Int! }
  returns: JSON
  run: { use: pg, sql: "select 1 / {{ args.n }} as n" }
myRows: { kind: query, minRole: anonymous, returns: JSON, run: { use: my, sql: select 1 as n } }
myBad: { kind: mutation, minRole: anonymous, returns: Int!, run: { use: my, sql: "insert into things values (null)" } }
customers:
  { kind: query, minRole: anonymous, returns: JSON, run: { use: crm, get: { path: /customers, data: $.items } } }
rename:
  { kind: mutation, minRole: anonymous, returns: JSON, run: { use: crm, post: { path: /customers, body: { id: 2 } } } }
graphs: { kind: query, minRole: anonymous, returns: JSON, run: { use: graph, query: "{ customers { id } }" } }
send:
  kind: mutation
  minRole: anonymous
  returns: Boolean!
  run: { use: mail, send: { to: a@example.com, subject: s, message: m } }
tell:
  kind: mutation
  minRole: anonymous
  returns: Boolean!
  steps: [{ use: hook, trigger: { id: 1 } }, { use: zap, trigger: { id: 1 } }, { return: true }]
all:
  kind: mutation
  minRole: anonymous
  returns: JSON
  webhook: { path: in, secret: "${INCOMING_SECRET}", signature: token, header: x-token }
  steps:
    - { as: pg, call: pgRows }
    - { as: my, call: myRows }
    - { as: graphs, try: [{ call: graphs }], catch: [{ value: $error.message }] }
    - { call: tell }
    - { call: send }
    - { as: customers, call: customers }
    - { return: { pg: $pg, my: $my, customers: $customers } }
"""
NAMES = ("notes", "pgRows", "pgBad(n: 0)", "myRows", "customers", "graphs")
WRITES = ("myBad", "rename", "send", "tell", "all")


class Said:
    """Everything that was let out, with where that was."""

    def __init__(self) -> None:
        self.texts: list[tuple[str, str]] = []

    def hear(self, where: str, what: object) -> None:
        self.texts.append((where, what.decode(errors="replace") if isinstance(what, bytes) else str(what)))

    def leaks(self) -> list[str]:
        forms = {form: name for name, secret in SECRETS.items() for form in forms_of(secret)}
        # Whoever knows the word that all of them hold has found a form that nobody thought of.
        forms["S3cret"] = "any"
        return sorted({f"{forms[form]} in {where}" for where, text in self.texts for form in forms if form in text})


class Indiscreet(Moody):
    """Says in each failure what it was told."""

    async def _answer(self, request: Request) -> None:
        if self.mood == "tells":
            told = json.dumps({"errors": [{"message": f"{request.target} {request.headers}"}]}).encode()
            request.answer(told, 500, content_type="application/json", x_told=request.headers.get("authorization", ""))
        else:
            await super()._answer(request)


def write(folder: Path) -> Path:
    files = {
        "tidegate.yaml": PROJECT,
        "operations/all.yaml": OPERATIONS,
        "migrations/0001_tables.sql": "create table notes (id integer primary key);",
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def token() -> dict[str, str]:
    claims = {"sub": "1", "role": "admin", "exp": int(time.time()) + 600}
    return {"authorization": f"Bearer {jwt.encode(claims, SECRETS['TOKEN_SECRET'], 'HS256')}"}
