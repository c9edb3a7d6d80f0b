import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { arch } from 'node:process';
import type { Context } from '../context.js';
import { capture, programsOnPath } from './exec.js';

export type AcceleratorChoice = 'auto' | 'cpu' | 'cuda' | 'mps';

export interface Accelerator {
  readonly kind: 'cuda' | 'mps' | 'none';
  /** What it is, for a person. */
  readonly name: string;
}

const nvidiaFolder = '/proc/driver/nvidia';

/** The accelerator of this machine. The kernel's own files answer at once where they are there; nvidia-smi may take a second. */
export async function findAccelerator(ctx: Context, limit = 2_000): Promise<Accelerator> {
  if (ctx.platform === 'darwin') {
    return arch === 'arm64' ? { kind: 'mps', name: 'Apple silicon' } : { kind: 'none', name: 'none' };
  }
  const fromKernel = ctx.platform === 'linux' ? nvidiaFromKernel(nvidiaFolder) : undefined;
  const name = fromKernel ?? (await nvidiaFromProgram(ctx, limit));
  return name === undefined ? { kind: 'none', name: 'none' } : { kind: 'cuda', name };
}

/** The cards that the Linux driver knows. A container can see the driver and have no card. */
export function nvidiaFromKernel(folder: string): string | undefined {
  const cards = join(folder, 'gpus');
  if (!existsSync(cards)) return undefined;
  const models = readdirSync(cards).flatMap((card) => {
    const file = join(cards, card, 'information');
    const model = existsSync(file) ? /^Model:\s*(.+?)\s*$/m.exec(readFileSync(file, 'utf8'))?.[1] : undefined;
    return model === undefined ? [] : [model];
  });
  const version = join(folder, 'version');
  const driver = existsSync(version) ? / (\d{3,}\.\d+(?:\.\d+)?) /.exec(readFileSync(version, 'utf8'))?.[1] : undefined;
  return models.length === 0 ? undefined : describe(models, driver);
}

async function nvidiaFromProgram(ctx: Context, limit: number): Promise<string | undefined> {
  const [program] = programsOnPath(ctx.env, ctx.platform, 'nvidia-smi');
  if (program === undefined) return undefined;
  const query = ['--query-gpu=name,driver_version', '--format=csv,noheader'];
  const { exitCode, stdout } = await capture(program, query, { cwd: ctx.home, env: ctx.env, limit });
  const rows = stdout.split('\n').map((row) => row.split(',').map((cell) => cell.trim()));
  const models = rows.flatMap(([model]) => (model === undefined || model === '' ? [] : [model]));
  return exitCode !== 0 || models.length === 0 ? undefined : describe(models, rows[0]?.[1]);
}

function describe(models: readonly string[], driver: string | undefined): string {
  const counted = [...new Set(models)].map((model) => {
    const count = models.filter((other) => other === model).length;
    return count === 1 ? model : `${count} × ${model}`;
  });
  return `${counted.join(', ')}${driver === undefined ? '' : `, driver ${driver}`}`;
}

/** What to offer on this machine. On Linux PyTorch for the CPU alone is a fifth of the download, elsewhere it is the same. */
export async function proposeAccelerator(ctx: Context): Promise<AcceleratorChoice> {
  const { kind } = await findAccelerator(ctx);
  if (kind !== 'none') return kind;
  return ctx.platform === 'linux' ? 'cpu' : 'auto';
}

/** Whether a server answers, with whatever status: only that it can be talked to is asked. */
export async function reachable(url: string, timeoutMs: number): Promise<boolean> {
  try {
    const response = await fetch(url, { method: 'HEAD', signal: AbortSignal.timeout(timeoutMs) });
    return response.status < 500;
  } catch {
    return false;
  }
}
