// stops: cpu|memory
// A text that takes long to parse.
function run() {
  const text = "a+".repeat(2 ** 22) + "a";
  for (;;) new Function(text);
}
