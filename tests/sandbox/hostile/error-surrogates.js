// throws: half
// An error with half a character.
function run() {
  throw new Error("half \ud800 of it");
}
