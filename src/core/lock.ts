import { MlsysError } from '../errors.js';
import { type Lock, lock, lockPath, lockSchemaVersion } from '../schema/lock.js';

/** What helps where the lock is missing or damaged. */
export const restoreLock = `restore it with \`git checkout HEAD -- ${lockPath}\`; if HEAD has no whole one: \`mlsys adopt\``;

/** Reads the text of a lock; `where` names the file in errors. */
export function parseLock(text: string, where: string = lockPath): Lock {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const marked = /^<{7} /m.test(text);
    throw new MlsysError('lock', `${where} is no valid JSON${marked ? ': it holds conflict markers' : ''}`, {
      hint: marked
        ? 'take either side of it (`git checkout --ours` or `--theirs`), then run the command again'
        : restoreLock,
      cause: error,
    });
  }
  const schema = (value as { schema?: unknown } | null)?.schema;
  if (typeof schema === 'number' && schema > lockSchemaVersion) {
    throw new MlsysError(
      'lock',
      `${where} was written by a newer mlsys (schema ${schema}, this one knows ${lockSchemaVersion})`,
      {
        hint: 'update mlsys: npm install -g mlsys@latest',
      },
    );
  }
  const result = lock.safeParse(value);
  if (result.success) return result.data;
  throw new MlsysError('lock', `${where} is damaged`, {
    details: result.error.issues.slice(0, 5).map((issue) => `${issue.path.join('.')}: ${issue.message}`),
    hint: restoreLock,
  });
}
