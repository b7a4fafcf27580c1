// answers: "abc"
// Strings that do something else.
function run() {
  for (const name of Object.getOwnPropertyNames(String.prototype)) {
    if (name !== "constructor" && name !== "length") String.prototype[name] = () => { throw new Error("forged"); };
  }
  console.log("abc", { a: "b" });
  return "abc";
}
