// answers: ["\ufffd","\ufffda","\ud83d\ude00","\\ud800"]
// Halves of characters.
function run() {
  return ["\ud800", "\udc00a", "\ud83d\ude00", "\\ud800"];
}
