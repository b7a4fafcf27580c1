import { defineConfig } from "vitest/config";

// A real gateway is started for each file, on machines that do other things besides.
export default defineConfig({
  test: { testTimeout: 120_000, hookTimeout: 120_000, fileParallelism: false, include: ["tests/**/*.test.{ts,tsx}"] },
});
