/**
 * How many cases a property is tried with, and which. CI tries the same ones each time, so that a change does not fail by
 * chance at what it did not touch; elsewhere they are new each time, and MLSYS_TEST_RUNS asks for many more.
 */
export const runs = (): { readonly numRuns: number; readonly seed?: number } => ({
  numRuns: Number(process.env.MLSYS_TEST_RUNS ?? 100),
  ...(process.env.CI !== undefined && process.env.MLSYS_TEST_RUNS === undefined ? { seed: 1 } : {}),
});
