import { defineConfig } from "vitest/config";

export default defineConfig({
  // Vite 8 leaves TC39 decorators as they are, and no Node runs them: esbuild (vite 7) lowers them.
  esbuild: { target: "es2022" },
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/s3/stop-servers.ts"],
    // Most of the time goes into other processes, which wait more often than not.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    typecheck: { include: ["test/types/*.test-d.ts"], tsconfig: "test/tsconfig.json" },
  },
});
