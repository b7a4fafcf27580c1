// answers: 4999
// A function of many thousand lines.
function run() {
  const text = Array.from({ length: 5000 }, (_, index) => `case ${index}: return ${index};`).join("\n");
  return new Function("n", `switch (n) { ${text} }`)(4999);
}
