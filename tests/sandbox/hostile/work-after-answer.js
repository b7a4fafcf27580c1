// answers: 1
// Work that goes on after the answer was given.
function run() {
  let turns = 0;
  const again = () => { turns += 1; if (turns < 1000) queueMicrotask(again); };
  again();
  return 1;
}
