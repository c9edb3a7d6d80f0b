import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { operationInProgress, type Repository } from '../adapters/git/repository.js';
import { runGit } from '../adapters/git/run.js';
import type { Facts } from './check.js';

/** A file of mlsys' own, and what reads it: throws where the text will not do. */
interface OwnFile {
  readonly path: string;
  readonly parse: (text: string) => unknown;
}

/**
 * What puts a lost or damaged file back as HEAD has it; nothing where HEAD's is no better, or where git is in the middle of
 * something that may be about this very file.
 */
export async function restoreFromHead(facts: Facts, file: OwnFile): Promise<(() => Promise<void>) | undefined> {
  const { value: repository } = await facts.repository();
  const { root } = facts;
  if (repository === undefined || root === undefined || operationInProgress(repository) !== undefined) return undefined;
  const spec = `HEAD:${repository.prefix}${file.path}`;
  const { exitCode, stdout } = await runGit(['cat-file', 'blob', spec], { ...repository.call, accept: [128] });
  if (exitCode !== 0 || !reads(file, stdout.toString())) return undefined;
  return async () => restore(repository, join(root, file.path), { file, text: stdout.toString() });
}

interface Restoration {
  readonly file: OwnFile;
  readonly text: string;
}

/** The damaged text is kept: a person may have put something into it by hand. */
function restore({ gitDir }: Repository, path: string, { file, text }: Restoration): void {
  if (existsSync(path)) {
    // Another fix, such as going back from an interrupted command, may have brought it back.
    if (reads(file, readFileSync(path, 'utf8'))) return;
    const copy = join(gitDir, 'mlsys', 'rescued', file.path);
    mkdirSync(dirname(copy), { recursive: true });
    copyFileSync(path, copy);
  }
  const staging = `${path}.new`;
  writeFileSync(staging, text);
  renameSync(staging, path);
}

function reads({ parse }: OwnFile, text: string): boolean {
  try {
    parse(text);
    return true;
  } catch {
    return false;
  }
}
