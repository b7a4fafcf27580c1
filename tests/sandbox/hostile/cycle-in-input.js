// throws: circular reference
// An input within itself.
function run(input) {
  input.self = input;
  return 1;
}
