import type { Context } from '../context.js';

export interface Step {
  readonly title: string;
  /** Does the step and gives its result in a few words. `say` takes what happens meanwhile, line by line. */
  readonly run: (say: (line: string) => void) => Promise<string>;
}

/** Runs steps in turn: a list that moves on a terminal, plain lines elsewhere. The first error ends it. */
export async function runSteps(ctx: Context, steps: readonly Step[], { quiet = false } = {}): Promise<void> {
  // A terminal that does not tell its width says 0.
  const isWide = process.stderr.isTTY && process.stderr.columns >= 20;
  const moving = isWide && !ctx.env.CI && ctx.env.TERM !== 'dumb';
  if (moving && !quiet) return runOnTerminal(steps);
  for (const { title, run } of steps) {
    const say = quiet ? () => undefined : (line: string) => ctx.log.info(`  ${line}`);
    if (!quiet) ctx.log.info(title);
    say(await run(say));
  }
}

async function runOnTerminal(steps: readonly Step[]): Promise<void> {
  const { Listr, ListrLogger, ProcessOutput } = await import('listr2');
  // Standard output is for data.
  const processOutput = new ProcessOutput(process.stderr, process.stderr);
  const list = new Listr(
    steps.map(({ title, run }) => ({
      title,
      task: async (_, task) => {
        const result = await run((line) => {
          task.output = line;
        });
        task.title = `${title}: ${result}`;
      },
    })),
    {
      forceTTY: true,
      registerSignalListeners: false,
      rendererOptions: { logger: new ListrLogger({ useIcons: true, processOutput }), showErrorMessage: false },
    },
  );
  await list.run();
}
