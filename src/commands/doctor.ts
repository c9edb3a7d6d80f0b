import type { Context } from '../context.js';
import { outside } from '../doctor/check.js';
import { gatherFacts } from '../doctor/facts.js';
import { type Checked, runChecks } from '../doctor/index.js';
import { MlsysError } from '../errors.js';
import { dataOfChecks, renderChecks, summariseChecks } from '../ui/doctor.js';
import { setupProject } from './setup.js';

export interface DoctorOptions {
  readonly json?: boolean;
  readonly fix?: boolean;
}

export async function doctorCommand(ctx: Context, { json = false, fix = false }: DoctorOptions): Promise<number> {
  const look = (): Promise<Checked[]> => runChecks(gatherFacts(ctx, (root) => setupProject(ctx, root)));
  const first = await look();
  const results = fix && (await mend(ctx, first)) ? await look() : first;
  if (json) ctx.print(JSON.stringify(dataOfChecks(results), null, 2));
  else {
    ctx.print(renderChecks(results, outside));
    ctx.log.info(summariseChecks(results));
  }
  return results.some(({ finding }) => finding.status === 'fail') ? 1 : 0;
}

/** Mends one thing after the other; what fails does not keep the rest from it. Says whether there was anything. */
async function mend(ctx: Context, results: readonly Checked[]): Promise<boolean> {
  let mended = false;
  for (const { check, finding } of results) {
    if (finding.apply === undefined) continue;
    mended = true;
    ctx.log.info(`${check.title}: ${finding.fix ?? finding.found}`);
    try {
      await finding.apply();
    } catch (error) {
      if (!(error instanceof MlsysError)) throw error;
      ctx.log.warn([error.message, ...error.details, error.hint ?? ''].join('\n  ').trimEnd());
    }
  }
  return mended;
}
