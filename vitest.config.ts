import { relative } from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const project = (name: string, timeout: number) => ({
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    testTimeout: timeout,
    hookTimeout: timeout,
  },
});

/** Files that take minutes, longest first: one that is begun last keeps a single core busy while all others have ended. */
const long = [
  'branches/own/llm-finetuning',
  'branches/together',
  'branches/commands',
  'branches/llm-finetuning',
  'branches/mapper',
  'branches/own/agentic',
  'branches/own/chalk',
  'branches/gates',
  'branches/readme',
  'branches/removal',
  'property/engine',
].map((name) => `test/${name}.test.ts`);

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification) => {
      const at = long.indexOf(relative(this.ctx.config.root, moduleId).replaceAll('\\', '/'));
      return at < 0 ? long.length : at;
    };
    return (await super.sort(files)).sort((a, b) => place(a) - place(b));
  }
}

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      project('unit', 120_000),
      project('property', 600_000),
      project('e2e', 600_000),
      project('branches', 3_600_000),
    ],
  },
});
