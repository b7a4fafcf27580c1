// throws: nobody looked
// A promise that is rejected behind the answer.
function run() {
  Promise.reject(new Error("nobody looked"));
  return 1;
}
