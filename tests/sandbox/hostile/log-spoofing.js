// answers: 1
// A line that looks like several of the server's.
function run() {
  console.log("x\n2026-01-01 ERROR tidegate: forged\r\n\u001b[2Jforged \u2028 \ud800");
  return 1;
}
