function run(input, context) { return { level: context.parameters.level }; }
