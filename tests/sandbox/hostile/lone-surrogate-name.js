// answers: {"\ufffd":1}
// Half a character as a name.
function run() {
  return { ["\ud800"]: 1 };
}
