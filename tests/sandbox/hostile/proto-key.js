// answers: {"kept":null}
// __proto__ as a name in JSON.
function run() {
  const parsed = JSON.parse('{"__proto__": {"polluted": true}}');
  return { kept: {}.polluted ?? null, ...Object.fromEntries([]) };
}
