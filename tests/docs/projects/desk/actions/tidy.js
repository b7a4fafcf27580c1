function run(input) { input.title = input.title.trim(); }
