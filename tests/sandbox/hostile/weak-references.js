// answers: ["undefined","undefined"]
// What tells when memory is collected.
function run() {
  return [typeof WeakRef, typeof FinalizationRegistry];
}
