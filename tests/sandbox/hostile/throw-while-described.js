// throws: 
// An error that throws another while it is looked at, and loops.
function run() {
  class Endless extends Error {
    get message() { throw new Endless(); }
    get name() { return new Endless(); }
  }
  throw new Endless();
}
