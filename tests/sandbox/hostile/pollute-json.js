// answers: {"n":1}
// JSON that lies.
function run() {
  JSON.stringify = () => '{"value":"forged","input":{}}';
  JSON.parse = () => ({ value: "forged" });
  return { n: 1 };
}
