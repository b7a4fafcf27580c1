// stops: cpu
// A loop before any function is there.
for (;;) {}
function run() {}
