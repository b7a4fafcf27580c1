// answers: "second"
// A function that is defined twice.
function run() { return "first"; }
function run() { return "second"; }
