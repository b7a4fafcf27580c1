// answers: 1
// A text that ends in a comment of old.
function run() { return 1; }
--> [typeof run
