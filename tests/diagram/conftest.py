"""A project with every kind of step, nested, and a secret wherever an author may write a value."""

from __future__ import annotations

from pathlib import Path

import pytest

from tidegate.core.catalog import Catalog
from tidegate.kinds import installed_kinds
from tidegate.schema.compile import compile_project

FILES = {
    "tidegate.yaml": """
name: drawn
roles: [anonymous, customer, support]
auth: { jwt: { algorithms: [HS256], secret: "${JWT_SECRET}" } }
integrations:
  db: { kind: sqlite, file: desk.db }
  mail: { kind: smtp, url: "smtp://secret:secret@mail.example.com", from: secret@example.com }
config: { word: secret }
""",
    "types.graphql": "type Ticket { id: ID! title: String! status: String! }\n",
    "objects/tickets.yaml": """
tickets:
  integration: db
  key: id
  type: Ticket
  access: { read: { customer: all }, create: { customer: all }, update: { support: { status: secret } } }
  actions:
    tidy: { on: before create, js: actions/tidy.ts }
    audit: { on: during create, where: "{{ row.title }} = 'secret'", sql: "delete from secret" }
    thank: { on: after create, email: { use: mail, to: secret@example.com, subject: secret, message: secret } }
    escalate: { on: demand, minRole: support, js: actions/escalate.js }
""",
    "operations/plain.yaml": """
find:
  kind: query
  minRole: customer
  returns: "[Ticket!]!"
  run: { use: tickets, list: { where: { title: secret } } }
raw: { kind: mutation, minRole: support, returns: Int, run: { use: db, sql: "update tickets set title = 'secret'" } }
file:
  kind: mutation
  minRole: customer
  args: { title: String = "secret" }
  returns: Ticket!
  run: { use: tickets, create: { title: $args.title, status: secret } }
close:
  kind: mutation
  minRole: support
  args: { id: ID! }
  returns: Ticket
  run: { use: tickets, update: { where: { id: $args.id }, set: { status: secret } } }
""",
    "operations/functions.yaml": """
everything:
  kind: mutation
  description: Everything there is.
  minRole: support
  args: { id: ID!, level: { type: Int, default: 3 } }
  returns: JSON
  timeout: 2m
  steps:
    - { as: found, use: tickets, list: { where: { status: secret } }, timeout: 1s }
    - as: some
      filter: $found
      if: { $value.status: secret, $args.level: { gte: 3 }, $value.title: { isNull: false } }
    - filter: $found
      do: [ { js: functions/words.js, with: { text: secret } } ]
    - each: $some
      as: done
      mode: batch
      size: 4
      delay: 200ms
      do:
        - try:
            - transaction: db
              do:
                - { use: tickets, update: { where: { id: $value.id }, set: { status: secret } } }
                - { use: tickets, create: { title: secret, status: secret } }
                - try: [ { use: db, sql: "select id from tickets where title = 'secret'" } ]
                  finally: [ { wait: 10ms } ]
          catch:
            - if: { $error.code: CONFLICT }
              then: [ { wait: 1s } ]
              elif:
                - { if: { $error.code: { in: [secret, LIMIT] } }, then: [ { value: secret } ] }
                - { if: { $error.step: { isNull: true } }, then: [ { refuse: "secret {{ error.message }}" } ] }
    - parallel:
        - { as: one, call: close, with: { id: secret }, missing: "secret {{ args.id }}" }
        - - as: two
            python: functions/judge.py
            with: { word: $config.word }
            retry: { times: 3, interval: 100ms, factor: 2 }
          - { value: $two }
        - { each: [secret], mode: parallel, do: [ { value: [secret] } ] }
    - { respond: { one: $one, two: secret }, timeout: 30s }
    - { emitUsers: told, users: $found, data: { word: secret } }
    - { emitRole: told, role: support, data: secret }
    - { emitAll: over }
    - if: $one
      then: [ { return: { one: secret } } ]
      else: [ { return: null } ]
  onError:
    - { return: secret }
""",
    "actions/tidy.ts": "function run(): string { return 'secret'; }",
    "actions/escalate.js": "function run() { return 'secret'; }",
    "functions/words.js": "function run() { return 'secret'; }",
    "functions/judge.py": "def run(input, context):\n    return 'secret'\n",
}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """The project, compiled."""
    folder: Path = tmp_path_factory.mktemp("drawn")
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return compile_project(folder, installed_kinds(), None)
