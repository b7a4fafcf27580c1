// answers: {"a":1}
// Properties for all objects.
function run() {
  Object.prototype.value = "polluted";
  Object.prototype.failure = { message: "forged" };
  Object.prototype.error = { name: "Forged", message: "forged" };
  Object.prototype.status = 500;
  return { a: 1 };
}
