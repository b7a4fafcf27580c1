function run(input) {
  console.log(`looking at ${input.text.length} characters`);
  return input.text.split(" ");
}
