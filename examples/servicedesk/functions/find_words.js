// Which words of a text sound as if somebody were in trouble now.
const ALARMING = ["breach", "cannot", "down", "lost", "outage", "stolen", "urgent"];

function run(input) {
  const words = _.uniq(_.words(String(input.text).toLowerCase()));
  return { count: words.length, alarming: _.intersection(words, ALARMING) };
}
