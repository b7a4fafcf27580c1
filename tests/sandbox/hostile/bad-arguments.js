// answers: "TypeError"
// Nothing where something is wanted.
function run() {
  try { $http(); } catch (error) { return error.name; }
}
