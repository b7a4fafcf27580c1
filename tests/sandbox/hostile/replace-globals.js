// answers: 1
// All globals gone.
function run() {
  for (const name of Object.getOwnPropertyNames(globalThis)) {
    try { delete globalThis[name]; } catch {}
    try { globalThis[name] = null; } catch {}
  }
  return 1;
}
