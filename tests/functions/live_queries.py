"""The project of live functions: queries that read in every way that steps have, and what writes for them."""

from __future__ import annotations

from tests.actions.world import TYPES

PLANNED = """
planned:
  integration: db
  table: tasks
  key: id
  type: Planned
  access: { read: { member: { owner: $currentUser.properties.email }, lead: all } }
"""
FILES = {
    "types.graphql": f"{TYPES}\ntype Planned {{ id: Int! title: String! owner: String }}\n",
    "objects/planned.yaml": PLANNED,
    "functions/count.js": "function run(input) { return input.rows.length; }",
    "functions/ask.js": 'function run(input) { return gateway.call("task", { id: input.id }); }',
    "functions/who.js": "function run(input, context) { return context.currentUser.email; }",
}
FUNCTIONS = """
keyed: { kind: query, minRole: member, args: { id: Int! }, returns: Task, steps: [{ use: tasks, get: { where: { id: $args.id } } }] }
chained:
  kind: query
  minRole: member
  args: { id: Int! }
  returns: "[Entry!]!"
  steps:
    - { as: found, use: tasks, get: { where: { id: $args.id } } }
    - { use: entries, list: { where: { task: $found.points }, orderBy: id } }
calling: { kind: query, minRole: member, args: { id: Int! }, returns: Task, steps: [{ call: keyed, with: { id: $args.id } }] }
deeper: { kind: query, minRole: member, args: { id: Int! }, returns: Task, steps: [{ call: calling, with: { id: $args.id } }] }
onwards:
  kind: query
  minRole: member
  args: { id: Int! }
  returns: Task
  steps:
    - { as: next, value: $args.id }
    - { call: calling, with: { id: $next } }
coded:
  kind: query
  minRole: member
  args: { id: Int! }
  returns: Int
  steps:
    - { as: rows, use: tasks, list: { where: { id: $args.id } } }
    - { js: functions/count.js, with: { rows: $rows } }
asking: { kind: query, minRole: member, args: { id: Int! }, returns: JSON, steps: [{ js: functions/ask.js, with: { id: $args.id } }] }
branched:
  kind: query
  minRole: member
  args: { id: Int! }
  returns: JSON
  steps:
    - { if: { $args.id: 99 }, then: [{ use: entries, count: {} }], else: [{ call: task, with: { id: $args.id } }] }
looped:
  kind: query
  minRole: member
  args: { ids: "[Int!]!" }
  returns: JSON
  steps:
    - { as: found, each: $args.ids, do: [{ call: task, with: { id: $value } }] }
    - { filter: $found, if: $value.title }
joined:
  kind: query
  minRole: member
  returns: JSON
  steps:
    - { as: all, use: entries, list: { orderBy: id } }
    - { each: $all, mode: parallel, do: [{ call: task, with: { id: $value.task } }] }
walking:
  kind: query
  minRole: member
  args: { id: Int! }
  returns: JSON
  steps:
    - { as: found, use: tasks, get: { where: { id: $args.id } } }
    - if: { $found.points: 99 }
      then:
        - { as: left, call: walking, with: { id: $found.points } }
        - { as: right, call: walking, with: { id: $found.points } }
        - { as: more, call: walking, with: { id: $found.points } }
        - { call: walking, with: { id: $args.id } }
    - { value: $found.title }
still: { kind: query, minRole: member, returns: Int, steps: [{ value: 1 }] }
branching:
  kind: query
  minRole: member
  args: { n: Int! }
  returns: Int
  steps:
    - { as: less, value: 0 }
    - if: $args.n
      then:
        - { call: branching, with: { n: $less } }
        - { call: branching, with: { n: $less } }
        - { call: branching, with: { n: $less } }
        - { call: branching, with: { n: $less } }
        - { call: branching, with: { n: $less } }
        - { call: branching, with: { n: $less } }
        - { call: branching, with: { n: $less } }
        - { call: branching, with: { n: $less } }
    - { use: entries, count: {} }
told: { kind: query, minRole: member, returns: String, steps: [{ js: functions/who.js }] }
mineOnly: { kind: query, minRole: member, returns: JSON, steps: [{ use: tasks, list: { orderBy: id } }] }
greeted: { kind: query, minRole: member, returns: JSON, steps: [{ value: "{{ currentUser.email }}" }] }
everybody: { kind: query, minRole: member, returns: Int, steps: [{ use: entries, count: {} }] }
plans: { kind: query, minRole: member, returns: JSON, steps: [{ use: planned, list: { orderBy: id } }] }
plansOfCalled: { kind: query, minRole: member, returns: JSON, steps: [{ call: plans }] }
planOfCaller: { kind: query, minRole: member, returns: JSON, steps: [{ value: $currentUser.properties.plan }] }
planOfCalled: { kind: query, minRole: member, returns: JSON, steps: [{ call: planOfCaller }] }
planAndCount:
  kind: query
  minRole: member
  returns: JSON
  steps: [{ as: n, use: entries, count: {} }, { value: ["$currentUser.properties.plan", $n] }]
quietly: { kind: query, minRole: member, returns: Int, live: false, steps: [{ use: entries, count: {} }] }
slowly: { kind: query, minRole: member, returns: Int, live: { throttle: 400ms }, steps: [{ use: entries, count: {} }] }
failing:
  kind: query
  minRole: member
  returns: Int
  steps:
    - { as: n, use: entries, count: {} }
    - { if: { $n: 1 }, then: [{ refuse: "One is not enough." }] }
    - { value: $n }
twice:
  kind: mutation
  minRole: member
  args: { a: String!, b: String! }
  returns: Int
  steps:
    - { use: entries, create: { text: $args.a } }
    - { use: entries, create: { text: $args.b } }
    - { value: 1 }
together:
  kind: mutation
  minRole: member
  args: { a: String!, b: String! }
  returns: Int
  steps:
    - transaction: db
      do: [{ use: entries, create: { text: $args.a } }, { use: entries, create: { text: $args.b } }, { value: 1 }]
undone:
  kind: mutation
  minRole: member
  args: { a: String! }
  returns: Int
  steps:
    - transaction: db
      do:
        - { use: entries, create: { text: $args.a } }
        - { try: [{ use: entries, create: { text: kept } }, { use: entries, create: { text: $args.a } }], catch: [{ value: 0 }] }
halfway:
  kind: mutation
  minRole: member
  args: { a: String! }
  returns: Int
  steps: [{ use: entries, create: { text: $args.a } }, { refuse: "Not further." }]
later:
  kind: mutation
  minRole: member
  args: { a: String! }
  returns: Int
  steps: [{ respond: 1 }, { use: entries, create: { text: $args.a } }]
named: { kind: mutation, minRole: member, returns: Int, refresh: [still], steps: [{ value: 1 }] }
namedBoth: { kind: mutation, minRole: member, returns: Int, refresh: [auto, still], steps: [{ as: n, use: entries, create: { text: x } }, { value: 1 }] }
"""  # noqa: E501
