// answers: false
// The source of what the gateway put here.
function run() {
  return $http.toString().includes("door") || console.log.toString().includes("answer");
}
