import { defineConfig } from 'vitest/config';

const project = (name: string, timeout: number) => ({
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    testTimeout: timeout,
    hookTimeout: timeout,
  },
});

export default defineConfig({
  test: {
    projects: [
      project('unit', 20_000),
      project('property', 600_000),
      project('e2e', 120_000),
      project('branches', 3_600_000),
    ],
  },
});
