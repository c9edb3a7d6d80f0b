import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findAccelerator } from '../adapters/accelerator.js';
import { environmentFolder } from '../adapters/environment.js';
import { type Check, type Facts, type Finding, ok, outside, skip } from './check.js';

/** The oldest NVIDIA driver that serves any release of one major version of CUDA (minor-version compatibility). */
const oldestDrivers: ReadonlyMap<number, number> = new Map([
  [11, 450],
  [12, 525],
  [13, 580],
]);

interface Build {
  readonly version: string;
  /** The CUDA that it was built with; none for a build for the CPU. */
  readonly cuda: string | undefined;
  readonly rocm: boolean;
}

/** What PyTorch says of itself in a file: importing it would take seconds. */
export function parseBuild(text: string): Build | undefined {
  const value = (name: string): string | undefined =>
    new RegExp(`^${name}\\b[^=\\n]*=\\s*['"]([^'"]+)['"]`, 'm').exec(text)?.[1];
  const version = value('__version__');
  return version === undefined ? undefined : { version, cuda: value('cuda'), rocm: value('hip') !== undefined };
}

function findBuild(folder: string): Build | undefined {
  const lib = join(folder, 'lib');
  const unix = existsSync(lib) ? readdirSync(lib).map((name) => join(lib, name)) : [];
  const file = [...unix, join(folder, 'Lib')]
    .map((parent) => join(parent, 'site-packages', 'torch', 'version.py'))
    .find((path) => existsSync(path));
  return file === undefined ? undefined : parseBuild(readFileSync(file, 'utf8'));
}

export const torch: Check = {
  name: 'torch',
  title: 'PyTorch',
  run: async (facts) => {
    const { ctx, root, limit } = facts;
    if (root === undefined) return outside;
    const build = findBuild(environmentFolder(root, ctx.env));
    if (build === undefined) return skip('not in the environment');
    const { kind, name } = await findAccelerator(ctx, Math.min(limit, 900));
    if (kind === 'cuda') return judgeCuda(facts, build, name);
    const device = kind === 'mps' ? 'MPS' : 'the CPU';
    return ok(`${build.version}, computes on ${device}`);
  },
};

function judgeCuda({ lock }: Facts, { version, cuda, rocm }: Build, card: string): Finding {
  if (rocm) return ok(`${version}, for ROCm`);
  if (cuda === undefined) {
    const answer = lock.value?.answers.accelerator;
    if (answer === 'cpu') return ok(`${version}, for the CPU as chosen`);
    return {
      status: 'warn',
      found: `${version} is built for the CPU alone, and this machine has ${card}`,
      fix: answer === undefined ? 'mlsys setup' : 'mlsys configure accelerator=cuda, then mlsys setup',
    };
  }
  const driver = /\bdriver (\d+)[.\d]*$/.exec(card)?.[1];
  const oldest = oldestDrivers.get(Number.parseInt(cuda, 10));
  if (driver === undefined || oldest === undefined || Number(driver) >= oldest) return ok(`${version}, CUDA ${cuda}`);
  return {
    status: 'fail',
    found: `${version} needs CUDA ${cuda}, and driver ${driver} is older than ${oldest}`,
    fix: `update the NVIDIA driver to ${oldest} or newer: https://www.nvidia.com/drivers`,
  };
}
