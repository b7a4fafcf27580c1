// exceeds: A request to the gateway has more than
// A question of two megabytes.
function run() {
  return $http.post("http://127.0.0.1/", "x".repeat(2 * 1024 * 1024));
}
