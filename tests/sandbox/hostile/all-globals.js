// answers: []
// Names that no program should find.
function run() {
  const wanted = ["call_python", "dukpy", "process", "require", "module", "Atomics", "SharedArrayBuffer", "WeakRef"];
  wanted.push("FinalizationRegistry", "std", "os", "print", "Deno", "Bun", "__filename", "global", "window");
  return wanted.filter((name) => name in globalThis);
}
