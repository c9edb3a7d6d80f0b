import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import semver from 'semver';
import type { Context } from '../context.js';
import { MlsysError } from '../errors.js';

/** The folder of a published release of mlsys, with its templates; fetched with npm once and kept in the cache. */
export async function fetchRelease(ctx: Context, version: string): Promise<string> {
  if (semver.valid(version) === null) {
    throw new MlsysError('template', `${JSON.stringify(version.slice(0, 40))} is no version of mlsys`);
  }
  const target = join(ctx.cacheDir, 'releases', version);
  if (existsSync(join(target, 'package.json'))) return target;
  const staging = `${target}.${process.pid}`;
  mkdirSync(staging, { recursive: true });
  try {
    await execa('npm', ['pack', '--silent', '--pack-destination', staging, `mlsys@${version}`], {
      cwd: staging,
      env: ctx.env,
      stdin: 'ignore',
    });
    const archive = readdirSync(staging).find((name) => name.endsWith('.tgz')) ?? '';
    await execa('tar', ['-xzf', archive], { cwd: staging, stdin: 'ignore' });
    mkdirSync(dirname(target), { recursive: true });
    renameSync(join(staging, 'package'), target);
  } catch (error) {
    throw new MlsysError('network', `the release ${version} of mlsys can't be fetched from npm`, {
      hint: 'check the network, or that this version was published',
      cause: error,
    });
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
  return target;
}
