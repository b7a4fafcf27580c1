// answers: "undefined undefined undefined undefined undefined undefined"
// What QuickJS brings when it is a program of its own.
function run() {
  return [typeof std, typeof os, typeof print, typeof scriptArgs, typeof gc, typeof bjson].join(" ");
}
