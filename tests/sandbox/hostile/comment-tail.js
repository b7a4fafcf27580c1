// answers: 1
// A text that ends in a comment.
function run() { return 1; } // and [typeof run
