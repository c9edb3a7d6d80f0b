import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { type Context, ownVersion } from '../../src/context.js';

export const packageRoot = fileURLToPath(new URL('../..', import.meta.url));

/** A folder that is gone after the test. */
export function temporaryFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'mlsys-test-')));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
  return folder;
}

export interface TestContext extends Context {
  /** What was printed as data, line by line. */
  readonly out: string[];
  /** What was logged; warnings begin with `warning: `. */
  readonly err: string[];
}

/** A context of its own folders, which keeps what a command says. */
export function testContext(overrides: Partial<Context> = {}): TestContext {
  const out: string[] = [];
  const err: string[] = [];
  const home = temporaryFolder();
  return {
    cwd: home,
    env: process.env,
    platform: process.platform,
    home: homedir(),
    cacheDir: join(home, 'cache'),
    configDir: join(home, 'config'),
    packageRoot,
    version: ownVersion(packageRoot),
    print: (text) => void out.push(...text.split('\n')),
    log: { info: (text) => void err.push(text), warn: (text) => void err.push(`warning: ${text}`) },
    interactive: false,
    now: () => new Date('2026-01-02T03:04:05Z'),
    onInterrupt: () => () => undefined,
    out,
    err,
    ...overrides,
  };
}
