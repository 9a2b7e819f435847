import { defineConfig } from "vitest/config";

export default defineConfig({
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  test: {
    environment: "happy-dom",
    include: ["tests/**/*.test.{ts,tsx}"],
    // A document for each file of tests takes longer than the tests.
    isolate: false,
    pool: "threads",
    // On a busy machine whatever it takes.
    testTimeout: 60_000,
  },
});
