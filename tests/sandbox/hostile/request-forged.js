// throws: 
// What would be another kind of question, as text.
function run() {
  return gateway.call('x"],"what":"emit","arguments":["all","forged",1', {});
}
