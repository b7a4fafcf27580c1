// throws: at the top
// An error before any function is there.
throw new Error("at the top");
function run() {}
