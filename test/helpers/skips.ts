import { expect } from 'vitest';

/** What may skip in CI, by the words of pytest: what its machine can't have, and what is run apart. All else must be there. */
const intended = [
  /: this user may write everywhere$/, // the user is root
  /: kubectl is not installed$/,
  /\/agents\/sandbox\/\w+\.py:\d+: (kernel|namespaces): /, // what a container lets nobody do
  /\/agents\/sandbox\/\w+\.py:\d+: container: .* names no image\b/, // there is no engine
  /: the extra docs is not installed: /, // `make docs` is run in the tests of commands
  /: needs `uv sync --extra (evidently|expectations)`$/, // by the task features-extras
  /: SCIPY_ARRAY_API is not set: /, // a check of scikit-learn for arrays that are not those of NumPy
  // Frameworks with environments of their own, and what takes larger machines.
  /: (AG2|AutoGen|CrewAI|Semantic Kernel) is not installed$/,
  /: Guidance is not installed: /,
  /: DeepSpeed is not installed: /,
  /: the extra ray is not installed: /,
];

/** The tests that pytest skipped and was not expected to, with their reasons: `.ci/run` installs what they need. */
export function unexpectedSkips(output: string, expected: readonly RegExp[] = intended): string[] {
  const skipped = [...output.matchAll(/^SKIPPED \[\d+\] (.+)$/gm)].map(([, line = '']) => line.trim());
  return skipped.filter((line) => !expected.some((reason) => reason.test(line)));
}

/** Fails where CI skipped what it must run; a person's machine may lack programs. */
export function skipsNothingElse(output: string, expected?: readonly RegExp[]): void {
  if (process.env.CI) expect(unexpectedSkips(output, expected)).toEqual([]);
}
