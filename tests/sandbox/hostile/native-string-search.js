// stops: cpu
// A search for a long text in a longer one.
function run() {
  const text = "a".repeat(2 ** 22);
  let found = 0;
  for (;;) found += text.indexOf("a".repeat(2 ** 21) + "b");
}
