// breaks: no longer an object
// An input that writes itself as something else.
function run(input) {
  input.toJSON = () => "forged";
  return 1;
}
