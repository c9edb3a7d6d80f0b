/** How many cases a property is tried with: many more where somebody asks for them. */
export const runs = (): { readonly numRuns: number } => ({ numRuns: Number(process.env.MLSYS_TEST_RUNS ?? 100) });
