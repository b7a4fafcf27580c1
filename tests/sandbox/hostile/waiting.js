// stops: time
// A question that takes too long, again and again.
function run() {
  for (let turn = 0; turn < 100; turn += 1) gateway.call("slow", {});
}
