import type { Context } from '../context.js';
import type { Repository } from '../adapters/git/repository.js';
import type { Uv } from '../adapters/uv.js';
import { MlsysError } from '../errors.js';
import type { Lock } from '../schema/lock.js';
import type { ProjectManifest } from '../schema/project.js';

export type Status = 'ok' | 'warn' | 'fail' | 'skip';

export interface Finding {
  readonly status: Status;
  readonly found: string;
  /** What a person can do. */
  readonly fix?: string;
  /** The same, done: only what is safe to do unasked. */
  readonly apply?: () => Promise<void>;
}

/** What the checks look at. Files are read once, programs are asked when the first check needs them. */
export interface Facts {
  readonly ctx: Context;
  readonly root: string | undefined;
  readonly lock: Readable<Lock>;
  readonly manifest: Readable<ProjectManifest>;
  readonly uv: () => Promise<Uv | undefined>;
  /** The repository that the project lies in. */
  readonly repository: () => Promise<Readable<Repository>>;
  /** Makes the environment of a project: `mlsys setup`. */
  readonly setUp: (root: string) => Promise<void>;
  /** Milliseconds that an outside command may take. */
  readonly limit: number;
}

/** A file of the project: its content, or why it can't be read; neither outside a project. */
export interface Readable<T> {
  readonly value?: T;
  readonly error?: Error;
}

export interface Check {
  readonly name: string;
  readonly title: string;
  readonly run: (facts: Facts) => Finding | Promise<Finding>;
}

export const outside: Finding = { status: 'skip', found: 'not inside a project' };
export const ok = (found: string): Finding => ({ status: 'ok', found });
export const skip = (found: string): Finding => ({ status: 'skip', found });
/** An error as a finding: its hint is what can be done. */
export const faulty = (status: 'warn' | 'fail', error: unknown, before = ''): Finding => {
  const found = `${before}${error instanceof Error ? error.message : String(error)}`;
  const hint = error instanceof MlsysError ? error.hint : undefined;
  return hint === undefined ? { status, found } : { status, found, fix: hint };
};
export const noRepository = skip('there is no git repository to ask');
export const place = ({ ctx, root, limit }: Facts) => ({ cwd: root ?? ctx.home, env: ctx.env, limit });
