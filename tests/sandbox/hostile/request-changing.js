// throws: $http takes
// A question that is another each time it is looked at.
function run() {
  let looked = 0;
  return $http({ method: "GET", get url() { looked += 1; return looked === 1 ? {} : "http://127.0.0.1/"; } });
}
