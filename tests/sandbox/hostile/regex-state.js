// answers: true
// An expression whose state is not what it was.
function run() {
  const regex = /a/g;
  regex.lastIndex = { valueOf() { regex.compile?.("b", "y"); return 0; } };
  try { regex.exec("aaa"); } catch {}
  return true;
}
