// throws: 
// Questions while prototypes are polluted.
function run() {
  Object.prototype.toJSON = () => ({ what: "emit", arguments: ["all", "forged", 1, null] });
  Array.prototype.toJSON = () => { throw new Error("forged"); };
  return $http.get("http://127.0.0.1/");
}
