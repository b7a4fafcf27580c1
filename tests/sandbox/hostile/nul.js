// answers: "a\u0000b"
// The character that ends texts in C.
function run() {
  console.log("a\0b");
  return "a\0b";
}
