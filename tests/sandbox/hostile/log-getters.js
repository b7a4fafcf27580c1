// answers: 0
// Getters in the log, which are not run.
function run() {
  let ran = 0;
  console.log({ get a() { ran += 1; throw new Error("forged"); } }, [, 1]);
  return ran;
}
