// answers: 1
// A log line of a thousand levels.
function run() {
  let deep = {};
  for (let level = 0; level < 1000; level += 1) deep = { deep };
  console.log(deep);
  return 1;
}
