// throws: 
// The function that called this one, by its arguments.
function run() {
  return arguments.callee.caller.toString();
}
