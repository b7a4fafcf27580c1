// answers: 5
// Something that only looks like a promise.
function run() {
  return { then(resolve, reject) { resolve(5); resolve(6); reject(new Error("late")); throw new Error("later"); } };
}
