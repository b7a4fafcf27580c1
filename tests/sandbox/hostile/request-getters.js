// throws: from a getter
// A question with getters.
function run() {
  return $http({ method: "GET", get url() { throw new Error("from a getter"); } });
}
