// answers: 1
// A promise that is settled twice.
function run() {
  return new Promise((resolve, reject) => { resolve(1); reject(new Error("late")); resolve(2); });
}
